// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace arcform {

/// A small map that is built once and then gone through again and again: like std::map, with its
/// entries side by side, so that the next one is not somewhere else in memory. What is put in the
/// middle moves all that is behind it: pointers and iterators do not survive a change.
template <class Key, class Value>
class SortedMap {
 public:
  using key_type = Key;
  using mapped_type = Value;
  using value_type = std::pair<Key, Value>;
  using iterator = typename std::vector<value_type>::iterator;
  using const_iterator = typename std::vector<value_type>::const_iterator;

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  iterator begin() { return entries_.begin(); }
  iterator end() { return entries_.end(); }
  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }

  /// The first entry whose key is not before `key`, which is anything that compares with a Key.
  template <class Like>
  const_iterator lower_bound(const Like& key) const {
    return std::lower_bound(
        entries_.begin(), entries_.end(), key,
        [](const value_type& entry, const Like& wanted) { return entry.first < wanted; });
  }
  template <class Like>
  const_iterator find(const Like& key) const {
    const auto found = lower_bound(key);
    return found != end() && found->first == key ? found : end();
  }
  /// Only when it is there.
  template <class Like>
  const Value& at(const Like& key) const {
    return find(key)->second;
  }

  /// false: there is one of that key already, which is left.
  std::pair<iterator, bool> emplace(Key key, Value value) {
    const iterator place = entries_.begin() + (lower_bound(key) - entries_.cbegin());
    if (place != entries_.end() && place->first == key) {
      return {place, false};
    }
    return {entries_.emplace(place, std::move(key), std::move(value)), true};
  }
  Value& operator[](const Key& key) {
    const auto found = find(key);
    return found == end() ? emplace(key, Value()).first->second
                          : entries_[static_cast<std::size_t>(found - begin())].second;
  }
  template <class Like>
  void erase(const Like& key) {
    if (const auto found = find(key); found != end()) {
      entries_.erase(found);
    }
  }
  void clear() { entries_.clear(); }
  void shrink_to_fit() { entries_.shrink_to_fit(); }

  bool operator==(const SortedMap&) const = default;

 private:
  std::vector<value_type> entries_;
};

}  // namespace arcform

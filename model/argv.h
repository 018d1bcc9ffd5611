// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace arcform {

/// The command line of a process, as /proc/PID/cmdline has it: one text in which a NUL ends every
/// word. (No word holds one: execve(2) takes C strings.) There is one per cache node, and as a list
/// of strings it would be the largest part of what is observed.
class Argv {
 public:
  /// Goes through the words.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator() = default;
    /// `at`: where a word begins; behind the last one there is another NUL.
    explicit Iterator(const char* at) : word_(at) {}
    std::string_view operator*() const { return word_; }
    const std::string_view* operator->() const { return &word_; }
    Iterator& operator++() {
      word_ = word_.data() + word_.size() + 1;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const Iterator& other) const { return word_.data() == other.word_.data(); }

   private:
    std::string_view word_;
  };
  using const_iterator = Iterator;

  Argv() = default;
  Argv(std::initializer_list<std::string_view> words) : Argv(words.begin(), words.end()) {}
  Argv(const std::vector<std::string>& words) : Argv(words.begin(), words.end()) {}
  /// Of the content of a cmdline file. A process that has written over its own may have left the
  /// last word without its end.
  static Argv of(std::string_view cmdline);

  bool empty() const { return text_.empty(); }
  Iterator begin() const { return Iterator(text_.c_str()); }
  Iterator end() const { return Iterator(text_.c_str() + text_.size()); }
  /// The program. Only when not empty.
  std::string_view front() const { return *begin(); }
  /// Only when not empty.
  std::string_view back() const { return text_.c_str() + text_.rfind('\0', text_.size() - 2) + 1; }
  /// The word behind the last one that is `flag`; empty: there is none.
  std::string_view behind(std::string_view flag) const;
  std::vector<std::string> words() const { return {begin(), end()}; }

  bool operator==(const Argv&) const = default;

 private:
  template <class It>
  Argv(It first, It last) {
    std::size_t size = 0;
    for (It word = first; word != last; ++word) {
      size += word->size() + 1;
    }
    text_.reserve(size);
    for (It word = first; word != last; ++word) {
      (text_ += *word) += '\0';
    }
  }

  std::string text_;
};

}  // namespace arcform

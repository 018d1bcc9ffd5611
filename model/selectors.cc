// SPDX-License-Identifier: Apache-2.0
// Reading selectors, and whether they name something.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "model/nearest.h"
#include "model/select.h"

namespace arcform {
namespace {

constexpr const char* kPrefixes[] = {"cloud:", "host:", "node:"};

std::string node_text(const Selector& selector, const DesiredState& desired) {
  const std::size_t colon = selector.name.rfind(':');
  const DesiredHost* const host = desired.host(selector.name.substr(0, colon));
  return selector.kind != Selector::Kind::node || host == nullptr
             ? text_of(selector)
             : "node:" + host->address + selector.name.substr(colon);
}

/// `text` has another kind of name than it says, or none; what to do about it.
std::string advice_for(const Selector& selector, const std::vector<std::string>& known) {
  const std::string text = text_of(selector);
  std::vector<std::string_view> same;
  const std::string prefix = kPrefixes[static_cast<std::size_t>(selector.kind)];
  for (const std::string& word : known) {
    if (word.substr(word.find(':') + 1) == selector.name) {
      return fmt::format("did you mean {}?", word);
    }
    if (word.starts_with(prefix)) {
      same.push_back(std::string_view(word).substr(prefix.size()));
    }
  }
  if (const std::string_view guess = nearest(selector.name, same); !guess.empty()) {
    return fmt::format("did you mean {}{}?", prefix, guess);
  }
  return "`arcform status` lists what there is";
}

}  // namespace

Result<Selector> parse_selector(std::string_view text) {
  for (std::size_t kind = 0; kind < std::size(kPrefixes); ++kind) {
    const std::string_view prefix = kPrefixes[kind];
    if (text.starts_with(prefix) && text.size() > prefix.size()) {
      Selector selector{static_cast<Selector::Kind>(kind), std::string(text.substr(prefix.size()))};
      const bool good = selector.kind == Selector::Kind::cloud  ? is_service_code(selector.name)
                        : selector.kind == Selector::Kind::host ? is_host_name(selector.name)
                                                                : selector.name.rfind(':') + 1 > 1;
      if (good) {
        return selector;
      }
    }
  }
  return Error{
      ErrorCode::invalid_argument,
      fmt::format("\"{}\" selects nothing; write cloud:NAME, host:NAME or node:ADDRESS, for "
                  "example node:10.0.0.1:11211",
                  printable(text, 100))};
}

std::string text_of(const Selector& selector) {
  return kPrefixes[static_cast<std::size_t>(selector.kind)] + selector.name;
}

std::vector<std::string> selectable(const DesiredState& desired, const ObservedState& observed) {
  std::set<std::string> clouds;
  std::set<std::string> hosts;
  std::set<Endpoint> nodes;
  for (const DesiredHost& host : desired.hosts) {
    hosts.insert(host.name);
  }
  for (const DesiredCloud& cloud : desired.clouds) {
    clouds.insert(cloud.service_code);
    for (const DesiredNode& node : cloud.nodes) {
      nodes.insert(node.endpoint);
    }
  }
  if (const TreeFacts* const tree = observed.tree.get()) {
    clouds.insert(tree->record.claims.begin(), tree->record.claims.end());
    for (const auto& [name, record] : tree->record.hosts) {
      hosts.insert(name);
    }
    for (const ObservedMapping& mapping : tree->mappings) {
      const bool ours = std::any_of(mapping.service_codes.begin(), mapping.service_codes.end(),
                                    [&](const std::string& code) { return clouds.contains(code); });
      if (ours) {
        nodes.insert(mapping.node);
      }
    }
  }
  std::vector<std::string> out;
  for (const std::string& code : clouds) {
    out.push_back("cloud:" + code);
  }
  for (const std::string& host : hosts) {
    out.push_back("host:" + host);
  }
  for (const Endpoint node : nodes) {
    out.push_back("node:" + node.text());
  }
  return out;
}

Result<void> check_selector(const Selector& selector, const DesiredState& desired,
                            const ObservedState& observed) {
  const std::vector<std::string> known = selectable(desired, observed);
  if (std::find(known.begin(), known.end(), node_text(selector, desired)) != known.end()) {
    return {};
  }
  return Error{
      ErrorCode::invalid_argument,
      fmt::format("{}: neither the spec nor ZooKeeper{} knows it; {}", printable(text_of(selector)),
                  observed.tree.is_present() ? "" : " (not readable now)",
                  advice_for(selector, known))};
}

Result<void> check_selectors(const std::vector<Selector>& only, const DesiredState& desired,
                             const ObservedState& observed) {
  for (const Selector& selector : only) {
    if (const Result<void> known = check_selector(selector, desired, observed); !known) {
      return Error{known.error().code, "--only " + known.error().message};
    }
  }
  return {};
}

}  // namespace arcform

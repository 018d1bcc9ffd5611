// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/arcus_names.h"

#include <fmt/format.h>

namespace arcform::stock {

std::string NodeName::znode() const {
  return fmt::format("{}:{}-{}", ip, port, hostname);
}

std::array<std::string, 3> NodeName::mapping_keys() const {
  return {fmt::format("{}:{}", ip, port), fmt::format("{}:{}", hostname, port), ip};
}

Outcome<std::string> service_code(const std::vector<std::string>& children, std::string_view path) {
  if (children.size() != 1) {
    return Failure{kExitMembership,
                   fmt::format("The server mapping exists but has {}(!= 1) mapping znodes. "
                               "zpath={}",
                               children.size(), path)};
  }
  const std::string& child = children.front();
  // The server's splitter gives up on an empty first field and then uses the whole name.
  const std::size_t cut = child.find('^');
  std::string code = cut == 0 ? child : child.substr(0, cut);
  if (code.size() > kMaxServiceCode) {
    return Failure{kExitMembership, fmt::format("Too long service code. service_code={}", code)};
  }
  return code;
}

std::vector<EnsembleMember> split_ensemble(std::string_view list) {
  std::vector<EnsembleMember> members;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view member = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (member.empty()) {
      continue;
    }
    const std::size_t colon = member.find(':');
    if (colon == std::string_view::npos) {
      members.push_back({std::string(member), ""});
    } else {
      members.push_back(
          {std::string(member.substr(0, colon)), std::string(member.substr(colon + 1))});
    }
  }
  return members;
}

std::string znode_data(int memory_mb) {
  return fmt::format("{}MB", memory_mb);
}

}  // namespace arcform::stock

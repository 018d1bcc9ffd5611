// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "model/membership.h"

namespace arcform {
namespace {

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
    line.remove_suffix(1);
  }
  return line;
}

/// "10.0.0.1:2888:3888:participant;0.0.0.0:2181" -> "10.0.0.1:2888:3888"
std::string canonical(std::string_view value) {
  value = value.substr(0, value.find(';'));
  constexpr std::string_view kVotes = ":participant";
  if (value.ends_with(kVotes)) {
    value.remove_suffix(kVotes.size());
  }
  return std::string(value);
}

}  // namespace

Members members_of(std::string_view text) {
  Members members;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (!line.starts_with("server.")) {
      continue;
    }
    line.remove_prefix(7);
    int id = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), id);
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (error == std::errc{} && line.starts_with('=')) {
      members[id] = canonical(line.substr(1));
    }
  }
  return members;
}

std::uint64_t members_version_of(std::string_view text) {
  std::uint64_t version = 0;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    constexpr std::string_view kKey = "version=";
    if (line.starts_with(kKey)) {
      std::from_chars(line.data() + kKey.size(), line.data() + line.size(), version, 16);
    }
  }
  return version;
}

Members wanted_members(const DesiredState& desired) {
  Members members;
  for (const DesiredServer& server : desired.ensemble.servers) {
    const DesiredHost* const host = desired.host(server.host);
    members[server.id] = fmt::format("{}:{}:{}", host != nullptr ? host->address : server.host,
                                     desired.ensemble.quorum_port, desired.ensemble.election_port);
  }
  return members;
}

std::string address_of(const std::string& member) {
  return member.substr(0, member.find(':'));
}

std::string member_line(const DesiredState& desired, const std::string& member) {
  if (!reconfigures(desired)) {
    return fmt::format("{};{}", member, desired.ensemble.client_port);
  }
  return fmt::format("{}{};{}:{}", member, member.ends_with(":observer") ? "" : ":participant",
                     address_of(member), desired.ensemble.client_port);
}

bool reconfigures(const DesiredState& desired) {
  const auto found = desired.ensemble.config.find("reconfigEnabled");
  return found != desired.ensemble.config.end() && found->second == "true";
}

}  // namespace arcform

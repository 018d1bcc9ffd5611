// SPDX-License-Identifier: Apache-2.0
#include "model/desired.h"

#include <algorithm>

#include <fmt/format.h>

namespace arcform {
namespace {

template <class T>
const T* find_sorted(const std::vector<T>& items, std::string_view name, std::string T::*key) {
  const auto found = std::lower_bound(
      items.begin(), items.end(), name,
      [key](const T& item, std::string_view wanted) { return item.*key < wanted; });
  return found != items.end() && (*found).*key == name ? &*found : nullptr;
}

}  // namespace

const DesiredHost* DesiredState::host(std::string_view name) const {
  return find_sorted(hosts, name, &DesiredHost::name);
}

const DesiredPackage* DesiredState::package(std::string_view name) const {
  return find_sorted(packages, name, &DesiredPackage::name);
}

const DesiredCloud* DesiredState::cloud(std::string_view service_code) const {
  return find_sorted(clouds, service_code, &DesiredCloud::service_code);
}

std::chrono::seconds settle_time(const DesiredState& desired, std::string_view service_code) {
  std::uint16_t longest = 0;
  if (const DesiredCloud* const cloud = desired.cloud(service_code)) {
    for (const DesiredNode& node : cloud->nodes) {
      longest = std::max(longest, node.config.session_timeout_s);
    }
  }
  return std::chrono::seconds(longest);
}

std::string directory_of(const DesiredHost& host, const std::string& deployment) {
  return host.ssh.directory.empty() ? "~/.arcform/" + deployment : host.ssh.directory;
}

DesiredPackage DesiredPackage::at_prefix(std::string name, std::string prefix) {
  DesiredPackage package;
  package.name = std::move(name);
  package.installed = std::move(prefix);
  return package;
}

std::size_t Portion::of(std::size_t whole) const {
  constexpr std::size_t kPercent = 100;
  const std::size_t part = percent ? whole * amount / kPercent : amount;
  return std::max<std::size_t>(part, 1);
}

std::string Portion::text() const {
  return fmt::format("{}{}", amount, percent ? "%" : "");
}

std::string connect_string(const DesiredState& desired) {
  if (!desired.ensemble.external.empty()) {
    return desired.ensemble.external;
  }
  std::string text;
  for (const DesiredServer& server : desired.ensemble.servers) {
    const DesiredHost* const host = desired.host(server.host);
    text +=
        fmt::format("{}{}:{}", text.empty() ? "" : ",",
                    host != nullptr ? host->address : server.host, desired.ensemble.client_port);
  }
  return text;
}

}  // namespace arcform

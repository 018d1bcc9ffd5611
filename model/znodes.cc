// SPDX-License-Identifier: Apache-2.0
#include "model/znodes.h"

#include <fmt/format.h>

namespace arcform::znodes {

std::string cache_list(std::string_view service_code) {
  return fmt::format("{}/{}", kCacheList, service_code);
}

std::string client_list(std::string_view service_code) {
  return fmt::format("{}/{}", kClientList, service_code);
}

std::string mapping_key(Endpoint node) {
  return fmt::format("{}/{}", kMapping, node.text());
}

std::string mapping(Endpoint node, std::string_view service_code) {
  return fmt::format("{}/{}/{}", kMapping, node.text(), service_code);
}

std::string joined(std::string_view service_code, std::string_view child) {
  return fmt::format("{}/{}/{}", kCacheList, service_code, child);
}

// arcus-memcached arcus_zk.c:arcus_build_znode_name writes "<ip>:<port>-<hostname>"; clients and
// servers cut at the first '-'.
std::optional<Endpoint> joined_endpoint(std::string_view child) {
  const std::size_t dash = child.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  return Endpoint::parse(child.substr(0, dash));
}

std::string deployment(std::string_view name) {
  return fmt::format("{}/{}", kArcform, name);
}
std::string epoch(std::string_view name) {
  return deployment(name) + "/epoch";
}
std::string lock(std::string_view name) {
  return deployment(name) + "/lock";
}
std::string applied(std::string_view name) {
  return deployment(name) + "/applied";
}
std::string claims(std::string_view name) {
  return deployment(name) + "/clouds";
}
std::string claim(std::string_view name, std::string_view service_code) {
  return fmt::format("{}/{}", claims(name), service_code);
}
std::string hosts(std::string_view name) {
  return deployment(name) + "/hosts";
}
std::string host(std::string_view name, std::string_view host_name) {
  return fmt::format("{}/{}", hosts(name), host_name);
}
std::string rollouts(std::string_view name) {
  return deployment(name) + "/rollouts";
}
std::string rollout(std::string_view name, std::string_view service_code) {
  return fmt::format("{}/{}", rollouts(name), service_code);
}

std::string pauses(std::string_view name) {
  return deployment(name) + "/paused";
}
std::string pause(std::string_view name, std::string_view scope) {
  return fmt::format("{}/{}", pauses(name), scope);
}
std::string controllers(std::string_view name) {
  return deployment(name) + "/controllers";
}
std::string controller(std::string_view name, std::int64_t session) {
  return fmt::format("{}/{:016x}", controllers(name), static_cast<std::uint64_t>(session));
}
std::string turn(std::string_view name) {
  return deployment(name) + "/turn";
}
std::string resumed(std::string_view name) {
  return deployment(name) + "/resumed";
}
std::string proposed(std::string_view name) {
  return deployment(name) + "/proposed";
}
std::string approved(std::string_view name) {
  return deployment(name) + "/approved";
}

bool is_valid_path(std::string_view path) {
  if (path.size() < 2 || path.size() > 512 || path.front() != '/' || path.back() == '/') {
    return false;
  }
  int levels = 0;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == ".." || ++levels > 32) {
      return false;
    }
    for (const char c : part) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        return false;
      }
    }
    path.remove_prefix(part.size());
  }
  return true;
}

}  // namespace arcform::znodes

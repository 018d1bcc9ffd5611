// SPDX-License-Identifier: Apache-2.0
#include "tests/stock_node/zk_client.h"

#include <array>
#include <stdexcept>

#include <fmt/format.h>
#include <zookeeper/zookeeper.h>

#include "tests/stock_node/child.h"

namespace arcform::stock_test {
namespace {

constexpr int kTimeoutMs = 30000;

void ignore_events(zhandle_t* /*handle*/, int /*type*/, int /*state*/, const char* /*path*/,
                   void* /*context*/) {}

void expect(bool fine, const char* what, const std::string& path, int code) {
  if (!fine) {
    throw std::runtime_error(fmt::format("{} {}: {}", what, path, zerror(code)));
  }
}

}  // namespace

ZkClient::ZkClient(const std::string& ensemble) {
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  handle_ = zookeeper_init(ensemble.c_str(), &ignore_events, kTimeoutMs, nullptr, nullptr,
                           ZOO_NO_LOG_CLIENTENV);
  if (handle_ == nullptr ||
      !eventually([this] { return zoo_state(handle_) == ZOO_CONNECTED_STATE; })) {
    throw std::runtime_error("no connection to ZooKeeper at " + ensemble);
  }
}

ZkClient::~ZkClient() {
  zookeeper_close(handle_);
}

void ZkClient::ensure(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    const int code =
        zoo_create(handle_, part.c_str(), nullptr, -1, &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
    expect(code == ZOK || code == ZNODEEXISTS, "create", part, code);
    if (end == std::string::npos) {
      return;
    }
  }
}

void ZkClient::create_ephemeral(const std::string& path) {
  const int code = zoo_create(handle_, path.c_str(), nullptr, -1, &ZOO_OPEN_ACL_UNSAFE,
                              ZOO_EPHEMERAL, nullptr, 0);
  expect(code == ZOK, "create", path, code);
}

std::optional<Znode> ZkClient::get(const std::string& path) const {
  std::array<char, 1024> buffer{};
  int length = static_cast<int>(buffer.size());
  Stat stat{};
  const int code = zoo_get(handle_, path.c_str(), 0, buffer.data(), &length, &stat);
  if (code == ZNONODE) {
    return std::nullopt;
  }
  expect(code == ZOK, "get", path, code);
  const std::size_t size = length > 0 ? static_cast<std::size_t>(length) : 0;
  return Znode{std::string(buffer.data(), size), stat.ephemeralOwner, stat.version};
}

std::vector<std::string> ZkClient::children(const std::string& path) const {
  String_vector names{};
  const int code = zoo_get_children(handle_, path.c_str(), 0, &names);
  if (code == ZNONODE) {
    return {};
  }
  expect(code == ZOK, "children", path, code);
  std::vector<std::string> result(names.data, names.data + names.count);
  deallocate_String_vector(&names);
  return result;
}

void ZkClient::remove(const std::string& path) {
  for (const std::string& child : children(path)) {
    remove(fmt::format("{}/{}", path, child));
  }
  const int code = zoo_delete(handle_, path.c_str(), -1);
  expect(code == ZOK || code == ZNONODE, "delete", path, code);
}

}  // namespace arcform::stock_test

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

struct _zhandle;  // NOLINT(bugprone-reserved-identifier): the client library's name

namespace arcform::stock_test {

/// What a znode holds.
struct Znode {
  std::string data;
  std::int64_t owner = 0;
  int version = 0;
};

/// A blocking ZooKeeper client for tests; any unexpected answer throws.
class ZkClient {
 public:
  explicit ZkClient(const std::string& ensemble);
  ZkClient(const ZkClient&) = delete;
  ZkClient& operator=(const ZkClient&) = delete;
  ZkClient(ZkClient&&) = delete;
  ZkClient& operator=(ZkClient&&) = delete;
  ~ZkClient();

  /// With all missing parents; an existing znode is fine.
  void ensure(const std::string& path);
  void create_ephemeral(const std::string& path);
  std::optional<Znode> get(const std::string& path) const;
  std::vector<std::string> children(const std::string& path) const;
  /// With everything below; a missing znode is fine.
  void remove(const std::string& path);

 private:
  _zhandle* handle_;
};

}  // namespace arcform::stock_test

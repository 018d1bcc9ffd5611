// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/stock_node/child.h"
#include "tests/stock_node/zk_client.h"

namespace arcform::stock_test {

/// A directory that any user may write to, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  TemporaryDirectory(TemporaryDirectory&&) = delete;
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

bool contains(const std::string& text, const std::string& part);

/// A port that nothing listens on, below those that the kernel gives to outgoing connections.
int free_port();
bool port_open(int port);

/// The installed server to test: the stock node, or what ARCFORM_TEST_ARCUS_PREFIX names. A real
/// Arcus passes every test that is not tagged [own]; that is what keeps the stock node honest.
std::string prefix();

/// A listening TCP socket on 127.0.0.1, closed at the end.
class Listener {
 public:
  explicit Listener(int port = 0);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;
  ~Listener();
  int port() const { return port_; }

 private:
  int fd_;
  int port_ = 0;
};

/// Sends `request` to 127.0.0.1:port and returns what comes back within `limit` up to `end`; empty
/// if nothing listens.
std::string ask(int port, const std::string& request, const std::string& end = "\r\n",
                std::chrono::milliseconds limit = 2s);

/// A real ZooKeeper server: quorum mode with one member, sessions of 1 to 4.5 s.
class ZooKeeperServer {
 public:
  /// The one server of this test run, started at its first use.
  static ZooKeeperServer& shared();

  const std::string& ensemble() const { return ensemble_; }
  void freeze() const;
  void thaw() const;

 private:
  ZooKeeperServer();

  TemporaryDirectory directory_;
  std::string ensemble_;
  std::unique_ptr<Child> server_;
};

/// Sessions are at most 4.5 s here; an old one is certainly gone after this.
inline constexpr std::chrono::milliseconds kSessionEnd = 15s;

/// One place for a node: a port and a service code that no other test uses, with the Arcus tree
/// around it. The node is called 127.0.0.1:<port>-<host name> unless the environment says else.
class NodeLab {
 public:
  NodeLab();
  ~NodeLab();
  NodeLab(const NodeLab&) = delete;
  NodeLab& operator=(const NodeLab&) = delete;
  NodeLab(NodeLab&&) = delete;
  NodeLab& operator=(NodeLab&&) = delete;

  ZkClient& zk() { return zk_; }
  int port() const { return port_; }
  const std::string& service() const { return service_; }
  std::string endpoint() const;
  std::string mapping(const std::string& key) const;
  std::string cloud() const;
  std::string znode() const;
  /// Mapping by ip:port and the cache list of the service.
  void prepare_tree();

  std::vector<std::string> argv(const std::vector<std::string>& more = {}) const;
  std::unique_ptr<Child> start(const std::vector<std::string>& more = {});
  std::unique_ptr<Child> start_with(std::vector<std::string> argv);
  /// Starts a node and waits for its znode and for its answer.
  std::unique_ptr<Child> joined();
  std::string version() const { return ask(port_, "version\r\n"); }
  bool serving() const { return version().starts_with("VERSION "); }
  std::string file(const std::string& name) const { return directory_ / name; }
  Environment environment;

 private:
  TemporaryDirectory directory_;
  ZkClient zk_;
  int port_;
  std::string service_;
  int starts_ = 0;
};

inline const std::string kHost = "lab-host";

}  // namespace arcform::stock_test

// SPDX-License-Identifier: Apache-2.0
#include "tests/stock_node/lab.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace arcform::stock_test {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

constexpr const char* kClassPath = "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar";

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "stock-node-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("mkdtemp " + name);
  }
  path_ = name;
  chmod(path_.c_str(), 0777);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Listener::Listener(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd_, generic, size) != 0 || listen(fd_, 1) != 0 ||
      getsockname(fd_, generic, &size) != 0) {
    throw std::runtime_error(fmt::format("listen on 127.0.0.1:{}", port));
  }
  port_ = ntohs(address.sin_port);
}

Listener::~Listener() {
  close(fd_);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

int free_port() {
  return Listener().port();
}

std::string ask(int port, const std::string& request, const std::string& end,
                std::chrono::milliseconds limit) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  std::string reply;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!reply.ends_with(end)) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd readable{fd, POLLIN, 0};
      std::array<char, 4096> buffer{};
      if (left.count() <= 0 || poll(&readable, 1, static_cast<int>(left.count())) <= 0) {
        break;
      }
      const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
      if (size <= 0) {
        break;
      }
      reply.append(buffer.data(), static_cast<std::size_t>(size));
    }
  }
  close(fd);
  return reply;
}

std::string prefix() {
  const char* other = std::getenv("ARCFORM_TEST_ARCUS_PREFIX");
  return other != nullptr ? other : STOCK_NODE_PREFIX;
}

bool port_open(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool open = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return open;
}

ZooKeeperServer& ZooKeeperServer::shared() {
  static ZooKeeperServer server;
  return server;
}

ZooKeeperServer::ZooKeeperServer() {
  const int port = free_port();
  ensemble_ = fmt::format("127.0.0.1:{}", port);
  const std::string config = directory_ / "zoo.cfg";
  std::filesystem::create_directory(directory_ / "data");
  std::ofstream(directory_ / "data/myid") << 1;
  // Quorum mode although there is one server: one build of the Arcus server insists on it.
  std::ofstream(config) << "tickTime=500\ninitLimit=10\nsyncLimit=5\n"
                        << "minSessionTimeout=1000\nmaxSessionTimeout=4500\n"
                        << "standaloneEnabled=false\nadmin.enableServer=false\n"
                        << "4lw.commands.whitelist=*\n"
                        << "dataDir=" << directory_ / "data" << '\n'
                        << fmt::format("server.1=127.0.0.1:{}:{};127.0.0.1:{}\n", free_port(),
                                       free_port(), port);
  server_ = std::make_unique<Child>(
      std::vector<std::string>{"/usr/bin/java", "-Xmx64m", "-cp", kClassPath,
                               "org.apache.zookeeper.server.quorum.QuorumPeerMain", config},
      directory_ / "out");
  const bool up = eventually(
      [&] { return ask(port, "srvr", "\n\n", 200ms).find("Mode: ") != std::string::npos; }, 60s);
  if (!up) {
    throw std::runtime_error("ZooKeeper did not start: " + server_->output());
  }
}

void ZooKeeperServer::freeze() const {
  server_->signal(SIGSTOP);
}

void ZooKeeperServer::thaw() const {
  server_->signal(SIGCONT);
}

NodeLab::NodeLab()
    : environment{{"ARCUS_CACHE_HOSTNAME_OVERWRITE", kHost}},
      zk_(ZooKeeperServer::shared().ensemble()),
      port_(free_port()),
      service_(fmt::format("svc{}", port_)) {
  for (const char* path :
       {"/arcus/cache_list", "/arcus/cache_server_mapping", "/arcus/cache_server_log"}) {
    zk_.ensure(path);
  }
}

NodeLab::~NodeLab() {
  // A test that froze ZooKeeper for long has lost this session; its keys are of this port alone.
  try {
    for (const std::string& key :
         {endpoint(), fmt::format("{}:{}", kHost, port_), std::string("127.0.0.1")}) {
      zk_.remove(mapping(key));
    }
  } catch (const std::runtime_error& error) {
    fmt::print(stderr, "clean up after {}: {}\n", endpoint(), error.what());
  }
}

std::string NodeLab::endpoint() const {
  return fmt::format("127.0.0.1:{}", port_);
}

std::string NodeLab::mapping(const std::string& key) const {
  return "/arcus/cache_server_mapping/" + key;
}

std::string NodeLab::cloud() const {
  return "/arcus/cache_list/" + service_;
}

std::string NodeLab::znode() const {
  return fmt::format("{}/{}-{}", cloud(), endpoint(), kHost);
}

void NodeLab::prepare_tree() {
  zk_.ensure(fmt::format("{}/{}", mapping(endpoint()), service_));
  zk_.ensure(cloud());
}

std::vector<std::string> NodeLab::argv(const std::vector<std::string>& more) const {
  std::vector<std::string> words = {prefix() + "/bin/memcached",
                                    "-E",
                                    prefix() + "/lib/default_engine.so",
                                    "-X",
                                    prefix() + "/lib/ascii_scrub.so",
                                    "-U",
                                    "0",
                                    "-p",
                                    std::to_string(port_),
                                    "-m",
                                    "100",
                                    "-t",
                                    "2",
                                    "-o",
                                    "10",
                                    "-u",
                                    "nobody",
                                    "-z",
                                    ZooKeeperServer::shared().ensemble()};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::unique_ptr<Child> NodeLab::start(const std::vector<std::string>& more) {
  return start_with(argv(more));
}

std::unique_ptr<Child> NodeLab::start_with(std::vector<std::string> argv) {
  return std::make_unique<Child>(std::move(argv), file(fmt::format("node.{}", ++starts_)),
                                 environment);
}

std::unique_ptr<Child> NodeLab::joined() {
  auto node = start();
  if (!eventually([&] { return zk_.get(znode()).has_value() && serving(); })) {
    throw std::runtime_error("the node did not join: " + node->output());
  }
  return node;
}

}  // namespace arcform::stock_test

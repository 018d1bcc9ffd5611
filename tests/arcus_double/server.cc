// SPDX-License-Identifier: Apache-2.0
#include "tests/arcus_double/server.h"

#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "model/follow_ensemble.h"

namespace arcform::stock {
namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  return words;
}

std::uint64_t open_files() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace

Outcome<Fd> listen_on(const Options& options) {
  Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(options.port));
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(fd.get(), 1024) != 0) {
    return Failure{kExitSystem,
                   fmt::format("bind() error({}): {}", options.port, std::strerror(errno))};
  }
  return fd;
}

Server::Server(const Options& options, const Log& log, Fd listener, std::string folder)
    : options_(options),
      log_(log),
      listener_(std::move(listener)),
      folder_(std::move(folder)),
      admin_(false, static_cast<std::uint32_t>(options.memory_mb),
             static_cast<std::uint32_t>(options.max_connections)) {}

bool Server::is_deaf(const std::string& to) const {
  std::ifstream file(fmt::format("{}/{}.deaf", folder_, options_.port));
  for (std::string word; file >> word;) {
    if (word == to) {
      return true;
    }
  }
  return false;
}

int Server::end(const std::string& how) {
  if (membership_) {
    membership_->leave();
  }
  log_.warning("ends by {}", how);
  std::ofstream file(folder_ + "/ended", std::ios::app);
  file << options_.port << ' ' << how << '\n';
  return 0;
}

std::optional<Failure> Server::join() {
  if (!options_.ensemble) {
    return std::nullopt;
  }
  Outcome<Identity> identity = identify(*options_.ensemble, options_.port, log_);
  if (const auto* failure = std::get_if<Failure>(&identity)) {
    return *failure;
  }
  identity_ = std::get<Identity>(std::move(identity));
  servers_ = parse_servers(identity_->ensemble).value_or(std::vector<Endpoint>());
  membership_.emplace(log_);
  auto failed = membership_->join({*identity_, options_.memory_mb, options_.session_timeout_s}, -1);
  if (failed) {
    membership_->leave();
  }
  return failed;
}

sim::NodeAdmin::Process Server::process() {
  sim::NodeAdmin::Process process;
  process.pid = static_cast<std::uint32_t>(getpid());
  process.age = std::chrono::duration_cast<Time>(Clock::now() - begun_);
  process.open_files = open_files();
  process.connections = static_cast<std::uint32_t>(clients_.size());
  // One slab of 1 MB from the first item on, as its own heartbeat would store.
  held_mb_ = std::max(held_mb_, static_cast<std::uint32_t>(store_.bytes >> 20U) + 1);
  process.held_mb = held_mb_;
  process.servers = servers_;
  process.go_by = [this](std::vector<Endpoint> servers) {
    if (membership_->go_by(text_of(servers))) {
      servers_ = std::move(servers);
      log_.warning("goes by the ensemble {}", text_of(servers_));
    }
  };
  return process;
}

std::string Server::admin(const std::string& line) {
  const std::vector<std::string> words = words_of(line);
  if (words.empty()) {
    return "ERROR unknown command\r\n";
  }
  if (words[0] == "version") {
    return "VERSION 1.15.0-double\r\n";
  }
  if (words[0] == "stats" && words.size() == 1) {
    return stats();
  }
  if (line == "stats zookeeper") {
    return stats_zookeeper();
  }
  if (words[0] == "shutdown") {
    return shut_down(words);
  }
  if (line == "zkensemble rejoin") {
    return rejoin();
  }
  if (words[0] == "zkensemble" && identity_ && !membership_) {
    return "ERROR failed to get the ensemble address\r\n";
  }
  return admin_.answer(line, process());
}

/// Its own end, with time for clients to go: up to 2 s, or exactly as long as was said.
std::string Server::shut_down(const std::vector<std::string>& words) {
  int grace = 0;
  if (words.size() > 1) {
    const std::string& text = words[1];
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), grace);
    if (words.size() > 2 || error != std::errc{} || stop != text.data() + text.size()) {
      return "CLIENT_ERROR bad command line format\r\n";
    }
    if (grace < 0 || grace > 600) {
      return "CLIENT_ERROR invalid arguments\r\n";
    }
  }
  if (is_deaf("shutdown")) {
    log_.warning("does not listen to shutdown");
    return "OK\r\n";
  }
  draining_ = true;
  fixed_drain_ = words.size() > 1;
  drain_until_ =
      Clock::now() + (fixed_drain_ ? std::chrono::seconds(grace) : std::chrono::seconds(2));
  clients_before_ = clients_.size() + 1;
  return "OK\r\n";
}

std::string Server::rejoin() {
  if (!identity_ || membership_ || join()) {
    return "ERROR failed to rejoin ensemble\r\n";
  }
  return "Successfully rejoined\r\n";
}

std::string Server::stats() const {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begun_);
  return fmt::format(
      "STAT pid {}\r\nSTAT uptime {}\r\nSTAT version 1.15.0-double\r\nSTAT curr_connections {}\r\n"
      "STAT get_hits {}\r\nSTAT get_misses {}\r\nSTAT curr_items {}\r\nSTAT bytes {}\r\n"
      "STAT limit_maxbytes {}\r\nSTAT limit_maxconns {}\r\nSTAT threads {}\r\n"
      "STAT engine_malloced {}\r\nEND\r\n",
      getpid(), age.count(), clients_.size(), store_.hits, store_.misses, store_.values.size(),
      store_.bytes, std::uint64_t{*admin_.settings().get(NodeSetting::memlimit)} << 20U,
      *admin_.settings().get(NodeSetting::connections), options_.threads,
      std::uint64_t{std::max(held_mb_, static_cast<std::uint32_t>(store_.bytes >> 20U) + 1)}
          << 20U);
}

std::string Server::stats_zookeeper() const {
  const char* const standing = membership_ ? "true" : "false";
  return fmt::format("STAT zk_connected {}\r\nSTAT zk_ready {}\r\nSTAT zk_timeout {}\r\nEND\r\n",
                     standing, standing, options_.session_timeout_s * 1000);
}

void Server::accept_one() {
  Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (fd.valid()) {
    clients_.emplace_back(std::move(fd));
  }
}

}  // namespace arcform::stock

// SPDX-License-Identifier: Apache-2.0
// kill_nodes SERVERS CLOUD SPACES FOLDERS WATCH...: how soon a watcher brings dead nodes back.
//   SERVERS   of ZooKeeper, as its client takes them
//   SPACES    a file: "ADDRESS INODE" a line, the network namespace of every host
//   FOLDERS   a file: "ADDRESS FOLDER" a line, arcform's folder of every host as seen from here
//   WATCH     the command that watches them, with its events as text on stdout
// Every node is killed once (SIGKILL), one after the other at no special time, and for each a line
// is printed: its address, and the ms until the watcher says so, until it answers `version` again
// and until its new znode stands, each seen from here and not from what the watcher says.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#include "tests/support/run_process.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{60};

[[noreturn]] void die(const std::string& what) {
  fmt::print(stderr, "kill_nodes: {}\n", what);
  std::_Exit(1);
}

struct Node {
  std::string address;
  int port = 0;
  std::string folder;  ///< with its identity file
  ino_t space = 0;

  std::string name() const { return fmt::format("{}:{}", address, port); }
};

/// "KEY VALUE" a line.
std::map<std::string, std::string> read_pairs(const char* path) {
  std::ifstream file(path);
  std::map<std::string, std::string> out;
  std::string key;
  std::string value;
  while (file >> key >> value) {
    out[key] = value;
  }
  return out;
}

std::vector<Node> find_nodes(const char* spaces_file, const char* folders_file) {
  const auto spaces = read_pairs(spaces_file);
  std::vector<Node> out;
  for (const auto& [address, folder] : read_pairs(folders_file)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string slot = entry.path().filename().string();
      if (slot.starts_with("node-")) {
        out.push_back({address, std::atoi(slot.c_str() + 5), entry.path().string(),
                       std::strtoull(spaces.at(address).c_str(), nullptr, 10)});
      }
    }
  }
  return out;
}

/// As its host numbers it.
std::string pid_there(const Node& node) {
  std::ifstream file(node.folder + "/id");
  std::string version;
  std::string boot;
  std::string pid;
  file >> version >> boot >> pid;
  return pid;
}

/// The same process as this machine numbers it.
pid_t pid_here(const Node& node, const std::string& there) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string path = entry.path().string();
    struct stat space {};
    if (::stat((path + "/ns/net").c_str(), &space) != 0 || space.st_ino != node.space) {
      continue;
    }
    std::ifstream file(path + "/status");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("NSpid:") && line.ends_with("\t" + there)) {
        return std::atoi(entry.path().filename().c_str());
      }
    }
  }
  die(fmt::format("{}: no process {} on its host", node.name(), there));
}

bool answers(const Node& node) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{0, 200'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(static_cast<std::uint16_t>(node.port));
  ::inet_pton(AF_INET, node.address.c_str(), &there.sin_addr);
  char answer[64];
  const bool fine = ::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0 &&
                    ::write(fd, "version\r\n", 9) == 9 && ::read(fd, answer, sizeof answer) > 0;
  ::close(fd);
  return fine;
}

/// czxid of the node's ephemeral znode; -1: there is none.
std::int64_t joined(zhandle_t* zh, const std::string& list, const Node& node) {
  String_vector names{};
  if (zoo_get_children(zh, list.c_str(), 0, &names) != ZOK) {
    die(list + ": cannot be listed");
  }
  std::int64_t found = -1;
  for (int i = 0; i < names.count; ++i) {
    Stat stat{};
    const std::string path = list + "/" + names.data[i];
    if (std::string(names.data[i]).starts_with(node.name() + "-") &&
        zoo_exists(zh, path.c_str(), 0, &stat) == ZOK) {
      found = std::max(found, stat.czxid);
    }
  }
  deallocate_String_vector(&names);
  return found;
}

double since(Clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

/// Kills one, and waits until all is well again.
void kill_one(const Node& node, zhandle_t* zh, const std::string& list,
              arcform::StartedProcess& watch) {
  const std::string there = pid_there(node);
  const pid_t pid = pid_here(node, there);
  const std::int64_t before = joined(zh, list, node);
  const auto begun = Clock::now();
  ::kill(pid, SIGKILL);
  // Whoever connects until its end may still be answered by it.
  std::this_thread::sleep_for(milliseconds(20));
  double answered = -1;
  double stands = -1;
  std::thread seen([&] {
    while (answered < 0 && since(begun) < 60'000) {
      answered = answers(node) ? since(begun) : -1;
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  std::thread listed([&] {
    while (stands < 0 && since(begun) < 60'000) {
      const std::int64_t now = joined(zh, list, node);
      stands = now > before ? since(begun) : -1;
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  const std::string of = fmt::format("the process of {} on", node.name());
  const bool noticed = watch.await_output(of, kPatience);
  const double notice = since(begun);
  seen.join();
  listed.join();
  if (!noticed || answered < 0 || stands < 0) {
    die(node.name() + ": not brought back within a minute");
  }
  fmt::print("{} {:.0f} {:.0f} {:.0f}\n", node.name(), notice, answered, stands);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    die("usage: kill_nodes SERVERS CLOUD SPACES FOLDERS WATCH...");
  }
  std::vector<Node> nodes = find_nodes(argv[3], argv[4]);
  std::mt19937_64 random(std::random_device{}());
  std::shuffle(nodes.begin(), nodes.end(), random);
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  zhandle_t* const zh = zookeeper_init(argv[1], nullptr, 10'000, nullptr, nullptr, 0);
  const std::string list = fmt::format("/arcus/cache_list/{}", argv[2]);
  arcform::StartedProcess watch({argv + 5, argv + argc});
  if (zh == nullptr || !watch.await_output("observed equals desired", kPatience) ||
      !watch.await_output("leading", kPatience)) {
    die("the watcher does not find all well: " + watch.out());
  }
  std::uniform_int_distribution<int> apart(1'200, 2'200);
  for (const Node& node : nodes) {
    std::this_thread::sleep_for(milliseconds(apart(random)));
    kill_one(node, zh, list, watch);
  }
  zookeeper_close(zh);
  watch.signal(SIGTERM);
  return watch.finish(std::chrono::hours(1)).status;
}

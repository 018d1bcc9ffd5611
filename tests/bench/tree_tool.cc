// SPDX-License-Identifier: Apache-2.0
// tree_tool SERVERS COMMAND: ZooKeeper for run.sh, in its C client and nothing else.
//   wait                until one of them serves
//   fill FIRST COUNT    COUNT mappings /arcus/cache_server_mapping/<ip:port>/bench-other
//   create PATH...      persistent, empty
//   await-child PATH    until PATH has a child
//   read                the time in ms to list the mappings and the children of each, all requests
//                       sent before the first answer is looked at
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

namespace {

const std::string kMapping = "/arcus/cache_server_mapping";

using Semaphore = std::counting_semaphore<>;

void on_event(zhandle_t*, int type, int state, const char*, void* connected) {
  if (type == ZOO_SESSION_EVENT && state == ZOO_CONNECTED_STATE) {
    static_cast<Semaphore*>(connected)->release();
  }
}

/// A ZooKeeper server answers this on its client port once it serves.
bool serves(const sockaddr_in& there) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0 &&
      ::write(fd, "srvr", 4) == 4) {
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::read(fd, buffer, sizeof buffer)) > 0) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  return answer.find("Mode: ") != std::string::npos;
}

/// Not by a session: the client waits a second between its attempts.
int wait_for_server(const std::string& servers) {
  for (int tries = 0; tries < 6'000; ++tries) {
    for (std::size_t at = 0; at < servers.size();) {
      const std::size_t end = std::min(servers.find(',', at), servers.size());
      const std::size_t colon = servers.find(':', at);
      sockaddr_in there{};
      there.sin_family = AF_INET;
      there.sin_port = htons(static_cast<std::uint16_t>(std::atoi(servers.c_str() + colon + 1)));
      ::inet_pton(AF_INET, servers.substr(at, colon - at).c_str(), &there.sin_addr);
      if (serves(there)) {
        return 0;
      }
      at = end + 1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  fmt::print(stderr, "tree_tool: {}: no server serves after a minute\n", servers);
  return 1;
}

int create(zhandle_t* zh, const std::string& path) {
  const int rc =
      zoo_create(zh, path.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT, nullptr, 0);
  return rc == ZNODEEXISTS ? ZOK : rc;
}

int fill(zhandle_t* zh, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    const std::string key = fmt::format("{}/10.9.{}.{}:11211", kMapping, i / 200, 1 + i % 200);
    const std::string code = key + "/bench-other";
    zoo_op_t operations[2];
    zoo_create_op_init(&operations[0], key.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
    zoo_create_op_init(&operations[1], code.c_str(), "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, nullptr, 0);
    zoo_op_result_t results[2];
    if (const int rc = zoo_multi(zh, 2, operations, results); rc != ZOK) {
      return rc;
    }
  }
  return ZOK;
}

int await_child(zhandle_t* zh, const char* path) {
  for (;;) {
    String_vector names{};
    const int rc = zoo_get_children(zh, path, 0, &names);
    const int count = names.count;
    deallocate_String_vector(&names);
    if (rc != ZOK || count > 0) {
      return rc;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

int read_mappings(zhandle_t* zh) {
  const auto begun = std::chrono::steady_clock::now();
  String_vector names{};
  if (const int rc = zoo_get_children(zh, kMapping.c_str(), 0, &names); rc != ZOK) {
    return rc;
  }
  Semaphore answers(0);
  const auto on_names = [](int, const String_vector*, const void* data) {
    static_cast<Semaphore*>(const_cast<void*>(data))->release();
  };
  for (int i = 0; i < names.count; ++i) {
    const std::string path = kMapping + "/" + names.data[i];
    if (const int rc = zoo_aget_children(zh, path.c_str(), 0, on_names, &answers); rc != ZOK) {
      return rc;
    }
  }
  for (int i = 0; i < names.count; ++i) {
    answers.acquire();
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  fmt::print("{:.1f}\n", took.count());
  deallocate_String_vector(&names);
  return ZOK;
}

/// What an import reads, each answer waited for before the next question.
int read_one_by_one(zhandle_t* zh) {
  String_vector names{};
  if (const int rc = zoo_get_children(zh, kMapping.c_str(), 0, &names); rc != ZOK) {
    return rc;
  }
  for (int i = 0; i < names.count; ++i) {
    const std::string path = kMapping + "/" + names.data[i];
    char buffer[1024];
    int size = sizeof buffer;
    String_vector codes{};
    int rc = zoo_get(zh, path.c_str(), 0, buffer, &size, nullptr);
    rc = rc == ZOK ? zoo_get_children(zh, path.c_str(), 0, &codes) : rc;
    deallocate_String_vector(&codes);
    if (rc != ZOK) {
      return rc;
    }
  }
  deallocate_String_vector(&names);
  return ZOK;
}

int run(zhandle_t* zh, const std::string& command, const std::vector<const char*>& words) {
  if (command == "fill" && words.size() == 2) {
    return fill(zh, std::atoi(words[0]), std::atoi(words[1]));
  }
  if (command == "create") {
    for (const char* path : words) {
      if (const int rc = create(zh, path); rc != ZOK) {
        return rc;
      }
    }
    return ZOK;
  }
  if (command == "await-child" && words.size() == 1) {
    return await_child(zh, words[0]);
  }
  if (command == "read-one-by-one") {
    return read_one_by_one(zh);
  }
  return command == "read" ? read_mappings(zh) : ZBADARGUMENTS;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr,
               "usage: tree_tool SERVERS wait|fill|create|await-child|read|read-one-by-one ...\n");
    return 2;
  }
  if (std::string(argv[2]) == "wait") {
    return wait_for_server(argv[1]);
  }
  zoo_set_debug_level(static_cast<ZooLogLevel>(0));
  Semaphore connected(0);
  zhandle_t* const zh = zookeeper_init(argv[1], on_event, 30'000, nullptr, &connected, 0);
  if (zh == nullptr || !connected.try_acquire_for(std::chrono::seconds(60))) {
    fmt::print(stderr, "tree_tool: {}: no session in 60 s\n", argv[1]);
    return 1;
  }
  const int rc = run(zh, argv[2], {argv + 3, argv + argc});
  if (rc != ZOK) {
    fmt::print(stderr, "tree_tool: {} {}: {}\n", argv[1], argv[2], zerror(rc));
  }
  zookeeper_close(zh);
  return rc == ZOK ? 0 : 1;
}

// SPDX-License-Identifier: Apache-2.0
#include "tests/support/real_zookeeper.h"

#include <fstream>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/fd.h"

namespace arcform {

namespace {

using std::chrono::milliseconds;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* generic(const sockaddr_in& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

// Between fork and exec only system calls are allowed: other threads may hold any lock.
[[noreturn]] void become(char* const* argv, int log) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  close_range(3, ~0U, 0);
  execv(argv[0], argv);
  _exit(127);
}

pid_t spawn(std::vector<std::string> words, const std::filesystem::path& log_file) {
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  const Fd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const pid_t pid = fork();
  if (pid == 0) {
    become(argv.data(), log.get());
  }
  if (pid < 0) {
    throw std::runtime_error("fork failed");
  }
  return pid;
}

}  // namespace

std::uint16_t free_port() {
  static std::mt19937 random(std::random_device{}());
  static std::set<std::uint16_t> given;
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto port =
        static_cast<std::uint16_t>(std::uniform_int_distribution<unsigned>(15'000, 31'999)(random));
    const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (bind(socket.get(), generic(address), sizeof address) == 0 && given.insert(port).second) {
      return port;
    }
  }
  throw std::runtime_error("no free port");
}

RealZookeeper::RealZookeeper(Options options) : options_(options) {
  std::string name = (std::filesystem::temp_directory_path() / "arcform-zookeeper-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot create " + name);
  }
  folder_ = name;
  for (std::size_t i = 0; i < options_.servers; ++i) {
    servers_.push_back({folder_ / std::to_string(i + 1), free_port(), free_port(), free_port(), 0});
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    write_configuration(i);
    start(i);
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    wait_until_serving(i);
  }
}

RealZookeeper::~RealZookeeper() {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    kill(i);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RealZookeeper::write_configuration(std::size_t index) const {
  const Server& server = servers_[index];
  std::filesystem::create_directories(server.folder / "data");
  std::ofstream(server.folder / "data" / "myid") << index + 1 << '\n';
  std::ofstream file(server.folder / "zoo.cfg");
  file << "tickTime=" << options_.tick.count() << "\ninitLimit=100\nsyncLimit=50\n"
       << "maxSessionTimeout=20000\nmaxClientCnxns=0\nstandaloneEnabled=false\n"
       << "admin.enableServer=false\n4lw.commands.whitelist=*\n"
       << "dataDir=" << (server.folder / "data").string() << '\n';
  if (options_.reconfigure) {
    file << "reconfigEnabled=true\nskipACL=yes\n";
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    file << fmt::format("server.{}={}\n", i + 1, member_line(i));
  }
}

std::string RealZookeeper::member_line(std::size_t index) const {
  const Server& server = servers_[index];
  return fmt::format("127.0.0.1:{}:{}:participant;127.0.0.1:{}", server.quorum_port,
                     server.election_port, server.client_port);
}

std::string RealZookeeper::address(std::size_t index) const {
  return fmt::format("127.0.0.1:{}", servers_[index].client_port);
}

std::string RealZookeeper::connect_string() const {
  std::string text;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    text += (i == 0 ? "" : ",") + address(i);
  }
  return text;
}

void RealZookeeper::start(std::size_t index) {
  Server& server = servers_[index];
  if (server.pid > 0) {
    throw std::runtime_error("the server runs already");
  }
  server.pid = spawn(
      {"/usr/bin/java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
       "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar", "-Dzookeeper.root.logger=WARN,CONSOLE",
       "-Dzookeeper.log.dir=" + server.folder.string(), "-Dzookeeper.preAllocSize=1024",
       "org.apache.zookeeper.server.quorum.QuorumPeerMain", (server.folder / "zoo.cfg").string()},
      server.folder / "log");
}

void RealZookeeper::kill(std::size_t index) {
  const pid_t pid = servers_[index].pid;
  if (pid > 0) {
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    servers_[index].pid = 0;
  }
}

void RealZookeeper::freeze(std::size_t index) {
  ::kill(servers_[index].pid, SIGSTOP);
  // The signal is handled later; a thread that still runs may answer.
  waitpid(servers_[index].pid, nullptr, WUNTRACED);
}

void RealZookeeper::thaw(std::size_t index) {
  ::kill(servers_[index].pid, SIGCONT);
}

std::string RealZookeeper::ask(const std::string& word, std::size_t index) const {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval second{1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  const sockaddr_in address = loopback(servers_[index].client_port);
  if (connect(socket.get(), generic(address), sizeof address) != 0 ||
      send(socket.get(), word.data(), word.size(), MSG_NOSIGNAL) < 0) {
    return "";
  }
  std::string answer;
  char buffer[4096];
  for (;;) {
    const ssize_t size = recv(socket.get(), buffer, sizeof buffer, 0);
    if (size <= 0) {
      return answer;
    }
    answer.append(buffer, static_cast<std::size_t>(size));
  }
}

void RealZookeeper::wait_until_serving(std::size_t index) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (ask("srvr", index).find("Mode: ") == std::string::npos) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("zookeeper " + address(index) + " does not serve; see " +
                               (servers_[index].folder / "log").string());
    }
    std::this_thread::sleep_for(milliseconds(20));  // Between two looks at the condition.
  }
}

}  // namespace arcform

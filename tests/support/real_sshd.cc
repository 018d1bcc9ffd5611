// SPDX-License-Identifier: Apache-2.0
#include "tests/support/real_sshd.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/tiny_server.h"

namespace arcform {
namespace {

pid_t spawn(const std::vector<std::string>& argv, const std::string& output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  std::vector<char*> pointers;
  for (const std::string& argument : argv) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw std::runtime_error("cannot run " + argv[0]);
  }
  return pid;
}

template <class Condition>
void await(Condition condition, const std::string& what) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) {
      throw std::runtime_error(what + " did not happen in 10 s");
    }
    ::poll(nullptr, 0, 5);
  }
}

bool accepts(const sockaddr* address, socklen_t size) {
  const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(fd, address, size) == 0;
  ::close(fd);
  return connected;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = "/tmp/arcform-test-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("no temporary folder");
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& content) const {
  std::ofstream(file(name), std::ios::binary) << content;
  ::chmod(file(name).c_str(), 0600);
  return file(name);
}

std::string run_program(const std::vector<std::string>& argv) {
  const TemporaryFolder folder;
  const pid_t pid = spawn(argv, folder.file("out"));
  int status = 0;
  ::waitpid(pid, &status, 0);
  const std::string output = content_of(folder.file("out"));
  if (status != 0) {
    throw std::runtime_error(argv[0] + " failed: " + output);
  }
  return output;
}

Process::Process(std::vector<std::string> argv, const std::string& log) {
  // It must not outlive a test that is killed.
  argv.insert(argv.begin(), {"setpriv", "--pdeathsig", "KILL"});
  pid_ = spawn(argv, log);
}
Process::Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

void Process::kill() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
}

std::vector<pid_t> family_of(pid_t pid) {
  std::vector<pid_t> family = {pid};
  const std::string id = std::to_string(pid);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; children >> child;) {
    for (const pid_t member : family_of(child)) {
      family.push_back(member);
    }
  }
  return family;
}

void make_key(const std::string& type, const std::string& path, const std::string& passphrase,
              const std::vector<std::string>& options) {
  std::vector<std::string> argv = {"ssh-keygen", "-q", "-t", type, "-f", path, "-N", passphrase};
  argv.insert(argv.end(), options.begin(), options.end());
  run_program(argv);
}

RealSshd::RealSshd(std::string config) : config_(std::move(config)), port_(unused_port()) {
  for (const char* type : {"ed25519", "ecdsa", "rsa"}) {
    make_key(type, folder_.file(std::string("host_") + type));
  }
  folder_.write("authorized_keys", "");
  ::mkdir("/run/sshd", 0755);
  start();
}

RealSshd::~RealSshd() {
  if (process_.pid() > 0) {
    kill();
  }
}

void RealSshd::start() {
  std::string text = config_ + "\nPort " + std::to_string(port_) + "\nListenAddress 127.0.0.1\n";
  for (const char* type : {"ed25519", "ecdsa", "rsa"}) {
    text += "HostKey " + folder_.file(std::string("host_") + type) + "\n";
  }
  text += "AuthorizedKeysFile " + folder_.file("authorized_keys") +
          "\nStrictModes no\nPidFile none\nUsePAM no\nPermitRootLogin yes\nPrintMotd no\n"
          "PasswordAuthentication no\nLogLevel VERBOSE\n"
          "SetEnv HOME=" +
          folder_.path() + "\n";  // no start-up files of a real user
  if (config_.find("MaxStartups") == std::string::npos) {
    text += "MaxStartups 100:30:200\n";  // of this one the last line wins
  }
  const std::string file = folder_.write("config", text);
  process_ = Process({"/usr/sbin/sshd", "-D", "-e", "-f", file}, folder_.file("log"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  await([&] { return accepts(reinterpret_cast<const sockaddr*>(&address), sizeof address); },
        "sshd listening");
}

void RealSshd::kill() {
  for (const pid_t pid : family_of(process_.pid())) {
    if (pid != process_.pid()) {
      ::kill(pid, SIGKILL);
    }
  }
  process_.kill();
}

void RealSshd::freeze(bool frozen) {
  for (const pid_t pid : family_of(process_.pid())) {
    ::kill(pid, frozen ? SIGSTOP : SIGCONT);
  }
}

std::string RealSshd::host_key(const std::string& type) const {
  const std::string line = content_of(folder_.file("host_" + type + ".pub"));
  return line.substr(0, line.find(' ', line.find(' ') + 1));
}

std::string RealSshd::known_hosts_line(const std::string& type) const {
  return "[127.0.0.1]:" + std::to_string(port_) + " " + host_key(type) + "\n";
}

void RealSshd::authorize(const std::string& private_key) const {
  std::ofstream(folder_.file("authorized_keys"), std::ios::app) << content_of(private_key + ".pub");
}

RealAgent::RealAgent() {
  process_ = Process({"ssh-agent", "-D", "-a", socket()}, folder_.file("log"));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket().copy(address.sun_path, sizeof address.sun_path - 1);
  await([&] { return accepts(reinterpret_cast<const sockaddr*>(&address), sizeof address); },
        "ssh-agent listening");
}

void RealAgent::add(const std::string& private_key) const {
  run_program({"env", "SSH_AUTH_SOCK=" + socket(), "ssh-add", "-q", private_key});
}

}  // namespace arcform

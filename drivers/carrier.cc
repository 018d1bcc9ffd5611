// SPDX-License-Identifier: Apache-2.0
#include "drivers/carrier.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/names.h"

namespace arcform {
namespace {

constexpr std::size_t kWordsMax = 2048;

int spawn(const std::vector<std::string>& words, int stream, int err, pid_t& pid) {
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, stream, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, stream, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  // Sockets of the ZooKeeper client are not close-on-exec; a child must not keep its session.
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  sigset_t all;
  sigfillset(&all);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(
      &attributes,
      static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP));
  std::vector<char*> argv;
  for (const std::string& word : words) {
    argv.push_back(const_cast<char*>(word.c_str()));
  }
  argv.push_back(nullptr);
  const int failure = posix_spawnp(&pid, argv.front(), &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return failure;
}

}  // namespace

Result<std::unique_ptr<Carrier>> Carrier::start(const std::vector<std::string>& argv) {
  std::unique_ptr<Carrier> carrier(new Carrier);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error{ErrorCode::resource_exhausted,
                 "no descriptor: " + std::system_category().message(errno)};
  }
  carrier->socket_ = ends[0];
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  carrier->said_ = ::memfd_create("said", MFD_CLOEXEC);
  const int failure = spawn(argv, ends[1], carrier->said_, carrier->pid_);
  ::close(ends[1]);
  if (failure != 0) {
    carrier->pid_ = -1;
    return Error{failure == ENOENT ? ErrorCode::not_found : ErrorCode::resource_exhausted,
                 "run " + argv.front() + ": " + std::system_category().message(failure)};
  }
  return carrier;
}

Carrier::~Carrier() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  for (const int fd : {socket_, said_}) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
}

int Carrier::take_socket() {
  return std::exchange(socket_, -1);
}

std::string Carrier::words() const {
  std::string text(kWordsMax, '\0');
  const ssize_t size = ::pread(said_, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  const std::size_t line = text.rfind('\n');
  return printable(line == std::string::npos ? text : text.substr(line + 1));
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "drivers/spawn.h"

#include <csignal>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/fd.h"

namespace arcform {
namespace {

/// For our children, when ours was raised.
std::optional<rlimit> descriptor_limit;  // NOLINT: a process has one

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) {
    return;
  }
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) {
    descriptor_limit = limit;
  }
}

int SpawnPlan::run(const std::vector<std::string>& argv, const std::string& directory,
                   bool own_group, int in, int out, int err, pid_t& pid) {
  posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
  if (!directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
  }
  // Sockets of the ZooKeeper client are not close-on-exec; a child must not keep its session.
  posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
  sigset_t all;
  sigfillset(&all);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes_, &all);
  posix_spawnattr_setsigmask(&attributes_, &none);
  short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (own_group) {
    flags = static_cast<short>(flags | POSIX_SPAWN_SETPGROUP);
  }
  posix_spawnattr_setflags(&attributes_, flags);
  std::vector<char*> words;
  for (const std::string& argument : argv) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  const int failure =
      posix_spawnp(&pid, words.front(), &actions_, &attributes_, words.data(), environ);
  if (failure == 0 && descriptor_limit) {
    ::prlimit(pid, RLIMIT_NOFILE, &*descriptor_limit, nullptr);  // posix_spawn cannot do that.
  }
  return failure;
}

void run_briefly(const std::vector<std::string>& argv, std::chrono::milliseconds patience) {
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  pid_t pid = -1;
  SpawnPlan plan;
  if (plan.run(argv, "", true, nothing.get(), nothing.get(), nothing.get(), pid) != 0) {
    return;
  }
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd gone{pidfd.get(), POLLIN, 0};
  if (::poll(&gone, 1, static_cast<int>(patience.count())) != 1) {
    ::kill(pid, SIGKILL);
    ::poll(&gone, 1, 200);
  }
  ::waitpid(pid, nullptr, WNOHANG);
}

}  // namespace arcform

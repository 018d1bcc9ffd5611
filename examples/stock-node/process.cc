// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "examples/stock-node/fd.h"

namespace arcform::stock {
namespace {

constexpr rlim_t kSpareFiles = 20;

std::optional<Failure> allow_core_files() {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_CORE, &limit) != 0 && getrlimit(RLIMIT_CORE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
  }
  if (getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_cur == 0) {
    return Failure{kExitSystem, "failed to ensure corefile creation"};
  }
  return std::nullopt;
}

std::optional<Failure> allow_files(int connections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::max(limit.rlim_cur, static_cast<rlim_t>(connections) + kSpareFiles);
  limit.rlim_max = std::max(limit.rlim_max, limit.rlim_cur);
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Failure{kExitSystem,
                   "failed to set rlimit for open files. Try running as root or requesting "
                   "smaller maxconns value."};
  }
  return std::nullopt;
}

std::optional<Failure> assume_user(const std::optional<std::string>& user) {
  if (getuid() != 0 && geteuid() != 0) {
    return std::nullopt;
  }
  if (!user || user->empty()) {
    return Failure{kExitUsage, "can't run as root without the -u switch"};
  }
  const passwd* entry = getpwnam(user->c_str());
  if (entry == nullptr) {
    return Failure{kExitNoUser, fmt::format("can't find the user {} to switch to", *user)};
  }
  // The server keeps root's supplementary groups; an example need not.
  if (initgroups(entry->pw_name, entry->pw_gid) != 0 || setgid(entry->pw_gid) != 0 ||
      setuid(entry->pw_uid) != 0) {
    return Failure{kExitSystem, fmt::format("failed to assume identity of user {}: {}", *user,
                                            std::strerror(errno))};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Failure> set_limits_and_user(const Options& options) {
  if (options.core_dumps) {
    if (auto failure = allow_core_files()) {
      return failure;
    }
  }
  if (auto failure = allow_files(options.max_connections)) {
    return failure;
  }
  if (auto failure = check_limits(options)) {
    return failure;
  }
  return assume_user(options.user);
}

std::optional<Failure> daemonize(bool keep_directory, bool keep_stdio) {
  std::signal(SIGHUP, SIG_IGN);
  const pid_t pid = fork();
  if (pid > 0) {
    _exit(0);
  }
  if (pid < 0 || setsid() < 0 || (!keep_directory && chdir("/") != 0)) {
    return Failure{kExitBadOption, fmt::format("failed to daemonize: {}", std::strerror(errno))};
  }
  if (!keep_stdio) {
    const Fd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      if (null.valid() && dup2(null.get(), fd) < 0) {
        return Failure{kExitBadOption, fmt::format("dup2() failed: {}", std::strerror(errno))};
      }
    }
  }
  return std::nullopt;
}

void write_pid_file(const std::string& path, const Log& log) {
  const std::string text = fmt::format("{}\n", getpid());
  const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file.valid() ||
      write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    log.warning("Could not open the pid file {} for writing: {}", path, std::strerror(errno));
  }
}

void remove_pid_file(const std::string& path, const Log& log) {
  if (unlink(path.c_str()) != 0) {
    log.warning("Could not remove the pid file {}: {}", path, std::strerror(errno));
  }
}

std::optional<Failure> check_library(const std::string& path) {
  std::filesystem::path file = path;
  if (path.find('/') == std::string::npos) {
    std::error_code unknown;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", unknown);
    file = program.parent_path().parent_path() / "lib" / path;
  }
  if (access(file.c_str(), R_OK) != 0) {
    return Failure{kExitBadOption,
                   fmt::format("Failed to open library \"{}\": {}", path, std::strerror(errno))};
  }
  return std::nullopt;
}

}  // namespace arcform::stock

// SPDX-License-Identifier: Apache-2.0
#include "drivers/carrier.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/spawn.h"
#include "model/names.h"

namespace arcform {
namespace {

constexpr std::size_t kWordsMax = 16384;

/// A file in memory that takes so much and no more: a program may complain for weeks.
int make_words() {
  const int fd = ::memfd_create("said", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd >= 0 && ::ftruncate(fd, kWordsMax) == 0) {
    ::fcntl(fd, F_ADD_SEALS, F_SEAL_GROW);
  }
  return fd;
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
  carrier->said_ = make_words();
  SpawnPlan plan;
  const int failure = plan.run(argv, "", true, ends[1], ends[1], carrier->said_, carrier->pid_);
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
  text.resize(std::min(text.find('\0'), text.size()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  const std::size_t line = text.rfind('\n');
  return printable(line == std::string::npos ? text : text.substr(line + 1));
}

}  // namespace arcform

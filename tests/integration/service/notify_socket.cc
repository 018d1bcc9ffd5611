// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/service/notify_socket.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/run_process.h"

namespace arcform {

NotifySocket::NotifySocket(const std::string& path)
    : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (fd_ < 0 || path.size() >= sizeof(address.sun_path)) {
    throw std::runtime_error("notify socket: " + path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("notify socket: bind " + path);
  }
}

NotifySocket::~NotifySocket() {
  ::close(fd_);
}

const std::vector<std::string>& NotifySocket::messages() {
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::recv(fd_, buffer.data(), buffer.size(), 0)) >= 0;) {
    messages_.emplace_back(buffer.data(), static_cast<std::size_t>(n));
  }
  return messages_;
}

std::size_t NotifySocket::count(const std::string& beginning) {
  const std::vector<std::string>& all = messages();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(),
      [&beginning](const std::string& message) { return message.starts_with(beginning); }));
}

bool NotifySocket::await(const std::string& beginning, std::size_t times,
                         std::chrono::milliseconds limit) {
  return eventually([&] { return count(beginning) >= times; }, limit);
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace arcform {

/// The service manager's end of NOTIFY_SOCKET, as sd_notify(3) tells it.
class NotifySocket {
 public:
  explicit NotifySocket(const std::string& path);
  ~NotifySocket();
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  /// Every message that came so far.
  const std::vector<std::string>& messages();
  /// How many of them begin so.
  std::size_t count(const std::string& beginning);
  /// Waits until there are so many; false: not in time.
  bool await(const std::string& beginning, std::size_t times, std::chrono::milliseconds limit);

 private:
  int fd_;
  std::vector<std::string> messages_;
};

}  // namespace arcform

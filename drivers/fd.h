// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include <unistd.h>

namespace arcform {

/// A raw descriptor that is closed on every way out, until Asio or a child takes it.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { static_cast<void>(close()); }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  /// False: the system says so in errno, which can mean that what was written is lost.
  bool close() {
    const int fd = release();
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

}  // namespace arcform

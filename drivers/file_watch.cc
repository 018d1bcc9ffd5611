// SPDX-License-Identifier: Apache-2.0
#include "drivers/file_watch.h"

#include <array>
#include <cstring>
#include <utility>

#include <sys/inotify.h>
#include <unistd.h>

#include "drivers/waiting.h"

namespace arcform {

struct FileWatch::State : std::enable_shared_from_this<FileWatch::State> {
  State(asio::io_context& loop, std::string file, std::function<void()> told)
      : descriptor(loop), name(std::move(file)), changed(std::move(told)) {}

  void wait() {
    descriptor.async_wait(Descriptor::wait_read,
                          [self = shared_from_this()](std::error_code error) {
                            if (!error && self->descriptor.is_open()) {
                              self->read();
                              self->wait();
                            }
                          });
  }

  void read() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    bool ours = false;
    for (ssize_t size = 1; size > 0;) {
      size = ::read(descriptor.native_handle(), buffer.data(), buffer.size());
      for (ssize_t at = 0; at < size;) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof(event));
        const char* const text = buffer.data() + at + sizeof(event);
        const std::string which = event.len > 0 ? text : "";
        ours =
            ours || which == name || which.starts_with("..") || (event.mask & IN_Q_OVERFLOW) != 0;
        at += static_cast<ssize_t>(sizeof(event) + event.len);
      }
    }
    if (ours && changed) {
      changed();
    }
  }

  Descriptor descriptor;
  std::string name;
  std::function<void()> changed;
};

FileWatch::FileWatch(asio::io_context& loop, const std::string& path,
                     std::function<void()> changed) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  state_ = std::make_shared<State>(loop, name, std::move(changed));
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    return;
  }
  constexpr std::uint32_t kWhat = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
  if (::inotify_add_watch(fd, folder.c_str(), kWhat) < 0) {
    ::close(fd);
    return;
  }
  state_->descriptor.assign(fd);
  state_->wait();
}

FileWatch::~FileWatch() {
  state_->changed = nullptr;
  std::error_code ignored;
  state_->descriptor.close(ignored);
}

bool FileWatch::watching() const {
  return state_->descriptor.is_open();
}

}  // namespace arcform

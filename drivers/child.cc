// SPDX-License-Identifier: Apache-2.0
#include "drivers/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <asio/post.hpp>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drivers/fd.h"
#include "drivers/shell_limits.h"
#include "drivers/spawn.h"

namespace arcform {
namespace {

std::string text_of(int error) {
  return std::system_category().message(error);
}

/// Fed to a child before others have their turn.
constexpr std::size_t kFeedMax = std::size_t{1} << 20U;

struct Ends {
  Fd ours;
  Fd theirs;
};

/// Socket pairs, as sshd gives its commands: writing to one can be kept from raising SIGPIPE.
Result<Ends> make_ends() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return Error{ErrorCode::resource_exhausted, "no descriptor: " + text_of(errno)};
  }
  Ends ends{Fd(fds[0]), Fd(fds[1])};
  ::fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK);
  return ends;
}

/// One output stream of the child.
struct Stream {
  Stream(asio::io_context& loop, TimedSignal& signal)
      : descriptor(loop), readiness(signal, Readiness::Kind::read) {}
  Descriptor descriptor;
  Readiness readiness;
  std::string text;
  bool open = true;

  /// Reads all there is; false when nothing happened.
  bool drain() {
    bool progress = false;
    std::array<char, 16384> buffer;
    while (open && text.size() <= kShellOutputMax) {
      const ssize_t n = ::read(descriptor.native_handle(), buffer.data(), buffer.size());
      if (n > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(n));
      } else if (n < 0 && errno == EINTR) {
        continue;
      } else if (n < 0 && errno == EAGAIN) {
        break;
      } else {
        open = false;
      }
      progress = true;
    }
    return progress;
  }
};

/// A running child, ended by its destructor.
class Child : public std::enable_shared_from_this<Child> {
 public:
  Child(asio::io_context& loop, ChildRequest request)
      : request_(std::move(request)),
        changed_(loop),
        in_(loop),
        in_ready_(changed_, Readiness::Kind::write),
        out_(loop, changed_),
        err_(loop, changed_),
        ended_(loop),
        ended_ready_(changed_, Readiness::Kind::read),
        left_(request_.input) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ >= 0) {
      ::kill(request_.own_group ? -pid_ : pid_, SIGKILL);
      pollfd gone{ended_.is_open() ? ended_.native_handle() : -1, POLLIN, 0};
      ::poll(&gone, 1, 200);
      ::waitpid(pid_, nullptr, WNOHANG);
    }
  }

  Result<void> start() {
    Result<Ends> in = make_ends();
    Result<Ends> out = make_ends();
    Result<Ends> err = make_ends();
    for (const Result<Ends>* ends : {&in, &out, &err}) {
      if (!*ends) {
        return ends->error();
      }
    }
    SpawnPlan plan;
    const int failure = plan.run(request_.argv, request_.directory, request_.own_group,
                                 in->theirs.get(), out->theirs.get(), err->theirs.get(), pid_);
    if (failure != 0) {
      pid_ = -1;
      const bool missing = failure == ENOENT || failure == EACCES;
      return Error{missing ? ErrorCode::not_found : ErrorCode::resource_exhausted,
                   "run " + request_.argv.front() + ": " + text_of(failure)};
    }
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    if (pidfd < 0) {
      return Error{ErrorCode::resource_exhausted, "watch a child: " + text_of(errno)};
    }
    ended_.assign(pidfd);
    in_.assign(in->ours.release());
    out_.descriptor.assign(out->ours.release());
    err_.descriptor.assign(err->ours.release());
    return {};
  }

  /// Everything that can be done without waiting; false when nothing was.
  bool advance() {
    const bool fed = feed();
    const bool out = out_.drain();
    const bool err = err_.drain();
    const bool reaped = reap();
    return fed || out || err || reaped;
  }

  const std::optional<Error>& source_failure() const { return source_failure_; }
  bool too_much() const {
    return out_.text.size() > kShellOutputMax || err_.text.size() > kShellOutputMax;
  }
  /// Hands over what came; `until` is when the next must have come.
  bool hand_over(Instant& until) {
    if (!request_.on_output) {
      return true;
    }
    const Instant now = std::chrono::steady_clock::now();
    if (until == Instant::max() || !out_.text.empty()) {
      until = now + request_.silence;
    }
    err_.text.clear();
    return out_.text.empty() || request_.on_output(std::exchange(out_.text, ""));
  }
  bool stop_seen() {
    if (request_.stop_after.empty()) {
      return false;
    }
    const std::size_t at = find_end(out_.text, request_.stop_after, searched_);
    searched_ = out_.text.size();
    if (at != std::string::npos) {
      out_.text.resize(at);
    }
    return at != std::string::npos;
  }
  bool done() const { return !out_.open && !err_.open && pid_ < 0; }

  Awaitable<bool> wait(Instant until) {
    const std::weak_ptr<void> self = weak_from_this();
    if (in_.is_open() && (!left_.empty() || request_.more != nullptr)) {
      in_ready_.arm(in_, self);
    }
    if (out_.open) {
      out_.readiness.arm(out_.descriptor, self);
    }
    if (err_.open) {
      err_.readiness.arm(err_.descriptor, self);
    }
    if (pid_ >= 0) {
      ended_ready_.arm(ended_, self);
    }
    return changed_.wait(until);
  }

  /// How long to wait at most before the input is closed.
  Instant next_look(Instant until) const {
    if (!in_.is_open() || (!left_.empty() || request_.more != nullptr)) {
      return until;
    }
    const auto linger = out_.text.empty() ? request_.linger_silent : request_.linger_talking;
    return std::min(until, std::chrono::steady_clock::now() + linger);
  }
  void close_input() {
    std::error_code ignored;
    in_.close(ignored);
  }

  ChildOutcome take(bool stopped) {
    return ChildOutcome{ShellOutput{std::move(out_.text), std::move(err_.text)}, exit_status_,
                        stopped};
  }

 private:
  /// The next piece of the source when all before it is fed.
  void refill() {
    if (!left_.empty() || request_.more == nullptr) {
      return;
    }
    const Result<std::string_view> piece = request_.more->next();
    if (!piece) {
      source_failure_ = piece.error();
    }
    if (!piece || piece->empty()) {
      request_.more.reset();
    } else {
      left_ = *piece;
    }
  }

  bool feed() {
    std::size_t fed = 0;
    bool progress = false;
    while (in_.is_open() && fed < kFeedMax) {
      refill();
      if (left_.empty()) {
        if (request_.linger_silent.count() == 0) {
          in_.close();
        }
        return progress;
      }
      const ssize_t n = ::send(in_.native_handle(), left_.data(), left_.size(), MSG_NOSIGNAL);
      if (n >= 0) {
        left_.remove_prefix(static_cast<std::size_t>(n));
        fed += static_cast<std::size_t>(n);
      } else if (errno == EAGAIN) {
        return progress;
      } else if (errno != EINTR) {
        in_.close();  // it reads no more, which is its own business
      }
      progress = true;
    }
    return progress;
  }

  bool reap() {
    int status = 0;
    if (pid_ < 0 || ::waitpid(pid_, &status, WNOHANG) != pid_) {
      return false;
    }
    pid_ = -1;
    exit_status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return true;
  }

  ChildRequest request_;
  TimedSignal changed_;
  Descriptor in_;
  Readiness in_ready_;
  Stream out_;
  Stream err_;
  Descriptor ended_;  ///< a pidfd: readable once the child has ended
  Readiness ended_ready_;
  pid_t pid_ = -1;
  std::string_view left_;  ///< of the input, or of a piece of the source
  std::optional<Error> source_failure_;
  std::size_t searched_ = 0;
  int exit_status_ = 0;
};

}  // namespace

Awaitable<Result<ChildOutcome>> run_child(asio::io_context& loop, ChildRequest request,
                                          Instant until) {
  const std::chrono::milliseconds stall = request.stall;
  const auto child = std::make_shared<Child>(loop, std::move(request));
  if (Result<void> started = child->start(); !started) {
    co_return started.error();
  }
  while (true) {
    const bool progress = child->advance();
    if (child->source_failure()) {
      co_return *child->source_failure();
    }
    if (progress && stall.count() > 0) {
      until = std::chrono::steady_clock::now() + stall;
    }
    if (!child->hand_over(until)) {
      co_return child->take(true);
    }
    if (child->too_much()) {
      co_return too_much_output();
    }
    if (child->stop_seen()) {
      co_return child->take(true);
    }
    if (child->done()) {
      co_return child->take(false);
    }
    if (std::chrono::steady_clock::now() >= until) {
      co_return Error{ErrorCode::deadline_exceeded, "no end in time"};
    }
    if (progress) {
      co_await asio::post(loop.get_executor(), kAwait);  // Others have their turn.
      continue;
    }
    const Instant look = child->next_look(until);
    const bool woken = co_await child->wait(look);
    if (!woken && look < until) {
      child->close_input();
    }
  }
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_channel.h"

#include <array>
#include <string_view>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/post.hpp>
#include <fmt/format.h>

#include "drivers/shell_limits.h"
#include "drivers/ssh_link.h"

namespace arcform {
namespace {

constexpr std::string_view kCommand = "exec /bin/sh -s";
constexpr std::chrono::seconds kClosePatience{2};
/// Written, or read, before the other streams are looked at and other calls have their turn.
constexpr std::size_t kTurnMax = std::size_t{1} << 18U;

/// An open channel. It belongs to the session, which frees what nobody closed: so a channel that
/// is dropped half way only keeps its connection from being used again.
class Channel {
 public:
  Channel(std::shared_ptr<SshLink> link, LIBSSH2_CHANNEL* channel, Places::Held place)
      : link_(std::move(link)), channel_(channel), place_(std::move(place)) {}
  Channel(Channel&& other) noexcept
      : link_(std::move(other.link_)),
        channel_(std::exchange(other.channel_, nullptr)),
        place_(std::move(other.place_)) {}
  Channel& operator=(Channel&&) = delete;
  ~Channel() {
    if (channel_ != nullptr) {
      link_->retire();
    }
  }
  LIBSSH2_CHANNEL* get() const { return channel_; }
  SshLink& link() const { return *link_; }

  /// Says good-bye while the caller goes on.
  static void close_later(Channel channel) {
    asio::io_context& loop = channel.link().loop();
    asio::co_spawn(loop, close(std::move(channel)), asio::detached);
  }

 private:
  static Awaitable<void> close(Channel channel) {
    SshLink::Turn turn(channel.link());
    LIBSSH2_CHANNEL* const handle = channel.channel_;
    const Instant until = std::chrono::steady_clock::now() + kClosePatience;
    const std::function<long()> call = [handle] { return libssh2_channel_free(handle); };
    const long freed = co_await channel.link().finish(turn, call, until);
    if (freed != SshLink::kTimedOut) {
      channel.channel_ = nullptr;
    }
  }

  std::shared_ptr<SshLink> link_;
  LIBSSH2_CHANNEL* channel_;
  Places::Held place_;
};

Error too_late() {
  return Error{ErrorCode::deadline_exceeded, "no answer in time"};
}

/// Writes all input and reads both streams, each as far as it goes without waiting.
class Transfer {
 public:
  Transfer(Channel& channel, std::string input)
      : channel_(channel),
        link_(channel.link()),
        input_(std::move(input)),
        left_(input_),
        writing_(link_),
        out_(link_),
        err_(link_) {}
  bool send_eof = false;
  std::string stop_after;
  std::function<bool(std::string_view)> on_output;  ///< given what comes; false: enough
  std::chrono::milliseconds silence{0};             ///< with on_output
  std::shared_ptr<ByteSource> more;                 ///< sent after the input
  /// Not zero: the deadline is so long after the last progress.
  std::chrono::milliseconds stall{0};

  /// Until both streams are at their end or `stop_after` was read.
  Awaitable<Result<ShellOutput>> run(Instant until) {
    while (true) {
      const std::uint64_t received = link_.received();
      const bool progress = advance();
      if (source_failure_) {
        co_return *source_failure_;
      }
      if (failure_ != 0) {
        co_return link_.error_of(failure_);
      }
      if (on_output && progress && !out_.text.empty()) {
        until = std::chrono::steady_clock::now() + silence;
        err_.text.clear();
        if (!on_output(std::exchange(out_.text, ""))) {
          co_return take();
        }
      }
      if (out_.text.size() > kShellOutputMax || err_.text.size() > kShellOutputMax) {
        co_return too_much_output();
      }
      if (!has_half_sent() && (stop_seen() || end_seen())) {
        co_return take();
      }
      if (progress && stall.count() > 0) {
        until = std::chrono::steady_clock::now() + stall;
      }
      if (std::chrono::steady_clock::now() >= until) {
        co_return too_late();
      }
      // What was received may be output, and nothing more need come to wake us: look again.
      if (progress || link_.received() != received) {
        co_await asio::post(link_.loop().get_executor(), kAwait);  // Others have their turn.
      } else {
        co_await link_.wait(until);
      }
    }
  }
  /// The other side closed its streams.
  bool ended() const { return ended_; }

 private:
  struct Stream {
    explicit Stream(SshLink& link) : turn(link) {}
    SshLink::Turn turn;
    std::string text;
  };

  bool has_half_sent() const {
    return link_.has_half_sent(writing_) || link_.has_half_sent(out_.turn) ||
           link_.has_half_sent(err_.turn);
  }

  bool advance() {
    const bool wrote = write();
    const bool out = read(out_, 0);
    return read(err_, SSH_EXTENDED_DATA_STDERR) || out || wrote;
  }

  bool write() {
    std::size_t written = 0;
    while (written < kTurnMax) {
      const std::size_t n = write_once();
      written += n;
      if (n == 0 || input_done_) {
        break;
      }
    }
    return std::exchange(wrote_, false) || written > 0;
  }

  /// The next piece of the source when all before it went out.
  void refill() {
    if (!left_.empty() || more == nullptr || input_done_ || failure_ != 0 ||
        link_.has_half_sent(writing_)) {
      return;
    }
    const Result<std::string_view> piece = more->next();
    if (!piece) {
      source_failure_ = piece.error();
    } else if (piece->empty()) {
      more.reset();
    } else {
      left_ = *piece;
    }
  }

  /// How many bytes went out.
  std::size_t write_once() {
    refill();
    if (input_done_ || failure_ != 0 || source_failure_) {
      return 0;
    }
    const bool ending = left_.empty();
    const long n = link_.attempt(writing_, [this, ending]() -> long {
      if (!ending) {
        return libssh2_channel_write_ex(channel_.get(), 0, left_.data(), left_.size());
      }
      return send_eof ? libssh2_channel_send_eof(channel_.get()) : 0;
    });
    if (n == LIBSSH2_ERROR_EAGAIN || (n == 0 && !ending)) {
      return 0;
    }
    wrote_ = true;
    if (n < 0 || ending) {
      // A command that leaves early does not read the rest; a lost connection is seen by reading.
      input_done_ = true;
      return 0;
    }
    left_.remove_prefix(static_cast<std::size_t>(n));
    return static_cast<std::size_t>(n);
  }

  bool read(Stream& stream, int id) {
    std::size_t taken = 0;
    std::array<char, 16384> buffer;
    while (failure_ == 0 && taken < kTurnMax) {
      const long n = link_.attempt(stream.turn, [&]() -> long {
        return libssh2_channel_read_ex(channel_.get(), id, buffer.data(), buffer.size());
      });
      if (n < 0 && n != LIBSSH2_ERROR_EAGAIN) {
        failure_ = n;
      }
      if (n <= 0) {
        break;
      }
      stream.text.append(buffer.data(), static_cast<std::size_t>(n));
      taken += static_cast<std::size_t>(n);
    }
    return taken > 0;
  }

  bool stop_seen() {
    if (stop_after.empty()) {
      return false;
    }
    const std::size_t at = find_end(out_.text, stop_after, searched_);
    searched_ = out_.text.size();
    if (at != std::string::npos) {
      out_.text.resize(at);
    }
    return at != std::string::npos;
  }

  bool end_seen() { return ended_ = libssh2_channel_eof(channel_.get()) != 0; }

  ShellOutput take() { return ShellOutput{std::move(out_.text), std::move(err_.text)}; }

  Channel& channel_;
  SshLink& link_;
  std::string input_;
  std::string_view left_;  ///< of the input, or of a piece of the source
  bool input_done_ = false;
  bool wrote_ = false;
  std::optional<Error> source_failure_;
  SshLink::Turn writing_;
  Stream out_;
  Stream err_;
  std::size_t searched_ = 0;
  long failure_ = 0;
  bool ended_ = false;
};

using Opener = std::function<LIBSSH2_CHANNEL*(LIBSSH2_SESSION*)>;

/// One at a time per session. A channel that is not open in time leaves its session unusable for
/// the next one.
Awaitable<Attempt<Channel>> open_channel(std::shared_ptr<SshLink> link, Places& places,
                                         Opener opener, Instant until) {
  std::optional<Places::Held> place = co_await places.take(until);
  if (!place) {
    co_return Attempt<Channel>{too_late()};
  }
  const std::optional<Places::Held> lock = co_await link->opening().take(until);
  if (!lock) {
    co_return Attempt<Channel>{too_late()};
  }
  if (!link->usable()) {
    co_return Attempt<Channel>{link->error_of(LIBSSH2_ERROR_SOCKET_DISCONNECT), true};
  }
  SshLink::Turn turn(*link);
  LIBSSH2_CHANNEL* channel = nullptr;
  const std::function<long()> call = [&]() -> long {
    channel = opener(link->session());
    return channel != nullptr ? 0 : libssh2_session_last_errno(link->session());
  };
  const long opened = co_await link->finish(turn, call, until);
  if (opened == 0) {
    co_return Attempt<Channel>{Channel(link, channel, std::move(*place))};
  }
  if (opened == SshLink::kTimedOut && !link->is_broken()) {
    link->retire();
    co_return Attempt<Channel>{too_late()};
  }
  co_return Attempt<Channel>{link->error_of(opened), link->is_broken()};
}

LIBSSH2_CHANNEL* open_session(LIBSSH2_SESSION* session) {
  constexpr std::string_view kType = "session";
  return libssh2_channel_open_ex(session, kType.data(), kType.size(),
                                 LIBSSH2_CHANNEL_WINDOW_DEFAULT, LIBSSH2_CHANNEL_PACKET_DEFAULT,
                                 nullptr, 0);
}

/// libssh2 tells why a channel was refused in its message alone (channel.c, 1.10).
Error refused_forward(const Error& error) {
  if (error.message.find("administratively prohibited") != std::string::npos) {
    return Error{ErrorCode::permission_denied, "the server does not forward connections"};
  }
  if (error.message.find("connect failed") != std::string::npos) {
    return Error{ErrorCode::not_found, "connection refused"};
  }
  return error;
}

/// A channel in which a shell runs: it reads its script, or what its command says.
Awaitable<Attempt<Channel>> open_shell(std::shared_ptr<SshLink> link, std::string command,
                                       Instant until) {
  Attempt<Channel> opened = co_await open_channel(link, link->commands(), open_session, until);
  if (!opened.result) {
    co_return std::move(opened);
  }
  SshLink::Turn turn(*link);
  LIBSSH2_CHANNEL* const handle = opened.result->get();
  const std::function<long()> call = [handle, &command]() -> long {
    return libssh2_channel_process_startup(handle, "exec", 4, command.data(),
                                           static_cast<unsigned>(command.size()));
  };
  const long started = co_await link->finish(turn, call, until);
  if (started != 0) {
    co_return Attempt<Channel>{link->error_of(started)};
  }
  link->settled();
  co_return std::move(opened);
}

}  // namespace

Awaitable<Attempt<bool>> stream_over(std::shared_ptr<SshLink> link, std::string input,
                                     std::function<bool(std::string_view)> on_output,
                                     std::chrono::milliseconds silence) {
  const Instant until = std::chrono::steady_clock::now() + silence;
  Attempt<Channel> opened = co_await open_shell(link, std::string(kCommand), until);
  if (!opened.result) {
    co_return Attempt<bool>{opened.result.error(), opened.may_repeat};
  }
  Transfer transfer(*opened.result, std::move(input));
  transfer.send_eof = true;
  transfer.on_output = std::move(on_output);
  transfer.silence = silence;
  const Result<ShellOutput> output = co_await transfer.run(until);
  if (!output) {
    if (output.error().code == ErrorCode::deadline_exceeded) {
      link->break_down(Error{ErrorCode::unavailable, "the other side has fallen silent"});
    }
    co_return Attempt<bool>{output.error()};
  }
  Channel::close_later(std::move(*opened.result));
  co_return Attempt<bool>{true};
}

Awaitable<Attempt<ShellOutput>> execute_over(std::shared_ptr<SshLink> link, ShellInput input,
                                             Instant until) {
  std::string command(kCommand);
  if (input.data != nullptr) {
    command = fmt::format("exec /bin/sh -c '{}'", run_from_input(input.script.size()));
  }
  Attempt<Channel> opened = co_await open_shell(link, std::move(command), until);
  if (!opened.result) {
    co_return Attempt<ShellOutput>{opened.result.error(), opened.may_repeat};
  }
  Transfer transfer(*opened.result, std::move(input.script));
  transfer.send_eof = true;
  transfer.more = std::move(input.data);
  transfer.stall = input.stall;
  Result<ShellOutput> output = co_await transfer.run(until);
  if (output) {
    Channel::close_later(std::move(*opened.result));
  }
  co_return Attempt<ShellOutput>{std::move(output)};
}

Awaitable<Attempt<std::string>> exchange_over(std::shared_ptr<SshLink> link, Endpoint at,
                                              std::string question, std::string end,
                                              Instant until) {
  const Opener opener = [address = at.ip_text(), port = at.port](LIBSSH2_SESSION* session) {
    return libssh2_channel_direct_tcpip_ex(session, address.c_str(), port, "127.0.0.1", 0);
  };
  Attempt<Channel> opened = co_await open_channel(link, link->forwards(), opener, until);
  if (!opened.result) {
    co_return Attempt<std::string>{refused_forward(opened.result.error()), opened.may_repeat};
  }
  if (std::chrono::steady_clock::now() >= until) {  // We were stopped: it is not ours to say now.
    co_return Attempt<std::string>{too_late()};
  }
  Transfer transfer(*opened.result, std::move(question));
  transfer.stop_after = end;
  const Result<ShellOutput> output = co_await transfer.run(until);
  Channel::close_later(std::move(*opened.result));
  if (!output) {
    co_return Attempt<std::string>{output.error()};
  }
  if (transfer.ended() && !end.empty()) {
    co_return Attempt<std::string>{
        Error{ErrorCode::unavailable, "closed the connection before the answer's end"}};
  }
  co_return Attempt<std::string>{output->out};
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to the drivers/ssh_*.cc files: this is the one header that shows libssh2.
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <asio/ip/tcp.hpp>
#include <libssh2.h>

#include "drivers/carrier.h"
#include "drivers/waiting.h"
#include "model/result.h"

namespace arcform {

/// One TCP connection with its libssh2 session, non-blocking, shared by overlapping calls of one
/// thread. libssh2 has two rules that this class keeps for its users: a packet that went out in
/// half must be finished by the call that began it before any other call may send (Turn), and what
/// one call reads from the socket may be what another one waits for (every progress wakes all).
class SshLink : public std::enable_shared_from_this<SshLink> {
 public:
  /// Our own deadline passed; the same value as libssh2's.
  static constexpr long kTimedOut = LIBSSH2_ERROR_TIMEOUT;

  explicit SshLink(asio::io_context& loop);
  SshLink(const SshLink&) = delete;
  SshLink& operator=(const SshLink&) = delete;
  ~SshLink();

  /// Identifies one sequence of equal libssh2 calls. Going away with half a packet sent breaks the
  /// connection, as nobody could ever finish the packet.
  class Turn {
   public:
    explicit Turn(SshLink& link) : link_(link) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn();

   private:
    SshLink& link_;
  };

  /// Errors (without a subject): unavailable, deadline_exceeded.
  Awaitable<Result<void>> connect(asio::ip::tcp::endpoint there, Instant until);
  /// The standard input and output of a program instead of a TCP connection; it ends with the link.
  /// Errors (without a subject): not_found, resource_exhausted.
  Result<void> connect_through(const std::vector<std::string>& argv);
  /// What the program said about its trouble, in one line; empty: nothing, or there is none.
  std::string carrier_words() const;
  /// Begins the session on the connected socket; false when out of memory.
  bool begin();

  /// Calls `call` once; LIBSSH2_ERROR_EAGAIN without calling it while another Turn has half a
  /// packet out, and also when the other side has said so much that others must have their turn.
  /// A transport error breaks the link.
  template <class Call>
  long attempt(Turn& turn, Call&& call) {
    if (broken_ || (sender_ != nullptr && sender_ != &turn)) {
      return broken_ ? LIBSSH2_ERROR_SOCKET_DISCONNECT : LIBSSH2_ERROR_EAGAIN;
    }
    const std::uint64_t before = received_;
    receive_until_ = received_ + kAttemptMax;
    const long result = call();
    after(turn, result, before != received_);
    return result;
  }
  /// Calls until the answer is not EAGAIN; kTimedOut when `until` passed first.
  Awaitable<long> finish(Turn& turn, std::function<long()> call, Instant until);
  /// Waits for anything to happen; false when `until` passed first.
  Awaitable<bool> wait(Instant until);
  bool has_half_sent(const Turn& turn) const { return sender_ == &turn; }

  /// The error of the last call, which returned `code`, without a subject.
  Error error_of(long code) const;
  /// Ends the connection now; whoever waits for it gets `error`.
  void break_down(Error error);
  /// Takes no new calls; those that run go on.
  void retire() { retired_ = true; }
  /// False also when the other side has closed it meanwhile.
  bool usable();
  /// Bytes so far; one call may read what another waits for.
  std::uint64_t received() const { return received_; }
  bool is_broken() const { return broken_.has_value(); }
  /// The host is who it should be and knows us: it may say more than kLoginMax from here on.
  void logged_in() { logged_in_ = true; }
  /// A command has started, from where on sshd sends without delay (session.c): before that it
  /// holds small packets back until we acknowledge the one before, which delayed would cost 40 ms.
  void settled() { quick_acks_ = false; }
  void wake() { changed_.notify_all(); }

  LIBSSH2_SESSION* session() const { return session_; }
  int socket() { return socket_.native_handle(); }
  asio::io_context& loop() { return changed_.loop(); }
  /// Commands at a time; sshd's MaxSessions defaults to 10.
  Places& commands() { return commands_; }
  Places& forwards() { return forwards_; }
  /// libssh2 keeps the state of opening a channel once per session.
  Places& opening() { return opening_; }
  /// The server refuses direct-tcpip channels.
  bool forwarding_prohibited = false;

 private:
  static constexpr std::uint64_t kAttemptMax = std::uint64_t{1} << 18U;
  /// libssh2 keeps packets that nobody asks for, and anybody may be speaking.
  static constexpr std::uint64_t kLoginMax = std::uint64_t{1} << 20U;
  using Socket = asio::basic_stream_socket<asio::ip::tcp, LoopExecutor>;
  void after(Turn& turn, long result, bool received);
  void set_options();
  ssize_t receive(void* buffer, std::size_t size);
  ssize_t receive_from_socket(void* buffer, std::size_t size);
  ssize_t send(const void* buffer, std::size_t size);
  static ssize_t on_receive(int fd, void* buffer, std::size_t size, int flags, void** self);
  static void on_disconnect(LIBSSH2_SESSION* session, int reason, const char* words, int size,
                            const char* language, int language_size, void** self);
  static ssize_t on_send(int fd, const void* buffer, std::size_t size, int flags, void** self);

  TimedSignal changed_;
  std::unique_ptr<Carrier> carrier_;
  Socket socket_;  // must outlive the session, which writes to it when it is freed
  Readiness readable_;
  Readiness writable_;
  LIBSSH2_SESSION* session_ = nullptr;
  const Turn* sender_ = nullptr;
  std::uint64_t received_ = 0;
  std::uint64_t receive_until_ = 0;  ///< libssh2 reads until nothing is left, be it for ever
  std::optional<Error> broken_;
  bool retired_ = false;
  bool logged_in_ = false;
  bool quick_acks_ = true;
  /// libssh2 reads the banner byte by byte, each time until nothing is left: read ahead for it.
  std::array<char, 256> ahead_{};
  std::size_t ahead_begin_ = 0;
  std::size_t ahead_end_ = 0;
  Places commands_;
  Places forwards_;
  Places opening_;
};

}  // namespace arcform

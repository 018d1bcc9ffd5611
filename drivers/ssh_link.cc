// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_link.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include "model/names.h"

namespace arcform {
namespace {

constexpr int kCommandsMax = 4;
constexpr int kForwardsMax = 16;
constexpr int kUserTimeoutMs = 15'000;

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

Error connect_error(const std::error_code& error) {
  std::string advice;
  if (error == asio::error::connection_refused) {
    advice = "; is sshd running, and is the port right?";
  } else if (error == asio::error::network_unreachable || error == asio::error::host_unreachable) {
    advice = "; check the address and the route to it";
  }
  return Error{ErrorCode::unavailable, error.message() + advice};
}

/// Errors of one request on a healthy connection; everything else ends the connection. -18, -19 and
/// the like are the answers to a login.
bool is_about_request_only(long code) {
  switch (code) {
    case LIBSSH2_ERROR_EAGAIN:
    case LIBSSH2_ERROR_PASSWORD_EXPIRED:
    case LIBSSH2_ERROR_FILE:
    case LIBSSH2_ERROR_METHOD_NONE:
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
    case LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
    case LIBSSH2_ERROR_CHANNEL_FAILURE:
    case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
    case LIBSSH2_ERROR_CHANNEL_CLOSED:
    case LIBSSH2_ERROR_CHANNEL_EOF_SENT:
    case LIBSSH2_ERROR_REQUEST_DENIED:
    case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
      return true;
    default:
      return code >= 0;
  }
}

ErrorCode code_of(long code) {
  switch (code) {
    case LIBSSH2_ERROR_TIMEOUT:
      return ErrorCode::deadline_exceeded;
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
    case LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
    case LIBSSH2_ERROR_PASSWORD_EXPIRED:
    case LIBSSH2_ERROR_FILE:
      return ErrorCode::unauthenticated;
    case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED:
    case LIBSSH2_ERROR_REQUEST_DENIED:
      return ErrorCode::permission_denied;
    case LIBSSH2_ERROR_CHANNEL_FAILURE:
    case LIBSSH2_ERROR_ALLOC:
      return ErrorCode::resource_exhausted;
    case LIBSSH2_ERROR_KEX_FAILURE:
    case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
      return ErrorCode::unsupported;
    case LIBSSH2_ERROR_BAD_USE:
    case LIBSSH2_ERROR_INVAL:
      return ErrorCode::internal;
    default:
      return ErrorCode::unavailable;
  }
}

std::string text_of(long code, LIBSSH2_SESSION* session) {
  switch (code) {
    case LIBSSH2_ERROR_TIMEOUT:
      return "no answer in time";
    case LIBSSH2_ERROR_SOCKET_RECV:
    case LIBSSH2_ERROR_SOCKET_DISCONNECT:
    case LIBSSH2_ERROR_SOCKET_SEND:
      return "the connection was lost";
    default:
      break;
  }
  char* message = nullptr;
  int size = 0;
  libssh2_session_last_error(session, &message, &size, 0);
  const std::string number = " (libssh2 " + std::to_string(code) + ")";
  return (size > 0 ? std::string(message, static_cast<std::size_t>(size)) : "failed") + number;
}

}  // namespace

SshLink::SshLink(asio::io_context& loop)
    : changed_(loop),
      socket_(loop),
      readable_(changed_, Readiness::Kind::read),
      writable_(changed_, Readiness::Kind::write),
      commands_(loop, kCommandsMax),
      forwards_(loop, kForwardsMax),
      opening_(loop, 1) {}

SshLink::~SshLink() {
  // Freeing says good-bye on every channel; to a socket that answers "not connected" that is quick.
  if (!broken_) {
    broken_ = Error{ErrorCode::unavailable, "the connection was closed"};
  }
  if (session_ != nullptr) {
    libssh2_session_free(session_);
  }
}

SshLink::Turn::~Turn() {
  if (link_.sender_ == this) {
    link_.sender_ = nullptr;
    link_.break_down(Error{ErrorCode::unavailable, "the connection was given up in mid-packet"});
  }
}

Awaitable<Result<void>> SshLink::connect(asio::ip::tcp::endpoint there, Instant until) {
  std::error_code error;
  socket_.open(there.protocol(), error);
  if (error) {
    co_return Error{ErrorCode::resource_exhausted, "no socket: " + error.message()};
  }
  set_options();
  std::optional<std::error_code> outcome;
  const auto shared = std::make_shared<std::optional<std::error_code>*>(&outcome);
  struct Forget {
    std::shared_ptr<std::optional<std::error_code>*> slot;
    ~Forget() { *slot = nullptr; }
  } const forget{shared};
  socket_.async_connect(there, [self = shared_from_this(), shared](std::error_code result) {
    if (*shared != nullptr) {
      **shared = result;
    }
    self->changed_.notify_all();
  });
  while (!outcome) {
    const bool woken = co_await changed_.wait(until);
    if (!woken) {
      socket_.close(error);
      co_return Error{ErrorCode::deadline_exceeded,
                      "no answer to the TCP connect; is the host up, is a firewall in between?"};
    }
  }
  if (*outcome) {
    co_return connect_error(*outcome);
  }
  co_return Result<void>();
}

Result<void> SshLink::connect_through(const std::vector<std::string>& argv) {
  auto carrier = Carrier::start(argv);
  if (!carrier) {
    return carrier.error();
  }
  std::error_code error;
  socket_.assign(asio::ip::tcp::v4(), (*carrier)->take_socket(), error);
  if (error) {
    return Error{ErrorCode::resource_exhausted, "no socket: " + error.message()};
  }
  carrier_ = std::move(*carrier);
  quick_acks_ = false;
  return {};
}

std::string SshLink::carrier_words() const {
  return carrier_ == nullptr ? "" : carrier_->words();
}

void SshLink::set_options() {
  const int fd = socket_.native_handle();
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
}

bool SshLink::begin() {
  session_ = libssh2_session_init_ex(nullptr, nullptr, nullptr, this);
  if (session_ == nullptr) {
    return false;
  }
  libssh2_session_set_blocking(session_, 0);
  libssh2_session_callback_set(session_, LIBSSH2_CALLBACK_RECV,
                               reinterpret_cast<void*>(&SshLink::on_receive));
  libssh2_session_callback_set(session_, LIBSSH2_CALLBACK_SEND,
                               reinterpret_cast<void*>(&SshLink::on_send));
  libssh2_session_callback_set(session_, LIBSSH2_CALLBACK_DISCONNECT,
                               reinterpret_cast<void*>(&SshLink::on_disconnect));
  return true;
}

void SshLink::after(Turn& turn, long result, bool received) {
  const bool again = result == LIBSSH2_ERROR_EAGAIN;
  const bool half =
      again && (libssh2_session_block_directions(session_) & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
  sender_ = half ? &turn : nullptr;
  if (!is_about_request_only(result)) {
    Error error = error_of(result);
    if (error.code == ErrorCode::deadline_exceeded) {
      error.code = ErrorCode::unavailable;
    }
    break_down(std::move(error));
  } else if (received || !again) {
    changed_.notify_all();
  }
}

Awaitable<long> SshLink::finish(Turn& turn, std::function<long()> call, Instant until) {
  while (true) {
    const long result = attempt(turn, call);
    if (result != LIBSSH2_ERROR_EAGAIN) {
      co_return result;
    }
    // Looked at here, as one that never stops talking wakes us before the time does.
    if (std::chrono::steady_clock::now() >= until) {
      co_return kTimedOut;
    }
    co_await wait(until);
  }
}

Awaitable<bool> SshLink::wait(Instant until) {
  if (!broken_) {
    if (sender_ != nullptr) {
      writable_.arm(socket_, weak_from_this());
    }
    readable_.arm(socket_, weak_from_this());
  }
  return changed_.wait(until);
}

Error SshLink::error_of(long code) const {
  if (broken_) {
    return *broken_;
  }
  return Error{code_of(code), text_of(code, session_)};
}

void SshLink::break_down(Error error) {
  if (broken_) {
    return;
  }
  broken_ = std::move(error);
  retired_ = true;
  // Not closed yet: another thread could be given the number while libssh2 still holds it.
  std::error_code ignored;
  socket_.cancel(ignored);
  ::shutdown(socket_.native_handle(), SHUT_RDWR);
  changed_.notify_all();
}

bool SshLink::usable() {
  if (retired_ || broken_) {
    return false;
  }
  char byte = 0;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
    break_down(Error{ErrorCode::unavailable, "the connection was lost"});
    return false;
  }
  return true;
}

ssize_t SshLink::receive(void* buffer, std::size_t size) {
  if (broken_) {
    return -ENOTCONN;
  }
  if (ahead_begin_ == ahead_end_ && size < ahead_.size()) {
    const ssize_t n = receive_from_socket(ahead_.data(), ahead_.size());
    if (n <= 0) {
      return n;
    }
    ahead_begin_ = 0;
    ahead_end_ = static_cast<std::size_t>(n);
  }
  if (ahead_begin_ < ahead_end_) {
    const std::size_t taken = std::min(size, ahead_end_ - ahead_begin_);
    std::copy_n(ahead_.data() + ahead_begin_, taken, static_cast<char*>(buffer));
    ahead_begin_ += taken;
    return static_cast<ssize_t>(taken);
  }
  return receive_from_socket(buffer, size);
}

ssize_t SshLink::receive_from_socket(void* buffer, std::size_t size) {
  if (received_ >= receive_until_) {
    return -EAGAIN;  // What is left wakes at once whoever waits for it.
  }
  if (!logged_in_ && received_ > kLoginMax) {
    break_down(Error{ErrorCode::unavailable,
                     "it said more than 1 MB before the login was done; is it an SSH server?"});
    return -ENOTCONN;
  }
  const ssize_t n = ::recv(socket_.native_handle(), buffer, size, MSG_DONTWAIT);
  if (n > 0) {
    received_ += static_cast<std::uint64_t>(n);
    if (quick_acks_) {
      // The kernel leaves this mode by itself; a login has many small messages in turn.
      set_option(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, 1);
    }
  }
  return n < 0 ? (errno == EINTR ? -EAGAIN : -errno) : n;
}

ssize_t SshLink::send(const void* buffer, std::size_t size) {
  if (broken_) {
    return -ENOTCONN;
  }
  const ssize_t n = ::send(socket_.native_handle(), buffer, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  return n < 0 ? (errno == EINTR ? -EAGAIN : -errno) : n;
}

ssize_t SshLink::on_receive(int, void* buffer, std::size_t size, int, void** self) {
  return static_cast<SshLink*>(*self)->receive(buffer, size);
}

ssize_t SshLink::on_send(int, const void* buffer, std::size_t size, int, void** self) {
  return static_cast<SshLink*>(*self)->send(buffer, size);
}

void SshLink::on_disconnect(LIBSSH2_SESSION*, int, const char* words, int size, const char*, int,
                            void** self) {
  const std::string_view said(words, size > 0 ? static_cast<std::size_t>(size) : 0);
  static_cast<SshLink*>(*self)->break_down(
      Error{ErrorCode::unavailable, "the server hung up: " + printable(said)});
}

}  // namespace arcform

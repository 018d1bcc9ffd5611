// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_session.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "drivers/ssh_auth.h"
#include "drivers/ssh_link.h"

namespace arcform {
namespace {

constexpr std::chrono::seconds kConnectPatience{5};
constexpr std::chrono::seconds kLoginPatience{20};

// Equally good ones in the order of what they cost a host: sshd computes nistp256 in libcrypto's
// assembler, and curve25519 and ed25519 in portable C of its own (OpenSSH 9.2). No group exchange:
// it costs a round trip more and 36 ms of CPU.
constexpr const char* kKeyExchanges =
    "ecdh-sha2-nistp256,curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp384,"
    "ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
    "diffie-hellman-group14-sha256";
constexpr const char* kCiphers = "aes128-ctr,aes256-ctr,aes192-ctr";
constexpr const char* kMacs = "hmac-sha2-256,hmac-sha2-512";
constexpr std::string_view kHostKeyTypes[] = {
    "ecdsa-sha2-nistp256", "ssh-ed25519", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"};

/// The types that known_hosts has for this host, best first; all when it has none: the server's key
/// is then looked at only to tell its fingerprint.
std::string host_key_types(const KnownKeys& known) {
  const auto is_known = [&](std::string_view type) {
    return std::any_of(known.keys.begin(), known.keys.end(), [&](const KnownKey& key) {
      return key.type == type && key.exact_port && !key.revoked;
    });
  };
  const bool any = std::any_of(std::begin(kHostKeyTypes), std::end(kHostKeyTypes), is_known);
  std::string types;
  for (const std::string_view type : kHostKeyTypes) {
    if (!any || is_known(type)) {
      types.append(types.empty() ? "" : ",").append(type);
    }
  }
  return types;
}

/// libssh2 refuses a list of which it supports nothing.
bool set_preferences(LIBSSH2_SESSION* session, const std::string& key_types) {
  const std::pair<int, const char*> preferences[] = {
      {LIBSSH2_METHOD_KEX, kKeyExchanges}, {LIBSSH2_METHOD_HOSTKEY, key_types.c_str()},
      {LIBSSH2_METHOD_CRYPT_CS, kCiphers}, {LIBSSH2_METHOD_CRYPT_SC, kCiphers},
      {LIBSSH2_METHOD_MAC_CS, kMacs},      {LIBSSH2_METHOD_MAC_SC, kMacs}};
  return std::all_of(std::begin(preferences), std::end(preferences), [&](const auto& preference) {
    return libssh2_session_method_pref(session, preference.first, preference.second) == 0;
  });
}

Error cannot_speak(const std::string& key_types) {
  return Error{ErrorCode::unsupported,
               "no key exchange, host key (known_hosts has " + key_types +
                   "), cipher or MAC in common with this server; use \"transport\": \"openssh\" "
                   "for this host"};
}

/// libssh2 keeps any first line as the banner; sshd says "Exceeded MaxStartups" before it hangs up.
bool said_nothing(LIBSSH2_SESSION* session) {
  const char* banner = libssh2_session_banner_get(session);
  return banner == nullptr || !std::string_view(banner).starts_with("SSH-");
}

Awaitable<Connected> shake_hands(std::shared_ptr<SshLink> link, std::string key_types,
                                 Instant until) {
  if (!link->begin()) {
    co_return Connected{nullptr, Error{ErrorCode::resource_exhausted, "no memory"}};
  }
  LIBSSH2_SESSION* const session = link->session();
  if (!set_preferences(session, key_types)) {
    co_return Connected{nullptr, cannot_speak(key_types)};
  }
  SshLink::Turn turn(*link);
  const int socket = link->socket();
  const std::function<long()> call = [session, socket]() -> long {
    return libssh2_session_handshake(session, socket);
  };
  const long done = co_await link->finish(turn, call, until);
  if (done == 0) {
    co_return Connected{std::move(link), {}};
  }
  if (done == LIBSSH2_ERROR_KEX_FAILURE || done == LIBSSH2_ERROR_METHOD_NOT_SUPPORTED) {
    co_return Connected{nullptr, cannot_speak(key_types)};
  }
  if (done == SshLink::kTimedOut) {
    Error error = link->error_of(done);
    error.message = "connected, but no SSH handshake in time; is it an SSH server, is it stuck?";
    co_return Connected{nullptr, std::move(error)};
  }
  const bool dropped = said_nothing(session);
  Error error = link->error_of(done);
  error.message = "connection closed during the handshake: " + error.message;
  co_return Connected{nullptr, std::move(error), dropped};
}

std::string offered_key(LIBSSH2_SESSION* session) {
  std::size_t size = 0;
  int type = 0;
  const char* key = libssh2_session_hostkey(session, &size, &type);
  return key == nullptr ? std::string() : std::string(key, size);
}

/// The host's key is checked before anything is told about us.
Awaitable<Result<void>> introduce(std::shared_ptr<SshLink> link, std::shared_ptr<SshTools> tools,
                                  KnownKeys known, SshTarget target, Instant until) {
  const std::string offered = offered_key(link->session());
  const Result<void> believed =
      check_host_key(known, target.host, offered, target.access.known_hosts);
  if (!believed) {
    co_return believed.error();
  }
  Result<void> logged_in = co_await log_in(link, tools, std::move(target), until);
  co_return logged_in;
}

Awaitable<Connected> connect(std::shared_ptr<SshLink> link, std::shared_ptr<SshTools> tools,
                             SshTarget target, asio::ip::tcp::endpoint there) {
  const KnownKeys known = tools->known_keys(target);
  const Instant connect_until = std::chrono::steady_clock::now() + kConnectPatience;
  Result<void> connected;
  if (target.through.empty()) {
    connected = co_await link->connect(there, connect_until);
  } else {
    connected = link->connect_through(target.through);
  }
  if (!connected) {
    co_return Connected{nullptr, connected.error()};
  }
  const Instant until = std::chrono::steady_clock::now() + kLoginPatience;
  std::string key_types = host_key_types(known);
  Connected shaken = co_await shake_hands(link, std::move(key_types), until);
  if (shaken.link == nullptr) {
    if (const std::string words = link->carrier_words(); !words.empty()) {
      shaken.error.message += ": " + words;
      shaken.dropped = false;
    }
    co_return shaken;
  }
  const Result<void> introduced = co_await introduce(link, tools, known, std::move(target), until);
  if (!introduced) {
    co_return Connected{nullptr, introduced.error()};
  }
  link->logged_in();
  co_return Connected{link, {}};
}

}  // namespace

Awaitable<Connected> open_session(std::shared_ptr<SshTools> tools, SshTarget target,
                                  asio::ip::tcp::endpoint there) {
  const auto link = std::make_shared<SshLink>(tools->loop());
  Connected connected = co_await connect(link, tools, std::move(target), there);
  if (connected.link == nullptr) {
    link->break_down(connected.error);  // An agent that is still being asked holds the link.
  }
  co_return connected;
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_auth.h"

#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include <asio/co_spawn.hpp>

#include "drivers/ssh_agent.h"
#include "drivers/ssh_identities.h"
#include "drivers/ssh_link.h"
#include "drivers/ssh_wire.h"

namespace arcform {
namespace {

constexpr std::size_t kKeysMax = 3;
/// sshd's last words above its MaxAuthTries (OpenSSH 9.2, auth.c: auth_maxtries_exceeded).
constexpr std::string_view kTooMany = "Too many authentication failures";
constexpr std::string_view kRsaSha512 = "rsa-sha2-512";

/// Makes the signature that libssh2 asks for; nullopt: not yet, ask again.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual std::optional<Result<std::string>> sign(std::string_view data) = 0;
};

class FileSigner : public Signer {
 public:
  explicit FileSigner(std::shared_ptr<KeyFile> file) : file_(std::move(file)) {}
  std::optional<Result<std::string>> sign(std::string_view data) override {
    std::string signature = file_->sign(data);
    if (signature.empty()) {
      return Error{ErrorCode::unauthenticated, file_->path() + ": cannot sign"};
    }
    return signature;
  }

 private:
  std::shared_ptr<KeyFile> file_;
};

/// Asks the agent while the connection waits: a person may have to confirm there.
class AgentSigner : public Signer {
 public:
  AgentSigner(std::shared_ptr<SshLink> link, std::string socket, std::string blob, Instant until)
      : link_(std::move(link)), socket_(std::move(socket)), blob_(std::move(blob)), until_(until) {}
  std::optional<Result<std::string>> sign(std::string_view data) override {
    if (answer_ == nullptr) {
      answer_ = std::make_shared<Answer>();
      asio::co_spawn(link_->loop(), ask(link_, socket_, blob_, std::string(data), until_, answer_),
                     [](std::exception_ptr) {});
    }
    return *answer_;
  }

 private:
  using Answer = std::optional<Result<std::string>>;
  static Awaitable<void> ask(std::shared_ptr<SshLink> link, std::string socket, std::string blob,
                             std::string data, Instant until, std::shared_ptr<Answer> answer) {
    Result<std::string> signature = co_await ssh_agent::sign(
        link->loop(), std::move(socket), std::move(blob), std::move(data), until);
    answer->emplace(std::move(signature));
    link->wake();
  }
  std::shared_ptr<SshLink> link_;
  std::string socket_;
  std::string blob_;
  Instant until_;
  std::shared_ptr<Answer> answer_;
};

/// libssh2's callback: it frees the signature with free().
int sign_for_libssh2(LIBSSH2_SESSION*, unsigned char** signature, std::size_t* size,
                     const unsigned char* data, std::size_t data_size, void** signer) {
  auto& maker = *static_cast<Signer*>(*signer);
  const std::optional<Result<std::string>> made =
      maker.sign({reinterpret_cast<const char*>(data), data_size});
  if (!made) {
    return LIBSSH2_ERROR_EAGAIN;
  }
  auto* const copy = *made ? static_cast<unsigned char*>(std::malloc((*made)->size())) : nullptr;
  if (copy == nullptr) {
    return LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED;
  }
  std::memcpy(copy, (*made)->data(), (*made)->size());
  *signature = copy;
  *size = (*made)->size();
  return 0;
}

/// One login on one connection.
class Login {
 public:
  Login(std::shared_ptr<SshLink> link, std::shared_ptr<SshTools> tools, SshTarget target,
        Instant until)
      : link_(std::move(link)),
        tools_(std::move(tools)),
        target_(std::move(target)),
        until_(until) {}

  Awaitable<Result<void>> run() {
    const Identities identities = co_await find_identities(tools_, target_, until_);
    notes_ = identities.notes;
    std::size_t tried = 0;
    for (const Identity& identity : identities.usable) {
      if (tried == kKeysMax) {
        notes_.push_back(identity.label + ": not tried, three keys were refused already");
        continue;
      }
      ++tried;
      const bool accepted = co_await try_key(identity);
      if (accepted) {
        co_return Result<void>();
      }
      if (!link_->usable() || late_) {
        co_return failure();
      }
    }
    if (target_.access.password_login) {
      const bool accepted = co_await try_password();
      if (accepted) {
        co_return Result<void>();
      }
    }
    co_return failure();
  }

 private:
  Error failure() const {
    std::string all;
    for (const std::string& note : notes_) {
      all += (all.empty() ? "" : "; ") + note;
    }
    if (late_ || lost_) {
      return link_->error_of(SshLink::kTimedOut).with("log in as " + target_.user);
    }
    // A key that could not even be read is no matter of the host's authorized_keys.
    const bool never_asked = !all.empty() && all.find("refused") == std::string::npos;
    return Error{ErrorCode::unauthenticated,
                 "log in as " + target_.user + ": " +
                     (all.empty() ? "there is no key to try" : all) +
                     (never_asked ? "; correct that, or name another key in \"identityFiles\""
                                  : "; add the public key to that user's ~/.ssh/authorized_keys "
                                    "there, or name the right key in \"identityFiles\"")};
  }

  /// Secrets are fetched only when their turn comes; a person may take long over it.
  Result<std::string_view> secret(const SecretSource& source, const std::string& what) {
    const Instant before = std::chrono::steady_clock::now();
    Result<std::string_view> found = tools_->secrets().resolve(source, what);
    until_ += std::chrono::steady_clock::now() - before;
    if (!found) {
      notes_.push_back(found.error().message);
    }
    return found;
  }

  Awaitable<bool> try_key(Identity identity) {
    if (!identity.agent_blob.empty()) {
      AgentSigner signer(link_, tools_->environment().agent_socket, identity.agent_blob, until_);
      co_return co_await try_signer(signer, identity.label, identity.agent_blob);
    }
    std::string passphrase;
    if (identity.file->is_encrypted()) {
      const Result<std::string_view> found =
          secret(target_.access.passphrase, passphrase_name(identity));
      if (!found) {
        co_return false;
      }
      passphrase = *found;
      if (const Result<void> unlocked = identity.file->unlock(passphrase); !unlocked) {
        wrong_passphrase(identity);
        co_return false;
      }
    }
    if (identity.file->is_rsa() || identity.file->can_sign()) {
      FileSigner signer(identity.file);
      co_return co_await try_signer(signer, identity.label, identity.file->blob());
    }
    const bool accepted = co_await try_file(identity, passphrase);
    ::explicit_bzero(passphrase.data(), passphrase.size());
    co_return accepted;
  }

  static std::string passphrase_name(const Identity& identity) {
    return "passphrase of " + identity.label;
  }

  void wrong_passphrase(const Identity& identity) {
    tools_->secrets().forget(target_.access.passphrase, passphrase_name(identity));
    notes_.push_back(identity.label + ": wrong passphrase");
  }

  Awaitable<bool> try_signer(Signer& signer, std::string label, std::string blob) {
    if (ssh_wire::key_type(blob) == "ssh-rsa") {
      blob = relabel_rsa(blob, kRsaSha512);
    }
    void* context = &signer;
    SshLink::Turn turn(*link_);
    const std::function<long()> call = [&]() -> long {
      return libssh2_userauth_publickey(link_->session(), target_.user.c_str(),
                                        reinterpret_cast<const unsigned char*>(blob.data()),
                                        blob.size(), sign_for_libssh2, &context);
    };
    const long outcome = co_await link_->finish(turn, call, until_);
    judge(outcome, label);
    co_return outcome == 0;
  }

  /// libssh2's own path, from memory: with the public key given, it decrypts the private one only
  /// when the server wants a signature.
  Awaitable<bool> try_file(Identity identity, std::string passphrase) {
    const KeyFile& file = *identity.file;
    std::string public_line;
    if (!file.blob().empty()) {
      public_line = file.type() + " " + ssh_wire::encode_base64(file.blob());
    }
    SshLink::Turn turn(*link_);
    const std::function<long()> call = [&]() -> long {
      return libssh2_userauth_publickey_frommemory(
          link_->session(), target_.user.c_str(), target_.user.size(),
          public_line.empty() ? nullptr : public_line.c_str(), public_line.size(),
          file.text().c_str(), file.text().size(),
          passphrase.empty() ? nullptr : passphrase.c_str());
    };
    const long outcome = co_await link_->finish(turn, call, until_);
    if (outcome == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED && file.is_encrypted() && link_->usable()) {
      wrong_passphrase(identity);
    } else {
      judge(outcome, identity.label);
    }
    ::explicit_bzero(passphrase.data(), passphrase.size());
    co_return outcome == 0;
  }

  Awaitable<bool> try_password() {
    const std::string what = "password of " + target_.user + " on " + target_.host.name;
    const Result<std::string_view> password = secret(target_.access.password, what);
    if (!password) {
      co_return false;
    }
    SshLink::Turn turn(*link_);
    const std::function<long()> call = [&]() -> long {
      return libssh2_userauth_password_ex(
          link_->session(), target_.user.c_str(), static_cast<unsigned>(target_.user.size()),
          password->data(), static_cast<unsigned>(password->size()), nullptr);
    };
    const long outcome = co_await link_->finish(turn, call, until_);
    judge(outcome, "password");
    if (outcome == LIBSSH2_ERROR_AUTHENTICATION_FAILED && link_->usable()) {
      tools_->secrets().forget(target_.access.password, what);
    }
    co_return outcome == 0;
  }

  /// libssh2 calls it a refusal, too, when the connection is lost while it waits for an answer.
  void judge(long outcome, const std::string& label) {
    if (outcome == LIBSSH2_ERROR_TIMEOUT) {
      late_ = true;
    } else if (outcome < 0 && !link_->usable()) {
      lost_ = link_->error_of(outcome).message.find(kTooMany) == std::string::npos;
      notes_.push_back(label + ": refused, and the server takes no more keys");
    } else if (outcome == LIBSSH2_ERROR_AUTHENTICATION_FAILED) {
      notes_.push_back(label + ": refused");
    } else if (outcome < 0) {
      notes_.push_back(label + ": " + link_->error_of(outcome).message);
    }
  }

  std::shared_ptr<SshLink> link_;
  std::shared_ptr<SshTools> tools_;
  SshTarget target_;
  Instant until_;
  std::vector<std::string> notes_;
  bool late_ = false;
  bool lost_ = false;
};

}  // namespace

Awaitable<Result<void>> log_in(std::shared_ptr<SshLink> link, std::shared_ptr<SshTools> tools,
                               SshTarget target, Instant until) {
  Login login(std::move(link), std::move(tools), std::move(target), until);
  co_return co_await login.run();
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "drivers/secrets.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/known_hosts.h"

namespace arcform {
namespace {

/// Longer lines are no secret that somebody typed.
constexpr std::size_t kSecretMax = 4096;

void wipe(std::string& text) {
  ::explicit_bzero(text.data(), text.size());
  text.clear();
}

Result<std::string> first_line_of(int fd, const std::string& subject) {
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return Error{ErrorCode::not_found, subject + "not a regular file"};
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{ErrorCode::permission_denied,
                 subject + "others may read or write it; chmod 600 it"};
  }
  std::string line(kSecretMax, '\0');
  const ssize_t n = ::read(fd, line.data(), line.size());
  const std::size_t size = n < 0 ? 0 : static_cast<std::size_t>(n);
  std::size_t end = std::min(line.find('\n'), size);
  if (end > 0 && line[end - 1] == '\r') {
    --end;
  }
  Result<std::string> secret = std::string(line, 0, end);
  wipe(line);
  if (secret->empty()) {
    return Error{ErrorCode::not_found, subject + "its first line is empty"};
  }
  return secret;
}

Result<std::string> from_file(const std::string& path, const std::string& what) {
  const std::string subject = what + ": " + path + ": ";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    const int error = errno;
    return Error{error == ENOENT ? ErrorCode::not_found : ErrorCode::permission_denied,
                 subject + std::system_category().message(error)};
  }
  Result<std::string> secret = first_line_of(fd, subject);
  ::close(fd);
  return secret;
}

}  // namespace

Secrets::Secrets(std::string home, Prompt prompt)
    : home_(std::move(home)), prompt_(std::move(prompt)) {}

Secrets::~Secrets() {
  for (auto& [key, secret] : known_) {
    wipe(secret);
  }
}

Secrets::Key Secrets::key_of(const SecretSource& source, const std::string& what) {
  const bool asked = source.file.empty() && source.environment.empty();
  return {source.file, source.environment, asked ? what : ""};
}

Result<std::string_view> Secrets::resolve(const SecretSource& source, const std::string& what) {
  const Key key = key_of(source, what);
  if (const auto it = known_.find(key); it != known_.end()) {
    return std::string_view(it->second);
  }
  Result<std::string> secret = fetch(source, what);
  if (!secret) {
    return secret.error();
  }
  const auto it = known_.emplace(key, *secret).first;
  wipe(*secret);
  return std::string_view(it->second);
}

void Secrets::forget(const SecretSource& source, const std::string& what) {
  if (const auto it = known_.find(key_of(source, what)); it != known_.end()) {
    wipe(it->second);
    known_.erase(it);
  }
}

Result<std::string> Secrets::fetch(const SecretSource& source, const std::string& what) const {
  if (!source.file.empty()) {
    return from_file(expand_home(source.file, home_), what);
  }
  if (!source.environment.empty()) {
    const char* value = std::getenv(source.environment.c_str());
    if (value == nullptr || *value == '\0') {
      return Error{ErrorCode::not_found,
                   what + ": environment variable " + source.environment + " is not set"};
    }
    return std::string(value);
  }
  if (!prompt_) {
    return Error{ErrorCode::not_found,
                 what + ": nobody is there to be asked; name a file or an environment variable"};
  }
  return prompt_(what);
}

}  // namespace arcform

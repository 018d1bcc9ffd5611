// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "model/desired.h"
#include "model/result.h"

namespace arcform {

/// Fetches secrets where a spec says they are, each once, and wipes them when it goes. Nothing here
/// prints one. Lives longer than everything that holds a view into it.
class Secrets {
 public:
  /// Asks a person; blocks. The text says what is wanted.
  using Prompt = std::function<Result<std::string>(const std::string& text)>;
  /// `home` replaces `~` in file names. `prompt` may be empty: nobody is there to be asked.
  explicit Secrets(std::string home, Prompt prompt = {});
  Secrets(const Secrets&) = delete;
  Secrets& operator=(const Secrets&) = delete;
  ~Secrets();

  /// `what` names the secret to a person ("passphrase of ~/.ssh/id_ed25519"). The view is valid
  /// until the secret is forgotten. Errors: not_found (no such file or variable, empty, nobody to
  /// ask), permission_denied (a file that others may read).
  Result<std::string_view> resolve(const SecretSource& source, const std::string& what);
  /// Drops a secret that turned out to be wrong, so that a person is asked again.
  void forget(const SecretSource& source, const std::string& what);

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  static Key key_of(const SecretSource& source, const std::string& what);
  Result<std::string> fetch(const SecretSource& source, const std::string& what) const;

  std::string home_;
  Prompt prompt_;
  std::map<Key, std::string> known_;
};

}  // namespace arcform

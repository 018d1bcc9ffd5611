// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

#include "drivers/child.h"
#include "model/names.h"

namespace arcform {
namespace {

constexpr std::chrono::seconds kPatience{10};

/// OpenSSH 9.2, readconf.c: fill_default_options.
constexpr std::array<std::string_view, 7> kDefaultIdentities{
    "~/.ssh/id_rsa",        "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519",
    "~/.ssh/id_ed25519_sk", "~/.ssh/id_xmss",  "~/.ssh/id_dsa"};

/// Words as ssh reads them: separated by blanks or one '=', perhaps in double quotes.
std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool open = false;
  for (const char c : line) {
    const bool blank = c == ' ' || c == '\t' || c == '\r' || (c == '=' && words.size() < 1);
    if (c == '"') {
      quoted = !quoted;
      open = true;
    } else if (blank && !quoted) {
      if (open) {
        words.push_back(std::move(word));
        word.clear();
      }
      open = false;
    } else if (c == '#' && words.empty() && !open) {
      return words;
    } else {
      word += c;
      open = true;
    }
  }
  if (open) {
    words.push_back(std::move(word));
  }
  return words;
}

bool matches_all(const std::string& host, const std::vector<std::string>& patterns) {
  bool found = false;
  for (const std::string& pattern : patterns) {
    const bool negated = pattern.starts_with('!');
    if (matches_pattern(std::string_view(pattern).substr(negated ? 1 : 0), host)) {
      if (negated) {
        return false;
      }
      found = true;
    }
  }
  return found;
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string key_alone(const std::string& host) {
  return "host " + host;
}

bool is_default(const std::vector<std::string>& identities) {
  return std::all_of(identities.begin(), identities.end(), [](const std::string& file) {
    return std::find(kDefaultIdentities.begin(), kDefaultIdentities.end(), file) !=
           kDefaultIdentities.end();
  });
}

std::string none_is_empty(const std::string& value) {
  return value == "none" ? "" : value;
}

/// The command that carries the connection: the last jump host is asked to connect to the target,
/// by the user's own ssh, which checks and logs in as the configuration says.
std::vector<std::string> jump_command(const std::string& jumps, const std::string& file,
                                      const KnownName& host) {
  const std::size_t last = jumps.rfind(',');
  std::string destination = last == std::string::npos ? jumps : jumps.substr(last + 1);
  if (destination.find("://") == std::string::npos) {
    destination = "ssh://" + destination;
  }
  std::vector<std::string> argv{"ssh", "-F", file, "-T", "-a", "-x", "-o", "BatchMode=yes"};
  if (last != std::string::npos) {
    argv.insert(argv.end(), {"-J", jumps.substr(0, last)});
  }
  argv.insert(argv.end(),
              {"-W", host.address + ":" + std::to_string(host.port), "--", destination});
  return argv;
}

/// A shell reads it: nothing in it may mean more than a name (CVE-2023-51385).
bool is_plain_user(std::string_view user) {
  return !user.starts_with('-') && std::all_of(user.begin(), user.end(), [](unsigned char c) {
    return (c < 0x80 && std::isalnum(c) != 0) || c == '.' || c == '_' || c == '-' || c == '@';
  });
}

Result<std::string> expanded(const std::string& command, const SshTarget& target) {
  if (command.find("%r") != std::string::npos && !is_plain_user(target.user)) {
    return Error{ErrorCode::invalid_argument,
                 "the user \"" + printable(target.user, 64) +
                     "\" may not stand in a ProxyCommand (%r), which a shell reads; name a user "
                     "of letters, digits and ._-@"};
  }
  std::string out;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char token = command[i] == '%' && i + 1 < command.size() ? command[++i] : '\0';
    out += token == '\0'  ? std::string(1, command[i])
           : token == 'h' ? target.host.address
           : token == 'p' ? std::to_string(target.host.port)
           : token == 'r' ? target.user
           : token == 'n' ? target.host.name
           : token == '%' ? "%"
                          : std::string("%") + token;
  }
  return out;
}

}  // namespace

SshHostConfig parse_ssh_config(std::string_view output, const std::string& host,
                               const std::string& user) {
  SshHostConfig config;
  std::istringstream lines{std::string(output)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string key = line.substr(0, blank);
    const std::string value = line.substr(std::min(blank + 1, line.size()));
    if (key == "hostname" && value != lower_case(host)) {  // ssh -G says that in small letters
      config.host_name = value;
    } else if (key == "user" && value != user) {
      config.user = value;
    } else if (key == "port") {
      std::from_chars(value.data(), value.data() + value.size(), config.port);
    } else if (key == "identityfile") {
      config.identity_files.push_back(value);
    } else if (key == "userknownhostsfile") {
      config.known_hosts = split(value);
    } else if (key == "hostkeyalias") {
      config.host_key_alias = none_is_empty(value);
    } else if (key == "proxyjump") {
      config.proxy_jump = none_is_empty(value);
    } else if (key == "proxycommand") {
      config.proxy_command = none_is_empty(value);
    }
  }
  if (is_default(config.identity_files)) {
    config.identity_files.clear();
  }
  if (!config.known_hosts.empty() && config.known_hosts.front().ends_with("/.ssh/known_hosts")) {
    config.known_hosts.clear();
  }
  config.port = config.port == 22 ? 0 : config.port;
  return config;
}

SshConfigFile::SshConfigFile(std::string_view text) : blocks_(1) {
  blocks_.front().patterns = {"*"};
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> words = words_of(line);
    const std::string key = words.empty() ? "" : lower_case(words.front());
    if (key == "host") {
      blocks_.emplace_back();
      blocks_.back().patterns.assign(words.begin() + 1, words.end());
    } else if (!key.empty()) {
      blocks_.back().says_something = true;
      intricate_ = intricate_ || key == "match" || key == "include" ||
                   key.starts_with("canonical") || line.find('%') != std::string::npos;
    }
  }
}

std::string SshConfigFile::key_of(const std::string& host) const {
  if (intricate_) {
    return key_alone(host);
  }
  std::string key;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i].says_something && matches_all(host, blocks_[i].patterns)) {
      key += std::to_string(i) + " ";
    }
  }
  return key;
}

Result<SshTarget> filled_in(SshTarget target, const SshHostConfig& config,
                            const std::string& file) {
  SshAccess& access = target.access;
  if (access.user.empty() && !config.user.empty()) {
    target.user = config.user;
  }
  if (!access.port_given && access.port == 22 && config.port != 0) {
    access.port = config.port;
    target.host.port = config.port;
  }
  if (access.identity_files.empty()) {
    access.identity_files = config.identity_files;
  }
  if (!access.known_hosts_given && !config.known_hosts.empty()) {
    access.known_hosts = config.known_hosts.front();
    target.more_known_hosts.assign(config.known_hosts.begin() + 1, config.known_hosts.end());
  }
  if (target.host.address == target.host.name && !config.host_name.empty()) {
    target.host.address = config.host_name;
  }
  target.host_key_alias = config.host_key_alias;
  if (!config.proxy_jump.empty()) {
    target.through = jump_command(config.proxy_jump, file, target.host);
    target.jump = config.proxy_jump;
  } else if (!config.proxy_command.empty()) {
    const Result<std::string> command = expanded(config.proxy_command, target);
    if (!command) {
      return command.error();
    }
    target.through = {"/bin/sh", "-c", "exec " + *command};
    target.jump = "ProxyCommand";
  }
  return target;
}

Awaitable<SshConfigs::Answer> SshConfigs::ask(std::shared_ptr<SshTools> tools, std::string file,
                                              std::string host) {
  // Its own patience begins once it has its turn.
  const std::optional<Places::Held> place = co_await tools->configs().places_.take(Instant::max());
  const Instant until = std::chrono::steady_clock::now() + kPatience;
  ChildRequest request;
  request.argv = {"ssh", "-G", "-F", file, "--", host};
  const Result<ChildOutcome> outcome = co_await run_child(tools->loop(), std::move(request), until);
  if (!outcome && outcome.error().code != ErrorCode::not_found) {
    co_return outcome.error().with("ssh -G " + host);
  }
  if (outcome && outcome->exit_status != 0) {
    const std::string& said = outcome->output.err;
    co_return Error{ErrorCode::failed_precondition,
                    "ssh -G " + host + ": " + said.substr(0, said.find('\n')) + "; correct " +
                        file + ", or set \"config\" of \"ssh\" to false"};
  }
  const std::string said = outcome ? outcome->output.out : "";
  co_return parse_ssh_config(said, host, tools->environment().user);
}

Awaitable<SshConfigs::Answer> SshConfigs::answer_for(std::shared_ptr<SshTools> tools,
                                                     std::string file, std::string key,
                                                     std::string host) {
  SshConfigs& self = tools->configs();
  const auto place = std::make_pair(std::move(file), std::move(key));
  auto found = self.answers_.find(place);
  if (found != self.answers_.end()) {
    const std::shared_ptr<std::optional<Answer>> other = found->second;
    while (!*other) {
      co_await self.changed_.wait(Instant::max());
    }
    co_return **other;
  }
  const auto ours = std::make_shared<std::optional<Answer>>();
  self.answers_.emplace(place, ours);
  Answer answer = co_await ask(tools, place.first, std::move(host));
  if (!answer) {
    self.answers_.erase(place);  // It may be better the next time.
  }
  ours->emplace(answer);
  self.changed_.notify_all();
  co_return answer;
}

Result<const SshConfigFile*> SshConfigs::file(const std::string& path, bool must_be_there) {
  auto found = files_.find(path);
  if (found == files_.end()) {
    std::ifstream in(path, std::ios::binary);
    if (!in && must_be_there) {
      return Error{ErrorCode::not_found, path + ": cannot be read; correct \"config\" of \"ssh\""};
    }
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    found = files_.emplace(path, std::make_shared<SshConfigFile>(text)).first;
  }
  return found->second.get();
}

Awaitable<Result<SshTarget>> with_user_config(std::shared_ptr<SshTools> tools, SshTarget target) {
  if (target.access.config.empty()) {
    co_return target;
  }
  const std::string path = expand_home(target.access.config, tools->environment().home);
  const bool named = target.access.config != SshAccess{}.config;
  const Result<const SshConfigFile*> file = tools->configs().file(path, named);
  if (!file) {
    co_return file.error();
  }
  const std::string& name = target.host.name;
  const std::string key = (*file)->key_of(name);
  if (key.empty()) {
    co_return target;
  }
  Result<SshHostConfig> config = co_await SshConfigs::answer_for(tools, path, key, name);
  if (config && !config->host_name.empty()) {
    // Where one host has another address, none takes its answer from hosts that are alike.
    const std::string alone = key_alone(name);
    config = co_await SshConfigs::answer_for(tools, path, alone, name);
  }
  if (!config) {
    co_return config.error();
  }
  co_return filled_in(std::move(target), *config, path);
}

std::string ssh_option_path(const std::string& path) {
  std::string out = "\"";
  for (const char c : path) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c == '%' ? "%%" : std::string(1, c);
  }
  return out + '"';
}

}  // namespace arcform

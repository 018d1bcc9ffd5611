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

namespace arcform {
namespace {

constexpr std::chrono::seconds kPatience{10};

/// OpenSSH 9.2, readconf.c: fill_default_options.
constexpr std::array<std::string_view, 7> kDefaultIdentities{
    "~/.ssh/id_rsa",        "~/.ssh/id_ecdsa", "~/.ssh/id_ecdsa_sk", "~/.ssh/id_ed25519",
    "~/.ssh/id_ed25519_sk", "~/.ssh/id_xmss",  "~/.ssh/id_dsa"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

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

/// `*` and `?`, as in ssh_config(5), PATTERNS.
bool matches(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) {
    return text.empty();
  }
  if (pattern.front() == '*') {
    return matches(text, pattern.substr(1)) || (!text.empty() && matches(text.substr(1), pattern));
  }
  return !text.empty() && (pattern.front() == '?' || pattern.front() == text.front()) &&
         matches(text.substr(1), pattern.substr(1));
}

bool matches_all(const std::string& host, const std::vector<std::string>& patterns) {
  bool found = false;
  for (const std::string& pattern : patterns) {
    if (pattern.starts_with('!') && matches(host, std::string_view(pattern).substr(1))) {
      return false;
    }
    found = found || (!pattern.starts_with('!') && matches(host, pattern));
  }
  return found;
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
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

std::string expanded(const std::string& command, const SshTarget& target) {
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
    if (key == "hostname" && value != host) {
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
    const std::string key = words.empty() ? "" : lower(words.front());
    if (key == "host") {
      blocks_.emplace_back();
      for (std::size_t i = 1; i < words.size(); ++i) {
        blocks_.back().patterns.push_back(lower(words[i]));
      }
    } else if (!key.empty()) {
      blocks_.back().says_something = true;
      intricate_ = intricate_ || key == "match" || key == "include" ||
                   key.starts_with("canonical") || line.find('%') != std::string::npos;
    }
  }
}

std::string SshConfigFile::key_of(const std::string& host) const {
  if (intricate_) {
    return "host " + host;
  }
  std::string key;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i].says_something && matches_all(lower(host), blocks_[i].patterns)) {
      key += std::to_string(i) + " ";
    }
  }
  return key;
}

SshTarget filled_in(SshTarget target, const SshHostConfig& config, const std::string& file) {
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
    target.through = {"/bin/sh", "-c", "exec " + expanded(config.proxy_command, target)};
    target.jump = "ProxyCommand";
  }
  return target;
}

Awaitable<void> SshConfigs::ask(std::shared_ptr<SshTools> tools, std::string file, std::string host,
                                std::shared_ptr<Answer> answer) {
  SshConfigs& self = tools->configs();
  const Instant until = std::chrono::steady_clock::now() + kPatience;
  const std::optional<Places::Held> place = co_await self.places_.take(until);
  ChildRequest request;
  request.argv = {"ssh", "-G", "-F", file, "--", host};
  const Result<ChildOutcome> outcome = co_await run_child(tools->loop(), std::move(request), until);
  if (outcome && outcome->exit_status == 0) {
    answer->output = outcome->output.out;
  } else if (outcome) {
    const std::string& said = outcome->output.err;
    answer->error = Error{ErrorCode::failed_precondition,
                          "ssh -G " + host + ": " + said.substr(0, said.find('\n')) + "; correct " +
                              file + ", or set \"config\" of \"ssh\" to false"};
  } else if (outcome.error().code != ErrorCode::not_found) {
    answer->error = outcome.error().with("ssh -G " + host);
  }
  answer->known = true;
  self.changed_.notify_all();
}

Awaitable<Result<SshTarget>> with_user_config(std::shared_ptr<SshTools> tools, SshTarget target) {
  SshConfigs& configs = tools->configs();
  if (target.access.config.empty()) {
    co_return target;
  }
  const std::string file = expand_home(target.access.config, tools->environment().home);
  auto found = configs.files_.find(file);
  if (found == configs.files_.end()) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    found =
        configs.files_.emplace(file, in ? std::make_shared<SshConfigFile>(text) : nullptr).first;
  }
  if (found->second == nullptr) {
    if (target.access.config == SshAccess{}.config) {
      co_return target;
    }
    co_return Error{ErrorCode::not_found, file + ": cannot be read; correct \"config\" of \"ssh\""};
  }
  const std::string key = found->second->key_of(target.host.name);
  if (key.empty()) {
    co_return target;
  }
  std::shared_ptr<SshConfigs::Answer>& slot = configs.answers_[{file, key}];
  if (slot == nullptr) {
    slot = std::make_shared<SshConfigs::Answer>();
    slot->asked_for = target.host.name;
    const std::shared_ptr<SshConfigs::Answer> answer = slot;
    co_await SshConfigs::ask(tools, file, target.host.name, answer);
  }
  const std::shared_ptr<SshConfigs::Answer> answer = configs.answers_[{file, key}];
  while (!answer->known) {
    co_await configs.changed_.wait(Instant::max());
  }
  if (answer->error) {
    co_return *answer->error;
  }
  const SshHostConfig config =
      parse_ssh_config(answer->output, answer->asked_for, tools->environment().user);
  co_return filled_in(std::move(target), config, file);
}

}  // namespace arcform

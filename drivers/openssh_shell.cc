// SPDX-License-Identifier: Apache-2.0
#include "drivers/openssh_shell.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "drivers/child.h"
#include "drivers/shell_limits.h"
#include "drivers/spawn.h"
#include "drivers/ssh_config.h"
#include "drivers/tcp_exchange.h"
#include "model/names.h"

namespace arcform {
namespace {

constexpr int kSshFailed = 255;
constexpr std::chrono::seconds kMasterPatience{30};
constexpr std::chrono::milliseconds kExitPatience{1000};

/// A folder that nobody else may look into; its path is short, as socket names must be.
class PrivateFolder {
 public:
  PrivateFolder() {
    std::string pattern = "/tmp/arcform-ssh-XXXXXX";
    if (::mkdtemp(pattern.data()) != nullptr) {
      path_ = pattern;
    }
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() {
    std::error_code ignored;
    if (!path_.empty()) {
      std::filesystem::remove_all(path_, ignored);
    }
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string read_from(const std::string& path, std::size_t offset) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t size_of(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::size_t>(size);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The last line with anything in it.
std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \r\n");
  if (end == std::string::npos) {
    return "it said nothing";
  }
  const std::size_t begin = text.find_last_of("\r\n", end);
  return printable(text.substr(begin + 1, end - begin));
}

/// The line that has `part` in it.
std::string line_with(const std::string& text, std::string_view part) {
  const std::size_t at = text.find(part);
  return at == std::string::npos ? "" : last_line(text.substr(0, text.find('\n', at)));
}

}  // namespace

Error error_of_ssh(const std::string& said) {
  if (contains(said, "IDENTIFICATION HAS CHANGED")) {
    return Error{ErrorCode::unauthenticated,
                 "the host key is not the one in known_hosts: " + line_with(said, "Offending") +
                     "; somebody may be in between: find out why, then correct that line"};
  }
  if (contains(said, "host key is known for")) {
    return Error{ErrorCode::unauthenticated,
                 line_with(said, "host key is known for") +
                     "; compare its fingerprint on the host itself, then add it"};
  }
  if (contains(said, "Host key verification failed")) {
    return Error{ErrorCode::unauthenticated, "host key verification failed"};
  }
  if (contains(said, "Permission denied (")) {
    return Error{ErrorCode::unauthenticated,
                 last_line(said) + "; add your public key to that user's ~/.ssh/authorized_keys"};
  }
  if (contains(said, "Too many authentication failures")) {
    return Error{ErrorCode::unauthenticated,
                 "too many keys were refused; name the right one in \"identityFiles\""};
  }
  return Error{ErrorCode::unavailable, last_line(said)};
}

/// Outlives the shell while calls run; the last one ends the master.
struct OpensshShell::State {
  using Self = std::shared_ptr<State>;
  State(std::shared_ptr<SshTools> with, SshTarget whom)
      : tools(std::move(with)),
        target(std::move(whom)),
        master(tools->loop(), 1),
        forwarding(tools->loop(), 1),
        commands(tools->loop(), 4) {}
  ~State() {
    if (master_started) {
      run_briefly(command({"-O", "exit"}), kExitPatience);
    }
  }

  std::shared_ptr<SshTools> tools;
  SshTarget target;
  PrivateFolder folder;
  Places master;      ///< one call at a time starts it
  Places forwarding;  ///< one at a time, so that the master's log says whose failure it was
  Places commands;    ///< sshd's MaxSessions defaults to 10
  bool master_started = false;
  bool forwarding_prohibited = false;

  std::string socket() const { return folder.path() + "/m"; }
  std::string log() const { return folder.path() + "/log"; }
  std::vector<std::string> command(std::vector<std::string> what, std::string script = "") const;
  Error error(const Error& error) const { return error.with("ssh to " + target.text()); }

  static Awaitable<Result<void>> start_master(Self self, Instant until);
  static Awaitable<Result<ShellOutput>> execute(Self self, ChildRequest request,
                                                std::string command, Instant until);
  static Awaitable<Result<void>> stream(Self self, ChildRequest request);
  static Awaitable<Result<std::string>> exchange(Self self, Endpoint at, std::string question,
                                                 std::string end, Instant until);
  static Awaitable<Result<std::string>> jump(Self self, Instant until);
  static Awaitable<Result<std::string>> forward(Self self, Endpoint at, std::string question,
                                                std::string end, Instant until);
};

std::vector<std::string> OpensshShell::State::command(std::vector<std::string> what,
                                                      std::string script) const {
  const SshAccess& access = target.access;
  const ShellEnvironment& environment = tools->environment();
  std::vector<std::string> argv = {"ssh", "-T", "-a", "-x", "-S", socket()};
  const auto option = [&](const std::string& text) {
    argv.push_back("-o");
    argv.push_back(text);
  };
  option("HostName=" + target.host.address);
  option("StrictHostKeyChecking=yes");
  option("UserKnownHostsFile=" +
         ssh_option_path(expand_home(access.known_hosts, environment.home)));
  option("GlobalKnownHostsFile=" + environment.global_known_hosts);
  option(environment.terminal ? "BatchMode=no" : "BatchMode=yes");
  option("ConnectTimeout=5");
  option("ServerAliveInterval=5");
  option("ServerAliveCountMax=3");
  option("ControlPersist=60");
  option("RemoteCommand=none");
  option("PermitLocalCommand=no");
  option(!access.agent ? "IdentityAgent=none"
         : environment.agent_socket.empty()
             ? "IdentityAgent=SSH_AUTH_SOCK"
             : "IdentityAgent=" + ssh_option_path(environment.agent_socket));
  for (const std::string& file : access.identity_files) {
    option("IdentityFile=" + ssh_option_path(expand_home(file, environment.home)));
  }
  const KnownName& host = target.host;
  const bool by_name = !tools->known_keys({{host.name, host.name, 22}, "", access}).keys.empty();
  const bool by_address =
      !tools->known_keys({{host.address, host.address, 22}, "", access}).keys.empty();
  if (host.port == 22 && by_name && !by_address) {
    option("HostKeyAlias=" + host.name);
  }
  argv.insert(argv.end(), {"-p", std::to_string(host.port), "-l", target.user});
  argv.insert(argv.end(), what.begin(), what.end());
  argv.insert(argv.end(), {"--", host.name});
  if (!script.empty()) {
    argv.push_back(std::move(script));
  }
  return argv;
}

/// Started by itself, so that what goes wrong with the connection is told apart from what goes
/// wrong with a command.
Awaitable<Result<void>> OpensshShell::State::start_master(Self self, Instant until) {
  if (self->folder.path().empty()) {
    co_return Error{ErrorCode::resource_exhausted, "no private folder in /tmp"};
  }
  const std::optional<Places::Held> lock = co_await self->master.take(until);
  if (!lock) {
    co_return Error{ErrorCode::deadline_exceeded, "not logged in in time"};
  }
  struct stat status {};
  if (::stat(self->socket().c_str(), &status) == 0) {
    co_return Result<void>();
  }
  const HandshakeLimits::Entry entry =
      co_await self->tools->limits().enter(self->target.host.address, self->target.host.port);
  const std::size_t said_before = size_of(self->log());
  ChildRequest request;
  request.argv = self->command({"-M", "-N", "-f", "-E", self->log(), "-o", "LogLevel=INFO"});
  request.own_group = !self->tools->environment().terminal;
  const Instant patience = std::min(until, std::chrono::steady_clock::now() + kMasterPatience);
  const Result<ChildOutcome> outcome =
      co_await run_child(self->tools->loop(), std::move(request), patience);
  if (!outcome) {
    co_return outcome.error();
  }
  if (outcome->exit_status != 0) {
    co_return error_of_ssh(outcome->output.err + read_from(self->log(), said_before));
  }
  self->master_started = true;
  co_return Result<void>();
}

Awaitable<Result<ShellOutput>> OpensshShell::State::execute(Self self, ChildRequest request,
                                                            std::string command, Instant until) {
  const Result<void> ready = co_await start_master(self, until);
  if (!ready) {
    co_return self->error(ready.error());
  }
  const std::optional<Places::Held> place = co_await self->commands.take(until);
  if (!place) {
    co_return self->error(Error{ErrorCode::deadline_exceeded, "no answer in time"});
  }
  request.argv =
      self->command({"-o", "ControlMaster=no", "-o", "LogLevel=ERROR"}, std::move(command));
  if (request.stall.count() > 0) {
    until = std::chrono::steady_clock::now() + request.stall;
  }
  Result<ChildOutcome> outcome = co_await run_child(self->tools->loop(), std::move(request), until);
  if (!outcome) {
    co_return self->error(outcome.error());
  }
  if (outcome->exit_status == kSshFailed) {
    co_return self->error(error_of_ssh(outcome->output.err));
  }
  co_return std::move(outcome->output);
}

Awaitable<Result<void>> OpensshShell::State::stream(Self self, ChildRequest request) {
  const std::string subject = "follow " + self->target.host.name;
  const Instant until = std::chrono::steady_clock::now() + request.silence;
  const Result<void> ready = co_await start_master(self, until);
  if (!ready) {
    co_return self->error(ready.error()).with(subject);
  }
  const std::optional<Places::Held> place = co_await self->commands.take(until);
  if (!place) {
    co_return Error{ErrorCode::deadline_exceeded, subject + ": no answer in time"};
  }
  request.argv =
      self->command({"-o", "ControlMaster=no", "-o", "LogLevel=ERROR"}, "exec /bin/sh -s");
  Result<ChildOutcome> outcome =
      co_await run_child(self->tools->loop(), std::move(request), Instant::max());
  if (!outcome) {
    co_return self->error(outcome.error()).with(subject);
  }
  if (!outcome->stopped && outcome->exit_status == kSshFailed) {
    co_return self->error(error_of_ssh(outcome->output.err)).with(subject);
  }
  co_return Result<void>();
}

/// What the user's configuration has the connection go through; empty: nothing.
Awaitable<Result<std::string>> OpensshShell::State::jump(Self self, Instant until) {
  ChildRequest request;
  request.argv = self->command({"-G"});
  const Result<ChildOutcome> outcome =
      co_await run_child(self->tools->loop(), std::move(request), until);
  if (!outcome) {
    co_return outcome.error();
  }
  const SshHostConfig config = parse_ssh_config(outcome->output.out, self->target.host.name, "");
  if (!config.proxy_jump.empty()) {
    co_return config.proxy_jump;
  }
  co_return std::string(config.proxy_command.empty() ? "" : "ProxyCommand");
}

Awaitable<Result<std::string>> OpensshShell::State::forward(Self self, Endpoint at,
                                                            std::string question, std::string end,
                                                            Instant until) {
  const std::optional<Places::Held> lock = co_await self->forwarding.take(until);
  if (!lock) {
    co_return Error{ErrorCode::deadline_exceeded, "no answer in time"};
  }
  const std::size_t said_before = size_of(self->log());
  ChildRequest request;
  request.argv = self->command({"-o", "ControlMaster=no", "-o", "LogLevel=ERROR", "-W", at.text()});
  request.input = std::move(question);
  request.stop_after = end;
  // The end of what the port says is seen only after the end of what it is told.
  request.linger_silent = std::chrono::milliseconds(1000);
  request.linger_talking = std::chrono::milliseconds(end.empty() ? 50 : 1000);
  Result<ChildOutcome> outcome = co_await run_child(self->tools->loop(), std::move(request), until);
  if (!outcome) {
    co_return outcome.error();
  }
  if (outcome->stopped || (outcome->exit_status == 0 && end.empty())) {
    co_return std::move(outcome->output.out);
  }
  if (outcome->exit_status == 0) {
    co_return Error{ErrorCode::unavailable, "closed the connection before the answer's end"};
  }
  const std::string said = outcome->output.err + read_from(self->log(), said_before);
  if (contains(said, "administratively prohibited")) {
    co_return Error{ErrorCode::permission_denied, "the server does not forward connections"};
  }
  if (contains(said, "open failed: connect failed: Connection refused")) {
    co_return Error{ErrorCode::not_found, "connection refused"};
  }
  co_return error_of_ssh(said);
}

Awaitable<Result<std::string>> OpensshShell::State::exchange(Self self, Endpoint at,
                                                             std::string question, std::string end,
                                                             Instant until) {
  const std::string subject =
      "ask port " + std::to_string(at.port) + " of " + self->target.host.name;
  const Result<void> ready = co_await start_master(self, until);
  if (!ready) {
    co_return self->error(ready.error()).with(subject);
  }
  if (!self->forwarding_prohibited) {
    Result<std::string> answer = co_await forward(self, at, question, end, until);
    if (answer || answer.error().code != ErrorCode::permission_denied) {
      co_return std::move(answer).with(subject);
    }
    self->forwarding_prohibited = true;
  }
  const Result<std::string> behind = co_await jump(self, until);
  if (!behind) {
    co_return self->error(behind.error()).with(subject);
  }
  if (!behind->empty()) {
    co_return self->error(no_way_behind(*behind)).with(subject);
  }
  Result<std::string> answer =
      co_await exchange_straight(self->tools->loop(), self->target.host.address, at.port,
                                 std::move(question), std::move(end), until);
  co_return std::move(answer).with(subject);
}

OpensshShell::OpensshShell(std::shared_ptr<SshTools> tools, SshTarget target)
    : state_(std::make_shared<State>(std::move(tools), std::move(target))) {}

OpensshShell::~OpensshShell() = default;

Awaitable<Result<ShellOutput>> OpensshShell::execute(std::string input,
                                                     std::chrono::milliseconds patience) {
  ChildRequest request;
  request.input = std::move(input);
  return State::execute(state_, std::move(request), "exec /bin/sh -s",
                        std::chrono::steady_clock::now() + patience);
}

Awaitable<Result<ShellOutput>> OpensshShell::upload(std::string script,
                                                    std::shared_ptr<ByteSource> data,
                                                    std::chrono::milliseconds patience) {
  ChildRequest request;
  std::string command = "exec /bin/sh -c '" + run_from_input(script.size()) + "'";
  request.input = std::move(script);
  request.more = std::move(data);
  request.stall = patience;
  return State::execute(state_, std::move(request), std::move(command),
                        std::chrono::steady_clock::now() + patience);
}

Awaitable<Result<void>> OpensshShell::stream(std::string input,
                                             std::function<bool(std::string_view)> on_output,
                                             std::chrono::milliseconds silence) {
  ChildRequest request;
  request.input = std::move(input);
  request.on_output = std::move(on_output);
  request.silence = silence;
  return State::stream(state_, std::move(request));
}
Awaitable<Result<std::string>> OpensshShell::exchange(Endpoint at, std::string question,
                                                      std::string end,
                                                      std::chrono::milliseconds patience) {
  return State::exchange(state_, at, std::move(question), std::move(end),
                         std::chrono::steady_clock::now() + patience);
}

}  // namespace arcform

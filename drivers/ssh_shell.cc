// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_shell.h"

#include <algorithm>
#include <random>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>

#include "drivers/resolve.h"
#include "drivers/shell_limits.h"
#include "drivers/ssh_channel.h"
#include "drivers/ssh_link.h"
#include "drivers/ssh_session.h"
#include "drivers/tcp_exchange.h"

namespace arcform {
namespace {

constexpr std::chrono::seconds kResolvePatience{10};
constexpr int kDropsMax = 8;
constexpr std::chrono::milliseconds kFirstPause{40};
constexpr std::chrono::milliseconds kPauseMax{800};
constexpr std::chrono::seconds kRefusalHeld{10};

}  // namespace

/// Outlives the shell while calls run.
struct SshShell::State : std::enable_shared_from_this<SshShell::State> {
  using Self = std::shared_ptr<State>;
  State(std::shared_ptr<SshTools> with, SshTarget whom)
      : tools(std::move(with)), target(std::move(whom)), changed(tools->loop()) {}

  std::shared_ptr<SshTools> tools;
  SshTarget target;
  bool configured = false;  ///< `target` has what the user's configuration says
  TimedSignal changed;
  std::shared_ptr<SshLink> link;
  bool connecting = false;
  bool closed = false;
  std::optional<Error> failure;  ///< of the last login
  Instant failure_held_until = Instant::min();

  static Awaitable<Connected> connect_patiently(Self self);
  static Awaitable<void> connect(Self self);
  static Awaitable<Result<std::shared_ptr<SshLink>>> connected(Self self, Instant until);
  template <class T, class Request>
  static Awaitable<Result<T>> perform(Self self, Request request, Instant until);
  static Awaitable<Result<ShellOutput>> execute(Self self, ShellInput input, Instant until);
  static Awaitable<Result<void>> stream(Self self, std::string input,
                                        std::function<bool(std::string_view)> on_output,
                                        std::chrono::milliseconds silence);
  static Awaitable<Result<std::string>> exchange(Self self, Endpoint at, std::string question,
                                                 std::string end, Instant until);
  static Awaitable<Attempt<std::string>> exchange_somehow(Self self, std::shared_ptr<SshLink> over,
                                                          Endpoint at, std::string question,
                                                          std::string end, Instant until);
};

/// Again only when the server hung up before it said anything: that is how sshd says "too many".
Awaitable<Connected> SshShell::State::connect_patiently(Self self) {
  if (!self->configured) {
    Result<SshTarget> target = co_await with_user_config(self->tools, self->target);
    if (!target) {
      co_return Connected{nullptr, target.error()};
    }
    self->target = std::move(*target);
    self->configured = true;
  }
  const KnownName& host = self->target.host;
  Result<asio::ip::address> address = asio::ip::address();
  if (self->target.through.empty()) {  // Behind a jump host, that one resolves the name.
    const Instant until = std::chrono::steady_clock::now() + kResolvePatience;
    address = co_await resolve(self->tools->loop(), host.address, until);
  }
  if (!address) {
    co_return Connected{nullptr, address.error()};
  }
  // All that goes through one jump host logs in there too.
  const std::string door = self->target.through.empty() ? host.address : self->target.jump;
  HandshakeLimits& limits = self->tools->limits();
  std::chrono::milliseconds pause = kFirstPause;
  for (int drops = 0;; ++drops) {
    Connected connected;
    {
      const HandshakeLimits::Entry entry = co_await limits.enter(door, host.port);
      connected = co_await open_session(self->tools, self->target, {*address, host.port});
    }
    if (!connected.dropped || drops == kDropsMax || self->closed) {
      co_return connected;
    }
    limits.dropped(door, host.port);
    const auto jitter = std::chrono::milliseconds(std::random_device{}() % 40);
    LoopTimer timer(self->tools->loop(), pause + jitter);
    co_await timer.async_wait(kAwait);
    pause = std::min(pause * 2, kPauseMax);
  }
}

Awaitable<void> SshShell::State::connect(Self self) {
  Connected connected = co_await connect_patiently(self);
  self->connecting = false;
  self->link = std::move(connected.link);
  self->failure.reset();
  if (self->link == nullptr) {
    self->failure = connected.error.with("ssh to " + self->target.text());
    const bool refused = self->failure->code == ErrorCode::unauthenticated;
    const auto held = refused ? kRefusalHeld : std::chrono::seconds(0);
    self->failure_held_until = std::chrono::steady_clock::now() + held;
  }
  self->changed.notify_all();
}

Awaitable<Result<std::shared_ptr<SshLink>>> SshShell::State::connected(Self self, Instant until) {
  if (self->link != nullptr && self->link->usable()) {
    co_return self->link;
  }
  if (!self->connecting) {
    if (self->failure && std::chrono::steady_clock::now() < self->failure_held_until) {
      co_return *self->failure;
    }
    self->connecting = true;
    self->link = nullptr;
    asio::co_spawn(self->tools->loop(), connect(self), asio::detached);
  }
  while (self->connecting && !self->closed) {
    const bool woken = co_await self->changed.wait(until);
    if (!woken) {
      co_return Error{ErrorCode::deadline_exceeded,
                      "ssh to " + self->target.text() + ": not logged in in time"};
    }
  }
  if (self->closed) {
    co_return Error{ErrorCode::unavailable, "ssh to " + self->target.text() + ": closed"};
  }
  if (self->link == nullptr) {
    co_return *self->failure;
  }
  co_return self->link;
}

/// `request` runs on the kept connection; once more on a new one when that turns out to be lost
/// before anything was started.
template <class T, class Request>
Awaitable<Result<T>> SshShell::State::perform(Self self, Request request, Instant until) {
  for (int attempts = 0;; ++attempts) {
    const Result<std::shared_ptr<SshLink>> found = co_await connected(self, until);
    if (!found) {
      co_return found.error();
    }
    Attempt<T> attempt = co_await request(*found);
    if (attempt.result) {
      co_return std::move(attempt.result);
    }
    if (!attempt.may_repeat || attempts == 1 || self->closed) {
      co_return attempt.result.error().with(self->target.text());
    }
    if (self->link == *found) {
      self->link = nullptr;
    }
  }
}

Awaitable<Result<ShellOutput>> SshShell::State::execute(Self self, ShellInput input,
                                                        Instant until) {
  const auto request = [&input, until](std::shared_ptr<SshLink> over) {
    return execute_over(std::move(over), input, until);
  };
  Result<ShellOutput> output = co_await perform<ShellOutput>(self, request, until);
  co_return output;
}

Awaitable<Result<void>> SshShell::State::stream(Self self, std::string input,
                                                std::function<bool(std::string_view)> on_output,
                                                std::chrono::milliseconds silence) {
  const auto request = [&](std::shared_ptr<SshLink> over) {
    return stream_over(std::move(over), input, on_output, silence);
  };
  const Instant until = std::chrono::steady_clock::now() + silence;
  Result<bool> ended = co_await perform<bool>(self, request, until);
  if (!ended) {
    co_return ended.error().with("follow " + self->target.host.name);
  }
  co_return Result<void>();
}

/// Through the connection; straight to the host's address where the server forwards nothing, unless
/// the host is behind another one: from here, its address may be somebody else's.
Awaitable<Attempt<std::string>> SshShell::State::exchange_somehow(Self self,
                                                                  std::shared_ptr<SshLink> over,
                                                                  Endpoint at, std::string question,
                                                                  std::string end, Instant until) {
  if (!over->forwarding_prohibited) {
    Attempt<std::string> attempt = co_await exchange_over(over, at, question, end, until);
    if (attempt.result || attempt.result.error().code != ErrorCode::permission_denied) {
      co_return attempt;
    }
    over->forwarding_prohibited = true;
  }
  if (!self->target.through.empty()) {
    co_return Attempt<std::string>{no_way_behind(self->target.jump)};
  }
  Result<std::string> answer =
      co_await exchange_straight(self->tools->loop(), self->target.host.address, at.port,
                                 std::move(question), std::move(end), until);
  co_return Attempt<std::string>{std::move(answer)};
}

Awaitable<Result<std::string>> SshShell::State::exchange(Self self, Endpoint at,
                                                         std::string question, std::string end,
                                                         Instant until) {
  const auto request = [&](std::shared_ptr<SshLink> over) {
    return exchange_somehow(self, std::move(over), at, question, end, until);
  };
  Result<std::string> answer = co_await perform<std::string>(self, request, until);
  co_return std::move(answer).with("ask port " + std::to_string(at.port) + " of " +
                                   self->target.host.name);
}

SshShell::SshShell(std::shared_ptr<SshTools> tools, SshTarget target)
    : state_(std::make_shared<State>(std::move(tools), std::move(target))) {}

SshShell::~SshShell() {
  state_->closed = true;
  if (state_->link != nullptr) {
    state_->link->break_down(Error{ErrorCode::unavailable, "the connection was closed by us"});
    state_->link = nullptr;
  }
  state_->changed.notify_all();
}

Awaitable<Result<ShellOutput>> SshShell::execute(std::string input,
                                                 std::chrono::milliseconds patience) {
  return State::execute(state_, ShellInput{std::move(input), nullptr, {}},
                        std::chrono::steady_clock::now() + patience);
}

Awaitable<Result<ShellOutput>> SshShell::upload(std::string script,
                                                std::shared_ptr<ByteSource> data,
                                                std::chrono::milliseconds patience) {
  return State::execute(state_, ShellInput{std::move(script), std::move(data), patience},
                        std::chrono::steady_clock::now() + patience);
}

Awaitable<Result<void>> SshShell::stream(std::string input,
                                         std::function<bool(std::string_view)> on_output,
                                         std::chrono::milliseconds silence) {
  return State::stream(state_, std::move(input), std::move(on_output), silence);
}
Awaitable<Result<std::string>> SshShell::exchange(Endpoint at, std::string question,
                                                  std::string end,
                                                  std::chrono::milliseconds patience) {
  return State::exchange(state_, at, std::move(question), std::move(end),
                         std::chrono::steady_clock::now() + patience);
}

}  // namespace arcform

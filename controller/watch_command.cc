// SPDX-License-Identifier: Apache-2.0
#include "controller/watch_command.h"

#include <csignal>
#include <random>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "controller/cli_hooks.h"
#include "controller/command_parts.h"
#include "controller/hooks.h"
#include "controller/pauses.h"
#include "controller/spec_file.h"
#include "controller/watch_log.h"
#include "controller/watch_loop.h"
#include "controller/watch_site.h"
#include "drivers/file_watch.h"
#include "drivers/service_manager.h"

namespace arcform {
namespace {

/// A service manager kills 10 s after SIGTERM, or so its unit says.
constexpr std::chrono::seconds kStopPatience{8};
/// An editor writes more than once; what stands after that counts.
constexpr std::chrono::milliseconds kWriting{100};
/// What is still to be told then is not waited for any longer.
constexpr std::chrono::seconds kLastWords{1};

/// What belongs to one run of `arcform watch`. Its coroutines share it.
struct Service : std::enable_shared_from_this<Service> {
  Service(Machine& its_machine, const Options& its_options, std::shared_ptr<Watch> its_watch,
          EventSource source)
      : machine(its_machine),
        options(its_options),
        watch(std::move(its_watch)),
        manager(ServiceManager::from_environment()),
        ended(machine.world.loop),
        hangup(machine.world.loop, SIGHUP),
        on_terminal(::isatty(STDOUT_FILENO) == 1),
        hooks(machine.world.loop, machine.world.clock, machine.call_hook, watch->journal(),
              std::move(source)) {}

  /// Those of the spec, and those of the command line.
  void tell(std::vector<WatchHook> spec_hooks) {
    const std::vector<WatchHook> own = hooks_of(options);
    spec_hooks.insert(spec_hooks.end(), own.begin(), own.end());
    hooks.follow(spec_hooks);
  }

  Machine& machine;
  const Options& options;
  std::shared_ptr<Watch> watch;
  ServiceManager manager;
  Event ended;
  asio::signal_set hangup;
  bool on_terminal;  ///< whose end is ours: nobody is there to end us any more
  Hooks hooks;
  std::string digest;  ///< of the spec that is followed
  std::string deployment;
  bool reading = false;
  bool stopping = false;
  bool hurried = false;  ///< a person does not want to wait
  bool abandoned = false;
};

using Self = std::shared_ptr<Service>;

/// Says that we are up once the first look has ended.
class Readiness final : public WatchObserver {
 public:
  explicit Readiness(const ServiceManager& manager) : manager_(manager) {}
  void on_event(const WatchEvent& /*event*/) override {}
  void on_state(const WatchState& state) override {
    if (!ready_ && state.last != nullptr) {
      ready_ = true;
      manager_.ready();
    }
    const std::string now =
        fmt::format("{}{}{}", name_of(state.mode), state.why_observing.empty() ? "" : ": ",
                    state.why_observing);
    if (now != told_) {
      told_ = now;
      manager_.status(told_);
    }
  }

 private:
  const ServiceManager& manager_;
  bool ready_ = false;
  std::string told_;
};

Awaitable<void> read_spec_again(Self self, bool asked) {
  if (self->reading) {
    co_return;
  }
  self->reading = true;
  Clock& clock = self->machine.world.clock;
  co_await clock.wait_until(clock.now() + kWriting);
  self->reading = false;
  const Result<std::string> text = read_file(self->options.spec);
  if (!text) {
    self->watch->refuse_spec(text.error().message);
    co_return;
  }
  SpecFile file = read_spec_file(*text, self->options);
  const std::string why = file.first_error(self->options.spec);
  if (!why.empty()) {
    self->watch->refuse_spec(why);
    co_return;
  }
  DesiredState& desired = *file.spec.desired;
  const std::string digest = desired.digest;
  const auto hooks = desired.watch.hooks;
  if (digest != self->digest && !self->watch->follow_spec(std::move(desired))) {
    co_return;
  }
  self->watch->refuse_spec("");
  self->tell(hooks);
  if (digest == self->digest && asked) {
    self->watch->look_again("signal", true);
  }
  self->digest = digest;
}

void read_soon(const Self& self, bool asked) {
  asio::co_spawn(self->machine.world.loop, read_spec_again(self, asked), asio::detached);
}

Awaitable<void> reload(Self self) {
  co_await read_spec_again(self, true);
  self->manager.ready();
}

Awaitable<void> keep_alive(Self self) {
  const auto interval = self->manager.watchdog() / 3;
  Clock& clock = self->machine.world.clock;
  while (interval.count() > 0 && !self->ended.is_set()) {
    self->manager.alive();
    co_await clock.wait_until(clock.now() + interval);
  }
}

Awaitable<void> stop(Self self) {
  if (std::exchange(self->stopping, true)) {
    co_return;
  }
  self->manager.stopping();
  self->watch->stop();
  Clock& clock = self->machine.world.clock;
  const Time until = clock.now() + kStopPatience;
  while (!self->ended.is_set() && !self->hurried && clock.now() < until) {
    co_await clock.wait_until(clock.now() + std::chrono::milliseconds(50));
  }
  if (!self->ended.is_set()) {
    self->abandoned = true;
    co_await self->watch->abandon();
    self->ended.set();
  }
}

void await_hangup(const Self& self) {
  self->hangup.async_wait([self](const asio::error_code& error, int) {
    if (error || self->ended.is_set()) {
      return;
    }
    if (self->on_terminal) {
      asio::co_spawn(self->machine.world.loop, stop(self), asio::detached);
      return;
    }
    self->manager.reloading(
        std::chrono::duration_cast<std::chrono::microseconds>(self->machine.world.clock.now()));
    asio::co_spawn(self->machine.world.loop, reload(self), asio::detached);
    await_hangup(self);
  });
}

/// 12 hexadecimal digits.
std::string run_id() {
  std::random_device random;
  return fmt::format("{:08x}{:04x}", random(), random() & 0xffffU);
}

Awaitable<void> run(Self self) {
  co_await self->watch->run();
  self->ended.set();
}

/// Opens the pages. Where nobody said where, a port that is taken (by the watcher of another
/// deployment) is no reason not to watch.
Awaitable<Result<std::unique_ptr<WatchSite>>> open_site(Self self) {
  const std::string& asked = self->options.listen;
  const auto place = parse_listen(asked.empty() ? kListenUsual : asked);
  if (!place) {  // "none"
    co_return std::unique_ptr<WatchSite>();
  }
  WatchJournal& journal = self->watch->journal();
  Result<std::unique_ptr<WatchSite>> site = co_await WatchSite::open(
      self->machine, journal, self->deployment, self->options.period, *place);
  if (!site && !asked.empty()) {
    co_return site;
  }
  std::string said =
      site ? "shows itself at " + (*site)->url() : "does not show itself: " + site.error().message;
  if (site && !(*site)->is_loopback()) {
    said += " to all who can reach that address: there is no login";
    self->machine.console.err("arcform: warning: " + said +
                              "; 127.0.0.1 is for this machine alone\n");
  }
  journal.note({WatchEvent::Kind::started, "", said, "", {}});
  if (!site) {
    co_return std::unique_ptr<WatchSite>();
  }
  co_return site;
}

}  // namespace

Awaitable<ExitStatus> run_watch(Machine& machine, const Options& options,
                                const DesiredState& desired) {
  WatchOptions how;
  how.period = options.period;
  how.parallel = options.parallel;
  how.seed = std::random_device{}();
  const auto watch =
      std::make_shared<Watch>(machine.world, machine.zookeeper, desired, machine.who, how);
  const EventSource source{run_id(), desired.deployment, machine.who};
  const auto self = std::make_shared<Service>(machine, options, watch, source);
  self->tell(desired.watch.hooks);
  self->digest = desired.digest;
  self->deployment = desired.deployment;
  const bool json = options.log.empty() ? !self->on_terminal : options.log == "json";
  WatchLog log(machine.console, json, source);
  Readiness readiness(self->manager);
  watch->journal().listen(log);
  watch->journal().listen(readiness);
  watch->journal().listen(self->hooks);
  const Result<std::unique_ptr<WatchSite>> site = co_await open_site(self);
  if (!site) {
    machine.console.err("arcform: " + site.error().message + "\n");
    co_return ExitStatus::error;
  }
  const FileWatch file(machine.world.loop, options.spec, [self] { read_soon(self, false); });
  await_hangup(self);
  // Ending at once would leave the lock until the session is over, so a second SIGTERM changes
  // nothing: it is a matter of seconds anyway.
  machine.signals.end_with(
      [self] { asio::co_spawn(self->machine.world.loop, stop(self), asio::detached); },
      [self](int signal) { self->hurried |= signal == SIGINT; });
  asio::co_spawn(machine.world.loop, keep_alive(self), asio::detached);
  asio::co_spawn(machine.world.loop, run(self), asio::detached);
  co_await self->ended.wait();
  co_await self->hooks.flush(kLastWords);
  machine.signals.end_with([] {}, [](int) {});  // Nothing is left that could be interrupted.
  self->hangup.cancel();
  watch->journal().silence();
  if (self->abandoned) {
    machine.console.err(
        "arcform: not waited for any longer: what still ran goes on on its host, the next "
        "look sees what it did\n");
  }
  co_return ExitStatus::done;
}

namespace {

Awaitable<Result<std::string>> pause(Machine& machine, const Options& options,
                                     const DesiredState& desired, ZnodeSession& session,
                                     Request request) {
  const Result<void> known =
      co_await check_scope(machine.world.loop, session, desired, options.subject);
  if (!known) {
    co_return known.error().with("pause");
  }
  const Result<std::string> until =
      co_await pause_scope(session, request, options.subject, options.pause_time, options.reason);
  if (!until) {
    co_return until.error();
  }
  co_return fmt::format("{} is paused until {}\n", options.subject, *until);
}

/// What is paused can be resumed, whether it is still there or not.
Awaitable<Result<std::string>> resume(Machine& machine, const Options& options,
                                      const DesiredState& desired, ZnodeSession& session,
                                      Request request) {
  const Result<bool> resumed = co_await resume_scope(session, request, options.subject);
  if (!resumed) {
    co_return resumed.error();
  }
  if (*resumed) {
    co_return options.subject + " goes on\n";
  }
  const Result<void> known =
      co_await check_scope(machine.world.loop, session, desired, options.subject);
  if (!known) {
    co_return known.error().with("resume");
  }
  co_return options.subject +
      ": nothing was paused under that name; a watching controller forgets its failures\n";
}

Awaitable<Result<std::string>> obey(Machine& machine, const Options& options,
                                    const DesiredState& desired, ZnodeSession& session) {
  const Request request{desired.deployment, machine.who, machine.world.clock.timestamp()};
  Result<std::string> said = options.subject + " is approved\n";
  if (options.command == Command::pause) {
    said = co_await pause(machine, options, desired, session, request);
  } else if (options.command == Command::resume) {
    said = co_await resume(machine, options, desired, session, request);
  } else if (const Result<void> approved =
                 co_await approve_rollout(session, request, options.subject);
             !approved) {
    said = approved.error();
  }
  co_return said;
}

}  // namespace

Awaitable<ExitStatus> run_request(Machine& machine, const Options& options,
                                  const DesiredState& desired) {
  EnsembleSession ensemble(machine.world.loop, machine.zookeeper, connect_string(desired));
  const auto session = co_await ensemble.session(std::chrono::seconds(10));
  if (!session) {
    machine.console.err("arcform: " + session.error().message + "\n");
    co_return ExitStatus::incomplete;
  }
  const Result<std::string> said = co_await obey(machine, options, desired, **session);
  co_await ensemble.close();
  if (!said) {
    machine.console.err("arcform: " + said.error().message + "\n");
    const ErrorCode code = said.error().code;
    co_return code == ErrorCode::invalid_argument ? ExitStatus::invalid
    : code == ErrorCode::aborted                  ? ExitStatus::stale_plan
                                                  : ExitStatus::error;
  }
  machine.console.out(*said);
  co_return ExitStatus::done;
}

}  // namespace arcform

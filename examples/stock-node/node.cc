// SPDX-License-Identifier: Apache-2.0
#include "examples/stock-node/node.h"

#include <array>
#include <csignal>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>

#include "examples/stock-node/engine.h"
#include "examples/stock-node/fd.h"
#include "examples/stock-node/identity.h"
#include "examples/stock-node/log.h"
#include "examples/stock-node/membership.h"
#include "examples/stock-node/process.h"

namespace arcform::stock {
namespace {

int refuse(const Log& log, const Failure& failure) {
  log.warning("{}", failure.text);
  return failure.status;
}

// From here on the two signals wait until somebody reads the descriptor: a SIGTERM during the
// start takes effect only when the start is over, as in the server.
Fd stop_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return Fd(signalfd(-1, &signals, SFD_CLOEXEC));
}

std::optional<Failure> prepare_process(const Options& options) {
  for (const std::string& extension : options.extensions) {
    if (auto failure = check_library(extension)) {
      return failure;
    }
  }
  if (auto failure = set_limits_and_user(options)) {
    return failure;
  }
  if (options.daemonize) {
    if (auto failure = daemonize(options.core_dumps, options.verbosity > 0)) {
      return failure;
    }
  }
  if (!options.engine) {
    return Failure{kExitBadOption, "no storage engine: give -E PREFIX/lib/default_engine.so"};
  }
  return check_library(*options.engine);
}

std::optional<Failure> join_cloud(const Options& options, Membership& membership,
                                  const Engine& engine, const Log& log) {
  Outcome<Identity> identity = identify(*options.ensemble, options.port, log);
  if (const auto* failure = std::get_if<Failure>(&identity)) {
    return *failure;
  }
  const JoinRequest request{std::get<Identity>(identity), options.memory_mb,
                            options.session_timeout_s};
  return membership.join(request, engine.exit_fd());
}

class Node {
 public:
  Node(const Options& options, const Log& log, const Fd& signals, Engine engine)
      : options_(options), log_(log), signals_(signals), engine_(std::move(engine)) {}

  int run() {
    if (options_.ensemble) {
      engine_.hold();
      if (std::optional<Failure> failure = join_cloud(options_, membership_, engine_, log_)) {
        if (engine_has_ended()) {
          return engine_ended();
        }
        membership_.leave();
        return refuse(log_, *failure);
      }
      engine_.resume();
    }
    if (options_.daemonize && options_.pid_file) {
      write_pid_file(*options_.pid_file, log_);
    }
    return serve();
  }

 private:
  int serve() {
    while (true) {
      std::array<pollfd, 3> fds{{{signals_.get(), POLLIN, 0},
                                 {engine_.exit_fd(), POLLIN, 0},
                                 {membership_.event_fd(), POLLIN, 0}}};
      poll(fds.data(), fds.size(), -1);
      if (fds[0].revents != 0) {
        return stop();
      }
      if (fds[1].revents != 0) {
        return engine_ended();
      }
      if (fds[2].revents != 0) {
        if (const std::optional<int> status = follow_membership()) {
          return *status;
        }
      }
    }
  }

  // The znode goes first, so that clients turn away before the port closes.
  int stop() {
    if (options_.daemonize && options_.pid_file) {
      remove_pid_file(*options_.pid_file, log_);
    }
    membership_.leave();
    log_.info("zk connection closed");
    engine_.stop();
    return 0;
  }

  bool engine_has_ended() const {
    pollfd ended{engine_.exit_fd(), POLLIN, 0};
    return poll(&ended, 1, 0) > 0;
  }

  int engine_ended() {
    membership_.leave();
    const int status = engine_.collect();
    log_.warning("stock memcached ended: exit status {}. shutting down", status);
    return status;
  }

  std::optional<int> follow_membership() {
    switch (membership_.standing()) {
      case Standing::member:
        return std::nullopt;
      case Standing::removed:
        log_.warning("My ephemeral znode in cache_list is deleted. Please check and rejoin.");
        membership_.leave();
        log_.warning("zk connection closed by mc_pause.");
        return std::nullopt;
      case Standing::expired:
        log_.warning("ZOO_SESSION_EVENT Expired. shutting down");
        membership_.leave();
        return kExitExpired;
      case Standing::refused:
        log_.warning("ZOO_SESSION_EVENT Auth failed. shutting down");
        membership_.leave();
        return kExitAuth;
    }
    return std::nullopt;
  }

  const Options& options_;
  const Log& log_;
  const Fd& signals_;
  Engine engine_;
  Membership membership_{log_};
};

}  // namespace

int run_node(const Options& options) {
  const Log log(options.verbosity);
  if (const std::optional<Failure> failure = prepare_process(options)) {
    return refuse(log, *failure);
  }
  const Fd signals = stop_signals();
  Outcome<Engine> engine = Engine::start(options, log);
  if (const auto* failure = std::get_if<Failure>(&engine)) {
    return refuse(log, *failure);
  }
  return Node(options, log, signals, std::move(std::get<Engine>(engine))).run();
}

}  // namespace arcform::stock

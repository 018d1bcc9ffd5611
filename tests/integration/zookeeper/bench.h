// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "drivers/clock.h"
#include "drivers/zookeeper.h"

namespace arcform {

using std::chrono::milliseconds;

/// A loop with the real drivers, and a way to wait for one coroutine on it.
class Bench {
 public:
  explicit Bench(ZookeeperOptions options = {}) : zookeeper(loop, clock, options) {}

  /// Runs the loop until `task` has ended.
  template <class T>
  T run(Awaitable<T> task) {
    std::optional<T> result;
    asio::co_spawn(loop.get_executor(), std::move(task),
                   [&result, this](std::exception_ptr error, T value) {
                     loop.stop();
                     if (error) {
                       std::rethrow_exception(error);
                     }
                     result.emplace(std::move(value));
                   });
    loop.restart();
    loop.run();
    return std::move(*result);
  }
  void run(Awaitable<void> task) {
    asio::co_spawn(loop.get_executor(), std::move(task), [this](std::exception_ptr error) {
      loop.stop();
      if (error) {
        std::rethrow_exception(error);
      }
    });
    loop.restart();
    loop.run();
  }

  /// Connects or throws the error's text.
  std::unique_ptr<ZnodeSession> connect(std::string servers, milliseconds patience);
  /// Lets the loop run for so long.
  void pass(milliseconds time) { run(clock.wait_until(clock.now() + time)); }

  asio::io_context loop;
  SystemClock clock{loop};
  ZookeeperClient zookeeper;
};

inline std::unique_ptr<ZnodeSession> Bench::connect(std::string servers, milliseconds patience) {
  const auto open = [](Zookeeper& its, std::string where,
                       milliseconds how_long) -> Awaitable<std::unique_ptr<ZnodeSession>> {
    Result<std::unique_ptr<ZnodeSession>> session = co_await its.connect(where, how_long);
    if (!session) {
      throw std::runtime_error(session.error().message);
    }
    co_return std::move(*session);
  };
  return run(open(zookeeper, std::move(servers), patience));
}

inline double milliseconds_since(const Clock& clock, Time start) {
  return std::chrono::duration<double, std::milli>(clock.now() - start).count();
}

}  // namespace arcform

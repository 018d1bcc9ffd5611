// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include "drivers/async.h"

namespace arcform {

/// Where a started coroutine leaves its result.
template <class T>
using Later = std::shared_ptr<std::optional<T>>;

template <class T>
Awaitable<void> deliver(Awaitable<T> work, Later<T> later) {
  T value = co_await std::move(work);
  later->emplace(std::move(value));
}

/// Starts the coroutine; the result is there once it has ended. Exceptions leave the loop's run.
template <class T>
Later<T> start_on(asio::io_context& loop, Awaitable<T> work) {
  auto later = std::make_shared<std::optional<T>>();
  asio::co_spawn(loop, deliver(std::move(work), later), [](std::exception_ptr failure) {
    if (failure) {
      std::rethrow_exception(failure);
    }
  });
  return later;
}

/// Runs the loop until the result is there.
template <class T>
T finish_on(asio::io_context& loop, const Later<T>& later) {
  loop.restart();
  while (!*later && loop.run_one() > 0) {
  }
  return std::move(*later).value();
}

template <class T>
T on_loop(asio::io_context& loop, Awaitable<T> work) {
  return finish_on(loop, start_on(loop, std::move(work)));
}

}  // namespace arcform

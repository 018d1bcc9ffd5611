// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

#include "model/result.h"

namespace arcform {

/// A coroutine on the one event loop. Everything that waits returns one.
template <class T>
using Awaitable = asio::awaitable<T, asio::io_context::executor_type>;

}  // namespace arcform

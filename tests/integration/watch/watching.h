// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <csignal>
#include <string>

#include <catch2/catch.hpp>

#include "tests/integration/three_hosts/deployment.h"

/// What the tests of `arcform watch` have in common.
namespace arcform {

/// Fails the test, with all that was said, when the watcher does not say it in time.
inline void must_say(StartedProcess& watch, const std::string& text, std::chrono::seconds limit) {
  if (!watch.await_output(text, limit)) {
    const ProcessResult result = watch.finish(std::chrono::milliseconds(1));
    FAIL("not said: " << text << "\n" << result.out << result.err);
  }
}

/// SIGTERM; it must have ended well within ten seconds. What it has said.
inline std::string stopped(StartedProcess& watch) {
  const auto begun = std::chrono::steady_clock::now();
  watch.signal(SIGTERM);
  const ProcessResult ended = watch.finish(std::chrono::seconds(150));  // Since its start.
  require_status(ended, 0);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
  return ended.out;
}

inline std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

#include <asio/signal_set.hpp>

#include "controller/terminal.h"

namespace arcform {

/// SIGINT and SIGTERM. While a flag is watched, the first one sets it (stop at the next safe point)
/// and the second one ends the waiting: the process exits at once. Without one, the first exits.
class Signals {
 public:
  Signals(asio::io_context& loop, Console& console);
  /// `flag` is set by the first signal; it must live until it is replaced. nullptr: none.
  void watch(bool* flag) { flag_ = flag; }
  /// Instead, the first signal runs `stop` and each later one `again`; without it the second ends
  /// the process. nullptr: no longer.
  void end_with(std::function<void()> stop, std::function<void(int signal)> again = {}) {
    stop_ = std::move(stop);
    again_ = std::move(again);
  }
  /// One that came while somebody was asked something, and ended the question.
  void take(int number);
  /// The signal that came first, or 0.
  int received() const { return received_; }

 private:
  void wait();
  asio::signal_set set_;
  Console& console_;
  bool* flag_ = nullptr;
  std::function<void()> stop_;
  std::function<void(int)> again_;
  int received_ = 0;
};

/// "ann@ops1 pid 4711": this process, for the lock and the records.
std::string holder_name(const std::string& user);

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace arcform {

/// Talks to the service manager that started us, when there is one: datagrams to the socket that
/// NOTIFY_SOCKET names (systemd's sd_notify(3) protocol). Without it every call does nothing.
class ServiceManager {
 public:
  /// From the environment, which is then cleared of it: children are not the service.
  static ServiceManager from_environment();
  /// `socket`: a path, or '@' and an abstract name; empty: nobody listens.
  ServiceManager(std::string socket, std::chrono::microseconds watchdog)
      : socket_(std::move(socket)), watchdog_(watchdog) {}

  void ready() const { send("READY=1"); }
  void reloading(std::chrono::microseconds monotonic) const;
  void stopping() const { send("STOPPING=1"); }
  void alive() const { send("WATCHDOG=1"); }
  /// One line.
  void status(const std::string& text) const { send("STATUS=" + text); }
  /// How often alive() must be called at least; 0: never.
  std::chrono::microseconds watchdog() const { return watchdog_; }

 private:
  void send(const std::string& message) const;
  std::string socket_;
  std::chrono::microseconds watchdog_;
};

}  // namespace arcform

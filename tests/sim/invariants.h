// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "controller/reconcile.h"
#include "tests/sim/sim_world.h"

namespace arcform::sim {

/// A rule was broken; says which, and by what effect.
class RuleBroken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What must never happen, looked at after every effect of the world. Only what the controller
/// does is held against it; what people and faults do is not.
class Invariants {
 public:
  /// Watches `world` from here on; both must live as long as effects happen.
  explicit Invariants(SimWorld& world);
  /// The spec that the controller works for from now on. It must live until the next call.
  void expect(const DesiredState& desired);
  /// A plan is about to be run: it must not touch what was not seen.
  static void check_plan(const Round& round);

 private:
  struct Effect;
  void look();
  void look_at_host(const std::string& host, const std::string& what);
  void look_at_znodes(const std::string& changes);
  void look_at_change(const std::string& verb, const std::string& path);
  void node_stopped(const std::string& host, std::uint16_t port);
  void node_starts(const std::string& host, std::uint16_t port);
  void runs_whole(const std::string& host, const std::string& slot);
  void release_removed(const std::string& host, const std::string& release);
  void server_stopped(const std::string& host);
  void forget_joined();
  [[noreturn]] void broken(const std::string& rule) const;

  SimWorld& world_;
  const DesiredState* desired_ = nullptr;
  std::size_t seen_ = 0;      ///< lines of the log
  std::optional<Time> woke_;  ///< when the controller last woke from a sleep
  /// By us, by cloud; and whether it was seen gone since.
  std::map<std::string, std::map<Endpoint, bool>> down_;
};

}  // namespace arcform::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "drivers/world.h"

/// What every implementation of Zookeeper must do, the simulated one and the real one alike, each
/// behind a Fixture. Needs Catch2; every function is the body of one TEST_CASE.
namespace arcform::contract {

/// One empty ensemble (nothing below / but what a server puts there) and a loop.
class Fixture {
 public:
  virtual ~Fixture() = default;
  virtual Zookeeper& zookeeper() = 0;
  /// Where connect() finds the ensemble.
  virtual std::string connect_string() = 0;
  /// Nobody ever listens there.
  virtual std::string dead_connect_string() = 0;
  /// Starts `task` and drives the loop, also in time, until `task` has ended.
  virtual void drive(Awaitable<void> task) = 0;
  /// Makes the ensemble forget every session that is open now, as if nothing of them had been
  /// heard for their timeout; it serves new sessions when this returns.
  virtual void expire_sessions() = 0;

  template <class T>
  T run(Awaitable<T> task) {
    std::optional<T> result;
    drive(store(std::move(task), result));
    return std::move(*result);
  }
  void run(Awaitable<void> task) { drive(std::move(task)); }

  /// A new session; fails the test when there is none.
  std::unique_ptr<ZnodeSession> open();

 private:
  template <class T>
  static Awaitable<void> store(Awaitable<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }
};

void reads_what_was_written(Fixture& fixture);
void lists_children_sorted(Fixture& fixture);
void refuses_what_does_not_fit(Fixture& fixture);
void versions_guard_set_and_remove(Fixture& fixture);
void transactions_are_all_or_nothing(Fixture& fixture);
void transactions_see_their_own_changes(Fixture& fixture);
void checks_fence_a_transaction(Fixture& fixture);
void ephemerals_belong_to_their_session(Fixture& fixture);
void recreated_znodes_are_other_znodes(Fixture& fixture);
void any_bytes_are_data(Fixture& fixture);
void sessions_see_each_other_after_sync(Fixture& fixture);
void invalid_requests_are_not_sent(Fixture& fixture);
void the_largest_transaction_works(Fixture& fixture);
void a_closed_session_is_over(Fixture& fixture);
void an_expired_session_is_over(Fixture& fixture);
void requests_outlive_the_session_object(Fixture& fixture);
void connecting_to_nobody_is_unavailable(Fixture& fixture);

}  // namespace arcform::contract

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "drivers/world.h"

namespace arcform {

/// The one session with the ensemble, made on demand and kept over rounds; a session that is over
/// is replaced by a new one at the next call.
class EnsembleSession {
 public:
  /// `zookeeper` and `loop` must outlive this object.
  EnsembleSession(asio::io_context& loop, Zookeeper& zookeeper, std::string connect_string);
  ~EnsembleSession();
  EnsembleSession(const EnsembleSession&) = delete;
  EnsembleSession& operator=(const EnsembleSession&) = delete;

  /// The live session; connects when there is none. Several callers share one attempt. Valid until
  /// the next call or close(). Errors: unavailable.
  Awaitable<Result<ZnodeSession*>> session(std::chrono::milliseconds patience);
  /// Ends the waiting of everybody in session(): the caller knows that nobody can answer. The
  /// attempt itself goes on in the background until its patience ends; the next call of session()
  /// makes a new one.
  void give_up(std::string why);
  /// The live session, or nullptr.
  ZnodeSession* live() const;
  /// Closes the session, if any, and waits for that. An attempt that still runs is left to end by
  /// itself. The last thing that a command does: the ensemble has to agree on it, which nobody
  /// needs to wait for.
  Awaitable<void> close();

 private:
  struct Attempt;
  static Awaitable<void> run(std::shared_ptr<Attempt> attempt, Zookeeper& zookeeper,
                             std::string connect_string, std::chrono::milliseconds patience);

  asio::io_context& loop_;
  Zookeeper& zookeeper_;
  std::string connect_string_;
  std::unique_ptr<ZnodeSession> session_;
  std::shared_ptr<Attempt> attempt_;
};

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "controller/apply_context.h"

namespace arcform {

/// Keeps an apply from what people pause while it runs: its plan knows only of what was paused when
/// it was made.
class PauseGuard {
 public:
  /// `context` must outlive this object. Its plan was made just now.
  explicit PauseGuard(ApplyContext& context)
      : context_(context), read_at_(context.world.clock.now()) {}

  /// Who has paused what the action is about, and why; empty: nobody, as far as was read a few
  /// seconds ago at most. Errors: those of ZnodeReader.
  Awaitable<Result<std::string>> why_not(const Action& action);

 private:
  ApplyContext& context_;
  Time read_at_;
  std::vector<Pause> pauses_;
};

}  // namespace arcform

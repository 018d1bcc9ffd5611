// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "controller/apply_context.h"

namespace arcform {

/// What the servers of an ensemble answered, by id.
using ServerAnswers = std::map<int, Observation<ServerAnswer>>;

/// The longest pause between two questions to servers that come up: everything waits for them.
constexpr std::chrono::milliseconds kOften{100};

bool is_serving(const Observation<ServerAnswer>& answer);
bool leads(const Observation<ServerAnswer>& answer);
/// "server 1 leads, server 2 does not answer"
std::string describe_answers(const ServerAnswers& answers);

/// The session that the lock is held on. It is never replaced here: the lock would dangle.
Awaitable<Result<ZnodeSession*>> locked_session(ApplyContext& context);
/// Servers of the spec as places that vote in one list.
std::vector<ServerPlace> places_of_spec(const DesiredState& desired);
/// Asks all of them side by side; one without a host is unknown.
Awaitable<ServerAnswers> ask_all(ApplyContext& context, std::vector<ServerPlace> places);

/// Whether those that serve, without `without` (0: all of them), are a majority of both lists, with
/// exactly one leader that says that whoever follows is in sync.
Awaitable<Result<void>> check_margin(ApplyContext& context, std::vector<ServerPlace> places,
                                     ServerAnswers answers, int without);

/// Waits until all of `ids` serve, with exactly one leader among `places`; `led_elsewhere`: or with
/// none, as who follows has one.
Awaitable<Result<void>> await_serving(ApplyContext& context, std::vector<ServerPlace> places,
                                      std::vector<int> ids, bool led_elsewhere = false);

/// Notes who has joined, once in an apply, before the first server is taken down.
Awaitable<Result<void>> note_joined(ApplyContext& context);
/// Error failed_precondition: a node that had joined then has not now, and no step of the plan
/// that runs is about it.
Awaitable<Result<void>> check_joined(ApplyContext& context);

}  // namespace arcform

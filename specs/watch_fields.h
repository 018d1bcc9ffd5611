// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "specs/json_fields.h"
#include "specs/watch_report.h"

/// The JSON of specs/watch_report.h.
namespace arcform {

template <class A, Same<DoingReport> T>
void fields(A& archive, T& value) {
  auto& [id, subject, text, reason, for_ms] = value;
  archive("id", id, "\"17.2\": the second step of round 17, as in the events");
  archive("subject", subject);
  archive("text", text);
  archive("reason", reason, "why the plan has it");
  archive("forMs", for_ms, "under way for so long");
}

template <class A, Same<WithheldReport> T>
void fields(A& archive, T& value) {
  auto& [subject, text, why] = value;
  archive("subject", subject);
  archive("text", text);
  archive("why", why, "it is not done now");
}

template <class A, Same<HeldReport> T>
void fields(A& archive, T& value) {
  auto& [hold, subject, reason] = value;
  archive("hold", hold, "unknown, unsupported, refused, foreign or waiting");
  archive("subject", subject);
  archive("reason", reason);
}

template <class A, Same<HostReport> T>
void fields(A& archive, T& value) {
  auto& [name, address, seen, why, memory_total_kb, memory_available_kb] = value;
  archive("name", name);
  archive("address", address);
  archive("seen", seen, "by the last look");
  archive("why", why, "it was not");
  archive("memoryTotalKb", memory_total_kb);
  archive("memoryAvailableKb", memory_available_kb);
}

template <class A, Same<QuorumReport> T>
void fields(A& archive, T& value) {
  auto& [servers, serving, needed, margin] = value;
  archive("servers", servers);
  archive("serving", serving);
  archive("needed", needed, "a majority");
  archive("margin", margin, "how many more may fail; negative: there is no quorum");
}

template <class A, Same<PauseReport> T>
void fields(A& archive, T& value) {
  auto& [scope, until, reason, by] = value;
  archive("scope", scope);
  archive("until", until, "empty: until a person resumes it or the spec changes");
  archive("reason", reason);
  archive("by", by);
}

template <class A, Same<NodeLoad> T>
void fields(A& archive, T& value) {
  auto& [node, at, hit_permille, hits, misses, bytes, limit_bytes, connections, items] = value;
  archive("address", node);
  archive("at", at, "counts the times that nodes were asked; another one, other numbers");
  archive("hitPermille", hit_permille, "of the gets since it was last asked; null: none came");
  archive("hits", hits, "since its start");
  archive("misses", misses, "since its start");
  archive("bytes", bytes, "of items");
  archive("limitBytes", limit_bytes);
  archive("connections", connections);
  archive("items", items);
}

template <class A, Same<WatchReport> T>
void fields(A& archive, T& value) {
  auto& [mode, why_observing, me, leader, controllers, now, round, looked_at, look_ms, converged_at,
         waiting_for, spec_error, approval, steps, doing, withheld, held, alarms, pauses, quorum,
         hosts, loads] = value;
  archive("mode", mode, "starting, leading, standby, observing or stopping");
  archive("whyObserving", why_observing);
  archive("me", me);
  archive("leader", leader, "empty: nobody known");
  archive("controllers", controllers, "the leader first");
  archive("now", now, "by the clock of this controller");
  archive("round", round);
  archive("lookedAt", looked_at, "when the last look ended");
  archive("lookMs", look_ms, "how long it took");
  archive("convergedAt", converged_at, "when nothing differed the last time; empty: never");
  archive("waitingFor", waiting_for);
  archive("specError", spec_error, "why the file as it is now is not followed");
  archive("approval", approval, "the HASH that a rollout waits for");
  archive("steps", steps, "of the plan");
  archive("doing", doing);
  archive("withheld", withheld, "steps that are not done now");
  archive("held", held, "differences that the plan leaves alone");
  archive("alarms", alarms);
  archive("pauses", pauses);
  archive("quorum", quorum, "null: the ensemble is not ours");
  archive("hosts", hosts);
  archive("loads", loads, "of the nodes, asked only while somebody looks");
}

template <class A, Same<LoadHistory> T>
void fields(A& archive, T& value) {
  auto& [node, hit_permille, bytes, connections] = value;
  archive("address", node);
  archive("hitPermille", hit_permille, "oldest first");
  archive("bytes", bytes);
  archive("connections", connections);
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/ensemble_session.h"
#include "controller/world.h"
#include "model/answers.h"
#include "model/desired.h"

namespace arcform {

/// How long parts of an observation may take before they count as unknown.
struct ObservePatience {
  /// A ZooKeeper session. Followers notice a leader that vanished after syncLimit ticks, 10 s.
  std::chrono::milliseconds connect{14'000};
  std::chrono::milliseconds answer{2'000};  ///< a server's or node's reply
};

/// One observation: every host that the spec or the record names is probed once, servers and nodes
/// of ours that run are asked, the tree is read; all side by side. Only hosts that `world` calls
/// silent are not. It never fails as a whole: what cannot be seen is unknown, with the reason.
/// `desired` and `session` must outlive the call.
Awaitable<ObservedState> observe(ReadWorld world, EnsembleSession& session,
                                 const DesiredState& desired, ObservePatience patience);

/// How the spec's `desired` reaches a host that it no longer names, from its record: with the same
/// keys and known_hosts as its other hosts, and `local` only when one of those is.
DesiredHost access_of(const HostRecord& record, const DesiredState& desired);

/// Where a server of ours on that host listens, in the order to try: one with dynamic
/// reconfiguration on the address of its member alone, all others on the loopback too.
std::vector<Endpoint> server_endpoints(const DesiredHost& host, const DesiredState& desired);

/// A four-letter word, to the first of the places that does not refuse the connection.
Awaitable<Result<std::string>> ask_word(HostReader& host, std::vector<Endpoint> places,
                                        std::string word, std::chrono::milliseconds patience);
/// Asks one running server of ours; present, absent (connection refused) or unknown.
Awaitable<Observation<ServerAnswer>> ask_server(HostReader& host, std::vector<Endpoint> places,
                                                std::chrono::milliseconds patience);
/// The same and, beside it, for the list of members that it runs with.
Awaitable<Observation<ServerAnswer>> ask_member(asio::io_context& loop, HostReader& host,
                                                std::vector<Endpoint> places,
                                                std::chrono::milliseconds patience);
Awaitable<Observation<NodeAnswer>> ask_node(HostReader& host, std::uint16_t port,
                                            std::chrono::milliseconds patience);
/// What a running node counts; present or unknown.
Awaitable<Observation<NodeCounters>> ask_counters(HostReader& host, std::uint16_t port,
                                                  std::chrono::milliseconds patience);

}  // namespace arcform

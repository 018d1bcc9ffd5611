// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/desired.h"
#include "model/render.h"

namespace arcform {

/// How one host, server or node answered.
struct PingAnswer {
  enum class State {
    skipped,  ///< the spec wants it stopped: it was not asked
    unasked,  ///< could not be asked, so nothing is known of it
    silent,   ///< was asked, and did not answer
    answered,
  };
  State state = State::unasked;
  std::optional<double> first_ms;  ///< hosts: connecting, logging in and running a command
  std::optional<double> ms;        ///< the question alone, on a connection that stands
  std::string says;                ///< the mode, the version, or what went wrong
  bool operator==(const PingAnswer&) const = default;
};

/// Answers in the order of the spec: hosts, servers, then the nodes of each cloud.
struct PingReport {
  std::vector<PingAnswer> hosts;
  std::vector<PingAnswer> servers;
  PingAnswer session;  ///< opening a session, which needs a majority of the servers
  std::vector<std::vector<PingAnswer>> nodes;  ///< by cloud
  bool operator==(const PingReport&) const = default;

  /// Whether something is in that state.
  bool has(PingAnswer::State state) const;
};

/// Who answered how fast, as tables, and in one line at the end. Pure.
std::string render_ping(const DesiredState& desired, const PingReport& report,
                        const RenderOptions& options);

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"

namespace arcform {

/// The members of an ensemble: server id to "10.0.0.1:2888:3888", with ":observer" behind it for
/// one that does not vote. Client ports are left out: they make no difference between members.
using Members = std::map<int, std::string>;

/// The "server.N=" lines of a zoo.cfg, of a dynamic configuration file, of /zookeeper/config or of
/// the answer to `conf`.
Members members_of(std::string_view text);
/// The version that /zookeeper/config and `conf` end with; 0: none, or a list that only restarts
/// change (Apache ZooKeeper 3.8, QuorumMaj.toString).
std::uint64_t members_version_of(std::string_view text);
Members wanted_members(const DesiredState& desired);
/// "10.0.0.1" of a member.
std::string address_of(const std::string& member);
/// The value of a member's "server.N=" line. With dynamic reconfiguration the list is handed on to
/// clients, so that the client port needs the address there; the server then listens on nothing
/// else (3.8, QuorumPeerConfig.setupClientPort).
std::string member_line(const DesiredState& desired, const std::string& member);

/// Whether the spec wants servers that change their list while they run.
bool reconfigures(const DesiredState& desired);

/// What the list of members is, and which one this plan leads to. Without dynamic reconfiguration
/// the lists of two plans in a row differ by one member: then every majority of the one shares a
/// server with every majority of the other, whoever runs with which list.
struct Membership {
  bool dynamic = false;    ///< the servers change their list while they run
  Members current;         ///< what votes now; empty: nothing runs yet, or nothing is known of it
  Members target;          ///< current, with what this plan changes
  bool complete = true;    ///< the target is the spec's list
  std::string difference;  ///< current → the spec's list, for people; empty: none
  std::string problem;     ///< why the list must be left as it is; empty: no reason
  bool unsafe = false;     ///< the problem: nothing at all may be started or restarted

  std::vector<int> joining() const;
  std::vector<int> leaving() const;
  /// Whether the server takes part in this plan.
  bool concerns(int id) const { return current.contains(id) || target.contains(id); }
};

Membership membership(const DesiredState& desired, const ObservedState& observed);

/// The list that a server's own zoo.cfg names: that of the plan; a server that joins by dynamic
/// reconfiguration knows the members, and itself as one that does not vote yet.
Members members_for(const Membership& membership, int id);

}  // namespace arcform

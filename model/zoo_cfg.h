// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"
#include "model/membership.h"
#include "model/observed.h"

namespace arcform {

/// The zoo.cfg of one server of ours, whole. Quorum mode even for a single server (some Arcus
/// builds refuse to start on a standalone one), AdminServer off, the four-letter words that
/// arcform reads allowed, room for the nodes and clients of one host.
std::string zoo_cfg(const DesiredState& desired);
/// The same with another list of members.
std::string zoo_cfg(const DesiredState& desired, const Members& members);

/// The settings of a zoo.cfg, comments and order gone: two files with equal settings are the same
/// configuration (a server with dynamic reconfiguration rewrites its file).
std::map<std::string, std::string> zoo_settings(std::string_view text);

/// The settings that make a difference between two files: a server with dynamic reconfiguration
/// keeps its list of members apart and changes it while it runs, so they do not count there.
std::map<std::string, std::string> comparable_settings(std::string_view text);

/// The members in the file: "server.1" and so on, as they stand there.
std::map<std::string, std::string> zoo_members(std::string_view text);

/// One member of an ensemble: "10.0.0.1:2888:3888[:participant][;[address:]2181]".
struct ZooMember {
  std::string host;
  std::uint16_t quorum_port = 0;
  std::uint16_t election_port = 0;
  std::uint16_t client_port = 0;  ///< 0: the file says it elsewhere
  bool observer = false;
};
/// nullopt: not such a member.
std::optional<ZooMember> parse_member(std::string_view text);
/// The port on which the server of this id and file serves clients; 0: it does not say.
std::uint16_t client_port_of(std::string_view config, int id);
/// The port on which a server of ours that runs serves clients, or `usual` where nothing names
/// another. Its zoo.cfg may have been edited since it was started: then that port counts only if it
/// does not listen on the usual one.
std::uint16_t serving_port(const HostFacts& facts, const ObservedSlot& slot, int id,
                           std::uint16_t usual);

/// The list that a server of ours runs with, where its probe is proof of it: it was started with
/// the file as it stands, and only a restart changes that list. Empty: it must be asked (`conf`).
Members members_started_with(const ObservedSlot& slot);

/// A short digest of the comparable settings, stable over order and comments; tells whether a
/// running server was started with this configuration. Not cryptographic.
std::string zoo_digest(std::string_view text);

/// The command line of a server: `java` with the class path that the probe found, logging warnings
/// to standard output.
std::vector<std::string> server_arguments(const std::string& classpath,
                                          const std::string& config_path);

}  // namespace arcform

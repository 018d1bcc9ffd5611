// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"
#include "specs/arcus_file.h"
#include "specs/writer.h"

namespace arcform {

/// What no file and no host says: how the new deployment is called and how its hosts are reached.
struct ImportTerms {
  std::string deployment = "arcus";
  SshAccess ssh;
};

/// "ip:port,host:port,host" as arcus.sh takes it; without a port 2181.
struct ZookeeperAddress {
  std::string host;
  std::uint16_t port = 2181;
};
/// Error invalid_argument: not such a list.
Result<std::vector<ZookeeperAddress>> parse_zookeeper_list(std::string_view text);

/// Where things lie that cannot be known from ZooKeeper or a file. Marked with TODO in the draft.
inline constexpr const char* kGuessedPrefix = "/home/arcus/arcus";
inline constexpr const char* kGuessedZookeeper = "/home/arcus/arcus/zookeeper";
inline constexpr const char* kGuessedData = "/home/arcus/arcus/zookeeper/data";

/// The spec of an Arcus configuration file: its cloud, and the ensemble with a server on each host
/// of `zookeeper`, set up as arcus.sh does it. Errors: invalid_argument, told as "what; what to
/// do".
Result<SpecDraft> draft_of_file(const ArcusFile& file,
                                const std::vector<ZookeeperAddress>& zookeeper,
                                const ImportTerms& terms);

/// Collects hosts under one name and address each. Internal to the drafts.
class HostNames {
 public:
  HostNames(DesiredState& desired, const SshAccess& ssh) : desired_(desired), ssh_(ssh) {}
  /// Adds the host of this address once; `name` is used when it can be one and nobody has it.
  void add(const std::string& address, const std::string& name);
  /// Sorts the hosts; afterwards indices hold.
  void finish();
  std::uint32_t index(const std::string& address) const;
  const std::string& name(const std::string& address) const { return names_.at(address); }
  bool knows(const std::string& address) const { return names_.contains(address); }
  /// The address of the host of this name; empty: there is none.
  std::string address_of(const std::string& name) const;

 private:
  DesiredState& desired_;
  const SshAccess& ssh_;
  std::map<std::string, std::string> names_;  ///< by address
  std::map<std::string, std::uint32_t> indices_;
};

/// Sorts a draft as the reader would.
void sort_draft(DesiredState& desired);

}  // namespace arcform

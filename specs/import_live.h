// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/observed.h"
#include "specs/import_draft.h"

/// What runs, as it was found without any spec, and the spec of it.
namespace arcform {

/// A child of cache_list.
struct LiveCloud {
  std::string service_code;
  std::string document;               ///< its data: JSON by arcus.sh, or anything
  std::vector<std::string> children;  ///< names of what stands in it
  std::string claimed_by;             ///< a deployment of arcform's; empty: none
};

/// A key of cache_server_mapping that is an ip:port.
struct LiveMapping {
  Endpoint node;
  std::vector<std::string> service_codes;
  std::string data;
};

/// A ZooKeeper server that runs, and the myid beside its data (empty: none).
struct LiveServer {
  RunningServer running;
  std::string myid;
};

/// A host that ZooKeeper named.
struct LiveHost {
  std::string why;                            ///< it could not be seen; empty: it was
  std::optional<HostFacts> facts;             ///< when it was
  std::map<std::uint16_t, NodeAnswer> nodes;  ///< what its cache nodes say, by port
  std::vector<LiveServer> servers;
};

struct LiveFacts {
  std::vector<Endpoint> zookeeper;  ///< as given with -z
  std::vector<LiveCloud> clouds;    ///< sorted by service code
  std::vector<LiveMapping> mappings;
  std::vector<std::string> unusual_mappings;  ///< keys that are no ip:port
  std::map<std::string, LiveHost> hosts;      ///< by address
  bool logged_in = true;                      ///< false: hosts were left alone on purpose
};

/// Every address that a host of the deployment has: servers, mapped and joined nodes.
std::vector<std::string> live_addresses(const LiveFacts& facts);

/// The spec of what runs; what could not be seen is told in comments. Pure.
SpecDraft draft_of_live(const LiveFacts& facts, const ImportTerms& terms);

/// Fills in packages and ensemble; internal to the draft. Why the ensemble stays external: empty
/// when it does not.
std::string draft_ensemble(const LiveFacts& facts, const HostNames& hosts, DesiredState& desired);

}  // namespace arcform

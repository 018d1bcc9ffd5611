// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/argv.h"
#include "model/names.h"
#include "model/node_settings.h"
#include "model/shared.h"
#include "model/sorted_map.h"

namespace arcform {

/// One fact about the world. "Unknown" says why; it is never the same as "absent", which was seen
/// by a complete, successful observation. Only known facts may lead to an action.
template <class T>
class Observation {
 public:
  /// Not observed yet.
  Observation() : state_(Unknown{"not observed"}) {}
  static Observation unknown(std::string why) { return Observation(Unknown{std::move(why)}); }
  static Observation absent() { return Observation(Absent{}); }
  static Observation present(T value) { return Observation(std::move(value)); }

  bool is_unknown() const { return std::holds_alternative<Unknown>(state_); }
  bool is_absent() const { return std::holds_alternative<Absent>(state_); }
  bool is_present() const { return std::holds_alternative<T>(state_); }
  /// Only when unknown.
  const std::string& why() const { return std::get<Unknown>(state_).why; }
  /// Only when present.
  const T& value() const { return std::get<T>(state_); }
  T& value() { return std::get<T>(state_); }
  /// nullptr unless present.
  const T* get() const { return std::get_if<T>(&state_); }

  bool operator==(const Observation&) const = default;

 private:
  struct Unknown {
    std::string why;
    bool operator==(const Unknown&) const = default;
  };
  struct Absent {
    bool operator==(const Absent&) const = default;
  };
  explicit Observation(Unknown unknown) : state_(std::move(unknown)) {}
  explicit Observation(Absent absent) : state_(absent) {}
  explicit Observation(T value) : state_(std::move(value)) {}
  std::variant<Unknown, Absent, T> state_;
};

/// What makes a process the one that was meant: the boot it lives in, its pid and its start time
/// in clock ticks since that boot (field 22 of /proc/PID/stat). Immune to pid reuse and to clocks.
struct ProcessIdentity {
  SharedText boot_id;
  std::uint32_t pid = 0;
  std::uint64_t start_ticks = 0;
  bool operator==(const ProcessIdentity&) const = default;
};

/// A process seen on a host that looks like a cache node or a ZooKeeper server, or whose pid stands
/// in one of our identity files.
struct ObservedProcess {
  std::uint32_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string comm;
  Argv argv;
  bool operator==(const ObservedProcess&) const = default;
};

/// A folder of ours on a host, one per process that we run there: "node-11211", "server-1".
struct ObservedSlot {
  std::string name;
  std::optional<ProcessIdentity> identity;  ///< what the identity file says; nothing: never started
  SharedText digest;                        ///< the digest that the process was started with
  /// Content of zoo.cfg in a server's slot, else empty; with that of its dynamicConfigFile behind
  /// it, where a server has moved its members there.
  std::string config;
  bool operator==(const ObservedSlot&) const = default;
};

/// Whether a package's prefix holds what we would run from it.
struct ObservedPackage {
  bool cache_node = false;  ///< PREFIX/bin/memcached is executable
  std::string engine;       ///< absolute path of default_engine.so, or empty
  /// Absolute paths of syslog_logger.so and ascii_scrub.so: those that exist.
  std::vector<std::string> extensions;
  std::string zookeeper_classpath;  ///< empty: no ZooKeeper server there
  bool operator==(const ObservedPackage&) const = default;
};

/// A folder with the name of a release of a package: an archive that was unpacked on the host.
struct ObservedRelease {
  std::string name;                ///< "arcus-0123456789ab"
  std::string sha256;              ///< of the archive, as we left it there; empty: not ours
  std::uint64_t installed_at = 0;  ///< seconds since 1970 by the host's clock
  bool operator==(const ObservedRelease&) const = default;
};

/// The folder in which the releases of a package are kept.
struct ObservedReleases {
  std::string folder;                ///< absolute, existing or not
  std::uint64_t free_kb = 0;         ///< on its disk, for the user that we are there
  std::vector<ObservedRelease> all;  ///< of this package, sorted by name
  bool operator==(const ObservedReleases&) const = default;
};

/// A data directory of a ZooKeeper server.
struct ObservedDataDirectory {
  bool exists = false;
  std::string myid;       ///< content of myid without the newline; empty: none
  bool has_data = false;  ///< version-2 exists and is not empty
  bool operator==(const ObservedDataDirectory&) const = default;
};

/// Everything that one probe of a host saw.
struct HostFacts {
  SharedText boot_id;
  std::uint64_t uptime_ticks = 0;  ///< clock ticks since boot, at probe time
  std::uint32_t ticks_per_second = 100;
  std::string directory;  ///< our folder there, absolute, existing or not
  std::uint64_t memory_total_kb = 0;
  std::uint64_t memory_available_kb = 0;
  std::uint32_t uid = 1000;           ///< of the user that we are there
  std::uint64_t open_files_hard = 0;  ///< `ulimit -Hn`; UINT64_MAX: unlimited
  bool java = false;                  ///< a `java` on the PATH
  bool directory_writable = false;    ///< our folder, or the nearest existing parent, is writable
  std::map<std::string, ObservedPackage> packages;  ///< by prefix
  std::map<std::string, ObservedReleases>
      releases;                 ///< by package, for archives that were asked for
  std::set<std::string> tools;  ///< of tar, gzip, xz, zstd, sha256sum; looked for with `releases`
  std::vector<ObservedProcess> processes;      ///< sorted by pid
  std::vector<std::uint16_t> listening;        ///< TCP ports, sorted, unique
  SortedMap<std::string, ObservedSlot> slots;  ///< by name
  ObservedDataDirectory data;                  ///< of the server asked for, if any
  bool operator==(const HostFacts&) const = default;

  /// The live process that the slot's identity names; nullptr: none (proven dead or never started).
  const ObservedProcess* process_of(const ObservedSlot& slot) const;
  const ObservedSlot* slot(std::string_view name) const;
  bool is_listening(std::uint16_t port) const;
};

/// What a cache node said of itself on its host's loopback.
struct NodeAnswer {
  std::string version;
  AdminProtocol admin = AdminProtocol::none;  ///< how it can be changed while it runs
  SettingValues settings{};                   ///< as they are now; what it does not name is unset
  /// Memory that it cannot give back while it runs, in MB; asked only where it is to get less.
  std::optional<std::uint32_t> held_mb{};
  /// The servers of the ensemble that it goes by, sorted. Empty: it cannot say, and cannot be told
  /// of others either.
  std::vector<Endpoint> servers{};
  bool operator==(const NodeAnswer&) const = default;
};

enum class ServerMode { leader, follower, observer, standalone, not_serving };

/// What a ZooKeeper server answered to `srvr` (and `mntr` where it is allowed).
struct ServerAnswer {
  ServerMode mode = ServerMode::not_serving;
  std::string version;
  std::string zxid;
  std::uint32_t connections = 0;
  std::optional<std::uint32_t> synced_followers;  ///< of a leader that answers `mntr`
  /// The list that it runs with (`conf`), by id: "10.0.0.1:2888:3888". Empty: it did not say.
  std::map<int, std::string> members;
  /// Of that list; 0: it comes from its zoo.cfg and only a restart changes it.
  std::uint64_t members_version = 0;
  bool operator==(const ServerAnswer&) const = default;
};

/// A child of cache_list/<svc>. (path, owner, czxid) is the only atomic identity of one life of a
/// cache node.
struct ObservedJoin {
  std::string name;                  ///< the child's full name
  std::optional<Endpoint> endpoint;  ///< nothing: not a cache node's name (foreign, harmful)
  std::int64_t owner = 0;            ///< ephemeralOwner; 0: persistent, so nobody's life
  std::int64_t czxid = 0;
  bool operator==(const ObservedJoin&) const = default;
};

/// A registered cloud as ZooKeeper has it.
struct ObservedCloud {
  bool cache_list = false;
  bool client_list = false;
  bool claimed = false;              ///< our claim stands: this deployment owns it
  std::string claimed_by;            ///< another deployment whose claim stands; empty: none
  std::uint32_t clients = 0;         ///< children of client_list/<svc>
  std::vector<ObservedJoin> joined;  ///< sorted by (endpoint, name)
  bool operator==(const ObservedCloud&) const = default;
};

/// One key of cache_server_mapping that is an ip:port, with the service codes below it (exactly
/// one is right; none or two stop a node from starting).
struct ObservedMapping {
  Endpoint node;
  std::vector<std::string> service_codes;  ///< sorted
  auto operator<=>(const ObservedMapping&) const = default;
};

/// How a host was reached when nodes of ours were mapped to it (kept in ZooKeeper).
struct HostRecord {
  std::string name;
  std::string address;
  std::string transport;  ///< "ssh" | "openssh" | "local"
  std::string user;
  std::uint16_t port = 22;
  std::string directory;
  bool operator==(const HostRecord&) const = default;
};

/// A time in which nothing is done to a part of the deployment: asked for by a person until a time,
/// or a node that a watching controller has given up for the time being.
struct Pause {
  std::string scope;  ///< see is_pause_scope
  std::string until;  ///< "2026-01-31T10:00:00Z"; empty: a freeze
  std::string reason;
  std::string by;
  std::string since;
  std::string spec_digest;  ///< of a freeze: it ends when the spec changes
  bool operator==(const Pause&) const = default;
};

/// The last applied revision, and what fences writes.
struct DeploymentRecord {
  std::int32_t epoch_version = -1;  ///< -1: no epoch znode yet
  std::int64_t epoch_czxid = 0;     ///< of that znode: tells one ensemble from another
  std::uint64_t revision = 0;       ///< 0: nothing applied yet
  std::string spec_digest;
  std::string at;
  std::string by;
  std::string lock_holder;  ///< empty: nobody holds the lock
  std::string lock_since;
  std::set<std::string> claims;
  std::set<std::string> protected_clouds;   ///< as the last applied revision had it
  std::map<std::string, HostRecord> hosts;  ///< by host name
  std::vector<Pause> pauses;                ///< by scope; those that are over too
  bool operator==(const DeploymentRecord&) const = default;
};

/// What ZooKeeper holds. Clouds: those of the spec and those claimed by the deployment, with
/// details; every other registered service code only by name.
struct TreeFacts {
  bool arcus_tree = false;  ///< the four roots that cache nodes, clients and arcus.sh need
  bool server_log = false;  ///< /arcus/cache_server_log
  std::vector<std::string> service_codes;  ///< every child of cache_list, sorted
  std::map<std::string, ObservedCloud> clouds;
  std::vector<ObservedMapping> mappings;      ///< sorted by node
  std::vector<std::string> unusual_mappings;  ///< keys that are not ip:port, sorted
  DeploymentRecord record;
  std::int32_t session_timeout_ms = 0;  ///< of our own session, as negotiated
  bool operator==(const TreeFacts&) const = default;
};

/// A ZooKeeper server that serves on the client port of the spec and that we did not start.
struct RunningServer {
  ProcessIdentity process;
  Argv argv;
  std::string config;  ///< the file that it was started with, and its dynamic part behind it
  bool operator==(const RunningServer&) const = default;
};

/// One observation of everything that the spec and the record name.
struct ObservedState {
  std::map<std::string, Observation<HostFacts>> hosts;  ///< by host name
  std::map<int, Observation<ServerAnswer>> servers;     ///< by server id; absent: refused
  std::map<Endpoint, Observation<NodeAnswer>> nodes;    ///< absent: refused or no answer
  /// By server id: what runs in place of a server of the spec that is not ours yet.
  std::map<int, RunningServer> strangers;
  Observation<TreeFacts> tree;  ///< absent: the ensemble provably holds nothing yet (all new)
  bool operator==(const ObservedState&) const = default;

  /// nullptr: unknown or never asked.
  const HostFacts* host(std::string_view name) const;
};

/// "node-11211" / "server-1"
std::string node_slot(std::uint16_t port);
std::string server_slot(int id);
/// The id of "server-1"; nullopt: not the name of a server's slot.
std::optional<int> server_slot_id(std::string_view name);
/// The port of "node-11211"; nullopt: not the name of a node's slot.
std::optional<std::uint16_t> node_slot_port(std::string_view name);

}  // namespace arcform

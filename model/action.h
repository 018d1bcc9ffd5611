// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/argv.h"
#include "model/boxed.h"
#include "model/desired.h"
#include "model/observed.h"

/// Every change that arcform can make to the world, as values. Each kind states its subject, what
/// must hold when it is performed (re-checked there and then), its effect, the observation that
/// shows it done, and why performing it twice does nothing the second time.
namespace arcform {

/// Open files that a node needs beyond its client connections: the server itself asks for 20 more,
/// and raising connections online needs room.
inline constexpr std::uint64_t kSpareDescriptors = 64;

/// What the clients of a cloud notice of an action.
enum class Disruption {
  none,
  keys_remapped,  ///< the ring changes: some keys have another node now
  cache_loss,     ///< a node loses its content
  cloud_gone,     ///< the cloud is taken away from its clients
};

/// How a server or node process is started; the same for many processes, so plans share them.
struct Launch {
  std::string package;                  ///< name in the spec, for messages
  std::string prefix;                   ///< PREFIX/bin/memcached; servers: not used
  std::string engine;                   ///< absolute path of default_engine.so
  std::vector<std::string> extensions;  ///< absolute paths, each passed as -X
  std::string connect_string;           ///< -z
  bool as_root = false;                 ///< the server refuses to run as root unless told to
  bool operator==(const Launch&) const = default;
};

/// Puts a package on a host: its archive is sent there, compared with its checksum, unpacked beside
/// and renamed to `prefix`. Precondition: enough room. Done when: a probe finds the release
/// whole, with what the spec runs from it. Idempotent: a release that is there is left as it is.
struct InstallPackage {
  std::string host;
  std::string package;  ///< name in the spec
  std::string prefix;   ///< where it will be there, absolute: "/packages/arcus-0123456789ab"
  std::string sha256;   ///< of the archive
  bool operator==(const InstallPackage&) const = default;
};

/// Removes an old release of a package. Precondition: it is ours (it has our mark) and no process
/// of the host has it in its command line or memory. Idempotent: what is gone is gone.
struct RemoveRelease {
  std::string host;
  std::string package;
  std::string folder;
  std::string release;
  bool operator==(const RemoveRelease&) const = default;
};

/// Writes zoo.cfg (in our slot) and myid (in the data directory) of a server.
/// Precondition: the data directory has no other server's myid. Effect: two whole files, each
/// written beside and renamed. Done when: a probe reads both back. Idempotent: same content.
struct ConfigureServer {
  std::string host;
  int id = 0;
  std::string config;  ///< the whole zoo.cfg
  std::string data_directory;
  bool operator==(const ConfigureServer&) const = default;
};

/// Starts a configured server's process. Precondition: the slot has no live process.
/// Done when: the process lives and the client port answers (serving is AwaitQuorum's business).
/// Idempotent: a live process of the slot is left alone.
struct StartServer {
  std::string host;
  int id = 0;
  std::uint16_t client_port = 0;
  std::vector<std::string> argv;
  std::string digest;  ///< of the configuration it starts with
  bool operator==(const StartServer&) const = default;
};

/// Stops exactly the observed process of a server (pid and start time are compared in the same
/// remote command). Precondition, while the ensemble should run: no majority serves. Done when:
/// that process is gone.
struct StopServer {
  std::string host;
  int id = 0;
  ProcessIdentity process;
  bool operator==(const StopServer&) const = default;
};

/// A server as it is asked how it is, and in which of two lists of members it votes: the one that
/// the ensemble has, and the one that it is getting (mostly the same).
struct ServerPlace {
  int id = 0;
  std::string host;  ///< empty: it cannot be asked, and counts as not serving
  bool before = true;
  bool after = true;
  bool operator==(const ServerPlace&) const = default;
};

/// Stops and starts one server of a serving ensemble. Precondition: without it the rest still is a
/// majority of either list, of servers that are in sync, and a leader is restarted only when it is
/// the last one. Done when: it serves again, a leader stands, everybody who follows is in sync, and
/// no cache node has left its cloud meanwhile.
struct RestartServer {
  Boxed<StopServer> stop;    ///< always there
  Boxed<StartServer> start;  ///< always there
  bool leader = false;       ///< it led when this was planned, so it comes last
  std::vector<ServerPlace> members = {};
  bool operator==(const RestartServer&) const = default;
};

/// Has one server join or leave the list of members while all of them run. Precondition: the list
/// is `before` (its version is a condition of the change itself), a joiner runs and is in sync, the
/// list that comes has a majority that serves. Done when: the list is `after` and a leader of it
/// stands. Idempotent: a list that is `after` already is left.
struct ReconfigureEnsemble {
  int server = 0;
  std::string host;  ///< of that server; empty: not known
  std::string line;  ///< of a joiner: "10.0.0.4:2888:3888:participant;10.0.0.4:2181"; else empty
  Boxed<std::map<int, std::string>> before;  ///< always there
  Boxed<std::map<int, std::string>> after;   ///< always there
  std::vector<ServerPlace> members;
  bool operator==(const ReconfigureEnsemble&) const = default;
};

/// Stops a server that is no member any more, once the members have committed a write without it;
/// its data is set aside and its slot removed, so that nothing of it is ever used again unseen.
/// Precondition: it is in no list that a member runs with. Done when: the process and the slot are
/// gone.
struct RetireServer {
  Boxed<StopServer> stop;  ///< always there
  std::vector<std::string> data_directories;
  std::vector<ServerPlace> members;  ///< without it
  bool operator==(const RetireServer&) const = default;
};

/// Sets aside what a former member's data directory holds, before it joins again as a new one.
/// Precondition: its slot, which makes the data ours, has no live process. Done when: the data and
/// the slot are gone from their places. Idempotent: nothing there is nothing to do.
struct SetDataAside {
  std::string host;
  int id = 0;
  std::vector<std::string> data_directories;
  bool operator==(const SetDataAside&) const = default;
};

/// Waits until a leader is elected and every running server of ours serves. Changes nothing.
struct AwaitQuorum {
  std::vector<int> servers;
  bool led_elsewhere = false;  ///< by a member that is to leave and is none of `servers`
  bool operator==(const AwaitQuorum&) const = default;
};

/// Creates the roots of the Arcus tree that are missing, and the deployment's own root.
/// Idempotent: existing znodes are left as they are.
struct CreateTree {
  bool operator==(const CreateTree&) const = default;
};

/// Registers a cloud: our claim, cache_list/<svc> (a JSON object that arcus.sh can list) and
/// client_list/<svc>, in one transaction. Precondition: the cloud is not registered by others.
struct RegisterCloud {
  std::string service_code;
  std::vector<Endpoint> nodes;  ///< for the JSON document
  bool operator==(const RegisterCloud&) const = default;
};

/// A mapping to be written: which node, what its data says.
struct MappedNode {
  Endpoint node;
  NodeConfig config;
  std::vector<std::string> remove;  ///< service codes that stand there now and must go
  bool operator==(const MappedNode&) const = default;
};

/// Writes the mappings of nodes of one cloud, in small version-checked transactions, and records
/// how their hosts are reached. Idempotent: what stands already is left.
struct MapNodes {
  std::string service_code;
  std::vector<MappedNode> nodes;
  std::vector<HostRecord> hosts;
  bool operator==(const MapNodes&) const = default;
};

/// Removes the mappings of nodes. Precondition: no ephemeral of such a node stands in the cloud.
/// Without nodes: only forgets hosts.
struct UnmapNodes {
  std::string service_code;
  std::vector<Endpoint> nodes;
  std::vector<std::string> forget_hosts;  ///< host records that nothing needs afterwards
  bool operator==(const UnmapNodes&) const = default;
};

/// Starts a cache node. Precondition: its slot has no live process, its port is free, its mapping
/// names this cloud. A standing ephemeral of its dead predecessor (`stale`) is removed first: only
/// that incarnation, and only as its host has proven the process dead. Done when: a new ephemeral
/// of its ip:port stands and it answers. Idempotent: a live process of the slot is left alone.
struct StartNode {
  std::string host;
  Endpoint node;
  std::string service_code;
  NodeConfig config;
  std::uint32_t launch = 0;  ///< index into Plan::launches
  Boxed<ObservedJoin> stale;
  Boxed<ProcessIdentity> dead;  ///< whose ephemeral `stale` is; set with it
  bool operator==(const StartNode&) const = default;
};

/// Stops exactly the observed process of a cache node, gracefully. Done when: the process is gone
/// and no ephemeral of its ip:port stands. `forget` removes its slot afterwards.
struct StopNode {
  std::string host;
  Endpoint node;
  std::string service_code;
  ProcessIdentity process;
  bool forget = false;
  bool operator==(const StopNode&) const = default;
};

/// Stops a node, optionally moves its mapping here (a running node never notices a changed
/// mapping), and starts it again. Its cache is lost.
struct RestartNode {
  bool paused = false;   ///< because it had left its cloud: only while it still has not joined
  Boxed<StopNode> stop;  ///< always there
  Boxed<MapNodes> move_mapping;
  Boxed<StartNode> start;  ///< always there
  bool operator==(const RestartNode&) const = default;
};

/// What a running node is told of the ensemble; each "10.0.0.1:2181,10.0.0.2:2181", sorted.
struct ServerList {
  std::string before;
  std::string after;
  bool operator==(const ServerList&) const = default;
};

/// Changes settings of exactly the observed process of a cache node while it runs, or the list of
/// the servers that it goes by; nothing of its cache is lost. Precondition: that process lives.
/// Done when: the node itself says that the new values hold. Idempotent: a value that holds already
/// is set again to the same.
struct TuneNode {
  std::string host;
  Endpoint node;
  std::string service_code;
  Boxed<ProcessIdentity> process;  ///< always there
  AdminProtocol admin = AdminProtocol::none;
  std::vector<Tuning> changes;     ///< in an order in which the server takes them
  Boxed<ServerList> servers = {};  ///< of the ensemble, where it is told of others
  bool operator==(const TuneNode&) const = default;
};

/// Removes the slot of a node that is gone from the spec and provably has no process; a standing
/// ephemeral of that dead process is removed as in StartNode.
struct ForgetNode {
  std::string host;
  Endpoint node;
  std::string service_code;
  Boxed<ObservedJoin> stale;
  Boxed<ProcessIdentity> dead;  ///< whose ephemeral `stale` is; set with it
  bool operator==(const ForgetNode&) const = default;
};

/// Removes cache_list/<svc>, client_list/<svc> and the claim, in one transaction.
/// Precondition: no child stands in cache_list/<svc>; client_list/<svc> has none either.
struct UnregisterCloud {
  std::string service_code;
  bool operator==(const UnregisterCloud&) const = default;
};

/// A process that runs already, and what must still be so when it is taken over.
struct RunningProcess {
  ProcessIdentity identity;
  Argv argv;
  bool operator==(const RunningProcess&) const = default;
};

/// Takes over a running server that somebody else started with settings equal to the spec's: its
/// slot gets an identity file and our zoo.cfg, which the next start uses; myid is written where it
/// is missing. Precondition: exactly this process lives, with this argv. Changes nothing that runs.
/// Idempotent: same files.
struct AdoptServer {
  std::string host;
  int id = 0;
  Boxed<RunningProcess> running;
  std::string config;  ///< the whole zoo.cfg as arcform would write it
  std::string data_directory;
  bool operator==(const AdoptServer&) const = default;
};

/// Takes over a registered cloud that no deployment owns: our claim, and how its hosts are reached.
/// Precondition: it stands, nobody claims it, and no node has joined beside `nodes`. What stands in
/// Arcus' own tree is left as it is. Idempotent: a claim of ours is left.
struct AdoptCloud {
  std::string service_code;
  std::vector<Endpoint> nodes;  ///< that were seen joined or mapped, sorted
  std::vector<HostRecord> hosts;
  bool operator==(const AdoptCloud&) const = default;
};

/// Takes over a running cache node that somebody else started: its slot gets an identity file.
/// Precondition: exactly this process lives, with this argv, it answers on its port with this pid,
/// and its ephemeral stands in the cloud. Changes nothing that runs. Idempotent: same file.
struct AdoptNode {
  std::string host;
  Endpoint node;
  std::string service_code;
  Boxed<RunningProcess> running;
  bool operator==(const AdoptNode&) const = default;
};

using Action =
    std::variant<InstallPackage, RemoveRelease, ConfigureServer, StartServer, StopServer,
                 RestartServer, AwaitQuorum, CreateTree, RegisterCloud, MapNodes, UnmapNodes,
                 StartNode, StopNode, RestartNode, ForgetNode, UnregisterCloud, ReconfigureEnsemble,
                 RetireServer, SetDataAside, AdoptServer, AdoptCloud, AdoptNode, TuneNode>;
static_assert(sizeof(Action) <= 136, "there are as many actions as nodes: box large, rare parts");

/// Whether the action only writes down that something that runs is ours from now on.
bool is_adoption(const Action& action);

/// "start cache node 10.0.0.1:11211 on cache001.arcus": what is done, to what.
std::string describe(const Action& action);
/// "10.0.0.1:11211", "server 2", "cloud test-cloud": the thing that changes.
std::string subject(const Action& action);
Disruption disruption(const Action& action);
/// The sign in front of a step: + start or create, - stop or remove, ~ tune, ± restart, ! repair
/// (only the planner knows), · wait, = adopt.
const char* symbol(const Action& action);
/// The host that the action works on; empty for ZooKeeper's.
std::string host_of(const Action& action);
/// The cloud whose ring or registration it changes; empty: none.
std::string cloud_of(const Action& action);

}  // namespace arcform

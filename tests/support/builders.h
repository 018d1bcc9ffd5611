// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"

/// Short ways to write down a desired state and the observed states around it.
namespace arcform {

/// "10.0.0.1:11211"; must be a valid one.
Endpoint at(const std::string& text);

/// Builds a DesiredState: deployment "seoul-prod", packages "arcus" in /opt/arcus and "zookeeper"
/// in /usr/share/zookeeper. The result is sorted as a spec's reader would sort it.
class SpecBuilder {
 public:
  SpecBuilder();
  SpecBuilder& with_host(const std::string& name, const std::string& address);
  /// cache001.arcus (10.0.0.1), cache002.arcus (10.0.0.2), ...
  SpecBuilder& with_hosts(int count);
  /// Servers 1..count on the first hosts.
  SpecBuilder& with_ensemble(int count);
  SpecBuilder& with_external(const std::string& connect_string);
  SpecBuilder& with_cloud(const std::string& service_code);
  /// One more node in the cloud added last.
  SpecBuilder& with_node(const std::string& host, std::uint16_t port);
  /// Nodes on ports from `port` on, `count` on every host, in the cloud added last.
  SpecBuilder& with_nodes(int count, std::uint16_t port = 11211);

  DesiredState build() const;

 private:
  SourcePosition next_line() { return {++line_, 5}; }
  DesiredState state_;
  std::vector<std::vector<std::string>> node_hosts_;  ///< per cloud and node: its host's name
  int line_ = 2;
};

SpecBuilder a_spec();
/// Three hosts with a server and two nodes of "test-cloud" each: 10.0.0.1..3, 11211 and 11212.
DesiredState three_hosts();
/// The same with so many threads in every node, as another spec file.
DesiredState three_hosts_with_threads(std::uint16_t threads);
/// Its first node and its last, with their hosts.
inline const std::string kFirstHost = "cache001.arcus";
inline const Endpoint kFirstNode{0x0a000001, 11211};
inline const std::string kLastHost = "cache003.arcus";
inline const Endpoint kLastNode{0x0a000003, 11212};

/// The observed state in which everything is as desired. `leader`: server id; 0 picks the last.
ObservedState ideal(const DesiredState& desired, int leader = 0);
/// Hosts with the packages and nothing else; nothing in ZooKeeper.
ObservedState bare(const DesiredState& desired);

// Edits of an observed state. The subject must be there.
HostFacts& host_in(ObservedState& observed, const std::string& name);
TreeFacts& tree_in(ObservedState& observed);
ObservedCloud& cloud_in(ObservedState& observed, const std::string& service_code);
/// The process dies; its ephemeral goes too unless `ephemeral_stands`. Its folder stays.
void kill_node(ObservedState& observed, const std::string& host, Endpoint node,
               bool ephemeral_stands = false);
/// The process goes on and answers, its ephemeral is gone.
void pause_node(ObservedState& observed, Endpoint node);
/// The server's process dies; the others go on.
void kill_server(ObservedState& observed, const std::string& host, int id,
                 std::uint16_t client_port = 2181);
/// The host cannot be reached: itself, its server and its nodes become unknown.
void lose_host(ObservedState& observed, const DesiredState& desired, const std::string& name);
void remove_join(ObservedState& observed, Endpoint node);

/// As if somebody else had set it all up: processes and znodes stay, our marks on them are gone.
void make_foreign(ObservedState& observed, const DesiredState& desired);

// The parts that `ideal` is made of; they also are what steps do (see model_world.h).
HostFacts bare_host(const DesiredState& desired, const std::string& name);
/// Adds the slot and a live process, listening. Start times grow with the pid.
void put_process(HostFacts& facts, const std::string& slot, std::uint32_t pid,
                 const std::string& comm, std::vector<std::string> argv, std::uint16_t port);
/// Removes the process of the slot and its port; the slot stays. Nothing when there is none.
void remove_process(HostFacts& facts, const std::string& slot, std::uint16_t port);
void put_mapping(TreeFacts& tree, Endpoint node, const std::string& service_code);
void put_join(ObservedCloud& cloud, Endpoint node, std::int64_t owner);
HostRecord record_for(const DesiredHost& host);
/// What a node says that was started with this on an Arcus server; as stock memcached, which knows
/// `cache_memlimit` alone.
NodeAnswer just_started(const NodeConfig& config);
NodeAnswer just_started_as_stock(const NodeConfig& config);
/// The same on an Arcus server that goes by these servers: "10.0.0.1:2181,10.0.0.2:2181".
NodeAnswer just_started(const NodeConfig& config, const std::string& connect_string);
}  // namespace arcform

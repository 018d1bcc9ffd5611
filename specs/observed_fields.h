// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "specs/json_shape.h"
#include "specs/shared_fields.h"

/// The JSON of everything that an observation holds.
namespace arcform {

inline const char* json_name(ServerMode mode) {
  switch (mode) {
    case ServerMode::leader:
      return "leader";
    case ServerMode::follower:
      return "follower";
    case ServerMode::observer:
      return "observer";
    case ServerMode::standalone:
      return "standalone";
    case ServerMode::not_serving:
      return "notServing";
  }
  return nullptr;
}

template <class A, Same<ObservedProcess> T>
void fields(A& archive, T& value) {
  auto& [pid, start_ticks, comm, argv] = value;
  archive("pid", pid);
  archive("startTicks", start_ticks);
  archive("comm", comm);
  argv_field(archive, argv);
}

template <class A, Same<ObservedSlot> T>
void fields(A& archive, T& value) {
  auto& [name, identity, digest, config] = value;
  archive("name", name);
  archive("identity", identity, "null: never started");
  archive("digest", digest, "what its process was started with");
  archive("config", config, "zoo.cfg of a server, else empty");
}

template <class A, Same<ObservedPackage> T>
void fields(A& archive, T& value) {
  auto& [cache_node, engine, extensions, zookeeper_classpath] = value;
  archive("cacheNode", cache_node, "PREFIX/bin/memcached is executable");
  archive("engine", engine);
  archive("extensions", extensions);
  archive("zookeeperClasspath", zookeeper_classpath);
}

template <class A, Same<ObservedDataDirectory> T>
void fields(A& archive, T& value) {
  auto& [exists, myid, has_data] = value;
  archive("exists", exists);
  archive("myid", myid);
  archive("hasData", has_data);
}

template <class A, Same<ObservedRelease> T>
void fields(A& archive, T& value) {
  auto& [name, sha256, installed_at] = value;
  archive("name", name);
  archive("sha256", sha256, "of its archive; empty: not ours");
  archive("installedAt", installed_at, "seconds since 1970, by the host's clock");
}

template <class A, Same<ObservedReleases> T>
void fields(A& archive, T& value) {
  auto& [folder, free_kb, all] = value;
  archive("folder", folder);
  archive("freeKb", free_kb);
  archive("all", all);
}

template <class A, Same<HostFacts> T>
void fields(A& archive, T& value) {
  auto& [boot_id, uptime_ticks, ticks_per_second, directory, memory_total_kb, memory_available_kb,
         uid, open_files_hard, java, directory_writable, packages, releases, tools, processes,
         listening, slots, data] = value;
  archive("bootId", boot_id);
  archive("uptimeTicks", uptime_ticks);
  archive("ticksPerSecond", ticks_per_second);
  archive("directory", directory, "the deployment's folder there");
  archive("memoryTotalKb", memory_total_kb);
  archive("memoryAvailableKb", memory_available_kb);
  archive("uid", uid);
  archive("openFilesHard", open_files_hard, "18446744073709551615: unlimited");
  archive("java", java);
  archive("directoryWritable", directory_writable);
  archive("packages", packages, "by prefix");
  archive("releases", releases, "of packages out of archives, by package");
  archive("tools", tools, "that unpack archives");
  archive("processes", processes, "cache nodes and ZooKeeper servers; secrets are ***");
  archive("listening", listening, "TCP ports");
  archive("slots", slots, "folders of processes, by name");
  archive("data", data, "the ZooKeeper server's data directory");
}

template <class A, Same<NodeAnswer> T>
void fields(A& archive, T& value) {
  auto& [version, admin, settings, held_mb, servers] = value;
  archive("version", version);
  archive("admin", admin, "how it can be changed while it runs");
  NamedSettings known = named(settings);
  archive("settings", known, "as they are");
  archive("heldMb", held_mb, "memory that it cannot give back; null: not asked");
  archive("servers", servers, "of the ensemble, that it goes by; empty: it cannot say");
  if constexpr (!std::is_const_v<T>) {
    settings = unnamed(known);
  }
}

template <class A, Same<ServerAnswer> T>
void fields(A& archive, T& value) {
  auto& [mode, version, zxid, connections, synced_followers, members, members_version] = value;
  archive("mode", mode);
  archive("version", version);
  archive("zxid", zxid);
  archive("connections", connections);
  archive("syncedFollowers", synced_followers, "null: not a leader, or it does not say");
  archive("members", members, "of the list that it runs with, by id");
  archive("membersVersion", members_version, "0: from its zoo.cfg");
}

template <class A, Same<ObservedCloud> T>
void fields(A& archive, T& value) {
  auto& [cache_list, client_list, claimed, claimed_by, clients, joined] = value;
  archive("cacheList", cache_list);
  archive("clientList", client_list);
  archive("claimed", claimed, "this deployment registered it");
  archive("claimedBy", claimed_by, "another deployment; empty: none");
  archive("clients", clients);
  archive("joined", joined);
}

template <class A, Same<ObservedMapping> T>
void fields(A& archive, T& value) {
  auto& [node, service_codes] = value;
  archive("node", node);
  archive("serviceCodes", service_codes);
}

template <class A, Same<Pause> T>
void fields(A& archive, T& value) {
  auto& [scope, until, reason, by, since, spec_digest] = value;
  archive("scope", scope);
  archive("until", until, "empty: until it is resumed, or the spec changes");
  archive("reason", reason);
  archive("by", by);
  archive("since", since);
  archive("specDigest", spec_digest);
}

template <class A, Same<DeploymentRecord> T>
void fields(A& archive, T& value) {
  auto& [epoch_version, epoch_czxid, revision, spec_digest, at, by, lock_holder, lock_since, claims,
         protected_clouds, hosts, pauses] = value;
  archive("epochVersion", epoch_version, "-1: none yet");
  archive("epochCzxid", epoch_czxid, "of the epoch znode; tells one ensemble from another");
  archive("revision", revision, "the last applied one; 0: none");
  archive("specDigest", spec_digest);
  archive("at", at);
  archive("by", by);
  archive("lockHolder", lock_holder, "empty: nobody");
  archive("lockSince", lock_since);
  archive("claims", claims);
  archive("protectedClouds", protected_clouds);
  archive("hosts", hosts);
  archive("pauses", pauses);
}

template <class A, Same<TreeFacts> T>
void fields(A& archive, T& value) {
  auto& [arcus_tree, server_log, service_codes, clouds, mappings, unusual_mappings, record,
         session_timeout_ms] = value;
  archive("arcusTree", arcus_tree);
  archive("serverLog", server_log);
  archive("serviceCodes", service_codes, "every registered cloud");
  archive("clouds", clouds, "those of the spec and of the deployment");
  archive("mappings", mappings);
  archive("unusualMappings", unusual_mappings);
  archive("record", record, "of the deployment");
  archive("sessionTimeoutMs", session_timeout_ms);
}

/// {"state": "absent"}, {"state": "unknown", "why": "..."} or {"state": "present", "value": ...}.
template <class Value>
void fields(FieldWriter& archive, const Observation<Value>& observation) {
  archive("state", std::string(observation.is_present()   ? "present"
                               : observation.is_unknown() ? "unknown"
                                                          : "absent"));
  if (observation.is_present()) {
    archive("value", observation.value());
  } else if (observation.is_unknown()) {
    archive("why", observation.why());
  }
}

template <class Value>
void fields(FieldReader& archive, Observation<Value>& observation) {
  std::string state;
  archive("state", state);
  if (state == "absent") {
    observation = Observation<Value>::absent();
  } else if (state == "present") {
    Value value{};
    archive("value", value);
    observation = Observation<Value>::present(std::move(value));
  } else {
    std::string why;
    archive("why", why);
    observation = Observation<Value>::unknown(std::move(why));
  }
}

template <class Value>
void fields(FieldShape& archive, const Observation<Value>& /*observation*/) {
  archive("state", std::string(), "present, absent or unknown");
  archive.optional("value", Value{}, "only when present");
  archive.optional("why", std::string(), "only when unknown");
}

template <class A, Same<RunningServer> T>
void fields(A& archive, T& value) {
  auto& [process, argv, config] = value;
  archive("process", process);
  argv_field(archive, argv);
  archive("config", config, "the file that it was started with; secrets are ***");
}

template <class A, Same<ObservedState> T>
void fields(A& archive, T& value) {
  auto& [hosts, servers, nodes, strangers, tree] = value;
  archive("hosts", hosts, "by name");
  archive("servers", servers, "by id; absent: it refuses");
  archive("nodes", nodes, "absent: it refuses or does not answer");
  archive("strangers", strangers, "servers of the spec that somebody else runs, by id");
  archive("tree", tree, "what ZooKeeper holds");
}

}  // namespace arcform

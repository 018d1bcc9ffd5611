// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "specs/shared_fields.h"

/// The JSON of every action. A new kind of action needs two things here: its name, and a function
/// that names its members; saved plans, `plan --format json` and its schema follow.
namespace arcform {

template <>
inline constexpr const char* kKind<InstallPackage> = "installPackage";
template <class A, Same<InstallPackage> T>
void fields(A& archive, T& value) {
  auto& [host, package, prefix, sha256] = value;
  archive("host", host);
  archive("package", package, "its name in the spec");
  archive("prefix", prefix, "where it will be there");
  archive("sha256", sha256, "of the archive");
}

template <>
inline constexpr const char* kKind<RemoveRelease> = "removeRelease";
template <class A, Same<RemoveRelease> T>
void fields(A& archive, T& value) {
  auto& [host, package, folder, release] = value;
  archive("host", host);
  archive("package", package, "its name in the spec");
  archive("folder", folder);
  archive("release", release);
}

template <>
inline constexpr const char* kKind<ConfigureServer> = "configureServer";
template <class A, Same<ConfigureServer> T>
void fields(A& archive, T& value) {
  auto& [host, id, config, data_directory] = value;
  archive("host", host);
  archive("id", id, "of the server");
  archive("config", config, "the whole zoo.cfg");
  archive("dataDirectory", data_directory);
}

template <>
inline constexpr const char* kKind<StartServer> = "startServer";
template <class A, Same<StartServer> T>
void fields(A& archive, T& value) {
  auto& [host, id, client_port, argv, digest] = value;
  archive("host", host);
  archive("id", id, "of the server");
  archive("clientPort", client_port);
  archive("argv", argv);
  archive("digest", digest, "of the configuration that it starts with");
}

template <>
inline constexpr const char* kKind<StopServer> = "stopServer";
template <class A, Same<StopServer> T>
void fields(A& archive, T& value) {
  auto& [host, id, process] = value;
  archive("host", host);
  archive("id", id, "of the server");
  archive("process", process, "exactly this one");
}

template <class A, Same<ServerPlace> T>
void fields(A& archive, T& value) {
  auto& [id, host, before, after] = value;
  archive("id", id);
  archive("host", host, "empty: it cannot be asked");
  archive("before", before, "it votes in the list that is");
  archive("after", after, "it votes in the list that comes");
}

template <>
inline constexpr const char* kKind<RestartServer> = "restartServer";
template <class A, Same<RestartServer> T>
void fields(A& archive, T& value) {
  auto& [stop, start, leader, members] = value;
  archive("stop", stop);
  archive("start", start);
  archive("leader", leader, "it led when this was planned");
  archive("members", members, "who votes, in the list that is and the list that comes");
}

template <>
inline constexpr const char* kKind<ReconfigureEnsemble> = "reconfigureEnsemble";
template <class A, Same<ReconfigureEnsemble> T>
void fields(A& archive, T& value) {
  auto& [server, host, line, before, after, members] = value;
  archive("server", server, "id");
  archive("host", host, "empty: not known");
  archive("line", line, "of a joiner; empty: it leaves");
  archive("before", before, "the list that it must be, by id");
  archive("after", after, "the list that it becomes");
  archive("members", members, "who votes, in the list that is and the list that comes");
}

template <>
inline constexpr const char* kKind<RetireServer> = "retireServer";
template <class A, Same<RetireServer> T>
void fields(A& archive, T& value) {
  auto& [stop, data_directories, members] = value;
  archive("stop", stop);
  archive("dataDirectories", data_directories, "set aside");
  archive("members", members, "without it");
}

template <>
inline constexpr const char* kKind<SetDataAside> = "setDataAside";
template <class A, Same<SetDataAside> T>
void fields(A& archive, T& value) {
  auto& [host, id, data_directories] = value;
  archive("host", host);
  archive("id", id, "of the server");
  archive("dataDirectories", data_directories);
}

template <>
inline constexpr const char* kKind<AwaitQuorum> = "awaitQuorum";
template <class A, Same<AwaitQuorum> T>
void fields(A& archive, T& value) {
  auto& [servers, led_elsewhere] = value;
  archive("servers", servers, "ids");
  archive("ledElsewhere", led_elsewhere, "by a member that is to leave");
}

template <>
inline constexpr const char* kKind<CreateTree> = "createTree";
template <class A, Same<CreateTree> T>
void fields(A& /*archive*/, T& /*value*/) {}

template <>
inline constexpr const char* kKind<RegisterCloud> = "registerCloud";
template <class A, Same<RegisterCloud> T>
void fields(A& archive, T& value) {
  auto& [service_code, nodes] = value;
  archive("serviceCode", service_code);
  archive("nodes", nodes);
}

template <class A, Same<MappedNode> T>
void fields(A& archive, T& value) {
  auto& [node, config, remove] = value;
  archive("node", node);
  archive("config", config);
  archive("remove", remove, "service codes that stand there and must go");
}

template <>
inline constexpr const char* kKind<MapNodes> = "mapNodes";
template <class A, Same<MapNodes> T>
void fields(A& archive, T& value) {
  auto& [service_code, nodes, hosts] = value;
  archive("serviceCode", service_code);
  archive("nodes", nodes);
  archive("hosts", hosts, "how they are reached, to be recorded");
}

template <>
inline constexpr const char* kKind<UnmapNodes> = "unmapNodes";
template <class A, Same<UnmapNodes> T>
void fields(A& archive, T& value) {
  auto& [service_code, nodes, forget_hosts] = value;
  archive("serviceCode", service_code);
  archive("nodes", nodes);
  archive("forgetHosts", forget_hosts);
}

template <>
inline constexpr const char* kKind<StartNode> = "startNode";
template <class A, Same<StartNode> T>
void fields(A& archive, T& value) {
  auto& [host, node, service_code, config, launch, stale, dead] = value;
  archive("host", host);
  archive("node", node);
  archive("serviceCode", service_code);
  archive("config", config);
  archive("launch", launch, "index into launches");
  archive("stale", stale, "the znode of its dead predecessor, removed first");
  archive("dead", dead, "the process whose znode that is");
}

template <>
inline constexpr const char* kKind<StopNode> = "stopNode";
template <class A, Same<StopNode> T>
void fields(A& archive, T& value) {
  auto& [host, node, service_code, process, forget] = value;
  archive("host", host);
  archive("node", node);
  archive("serviceCode", service_code, "empty: it is in no cloud");
  archive("process", process, "exactly this one");
  archive("forget", forget, "its folder is removed afterwards");
}

template <>
inline constexpr const char* kKind<RestartNode> = "restartNode";
template <class A, Same<RestartNode> T>
void fields(A& archive, T& value) {
  auto& [paused, stop, move_mapping, start] = value;
  archive("paused", paused, "because it had left its cloud");
  archive("stop", stop);
  archive("moveMapping", move_mapping);
  archive("start", start);
}

template <>
inline constexpr const char* kKind<ForgetNode> = "forgetNode";
template <class A, Same<ForgetNode> T>
void fields(A& archive, T& value) {
  auto& [host, node, service_code, stale, dead] = value;
  archive("host", host);
  archive("node", node);
  archive("serviceCode", service_code);
  archive("stale", stale, "the znode of its dead process, removed first");
  archive("dead", dead, "the process whose znode that is");
}

template <>
inline constexpr const char* kKind<UnregisterCloud> = "unregisterCloud";
template <class A, Same<UnregisterCloud> T>
void fields(A& archive, T& value) {
  auto& [service_code] = value;
  archive("serviceCode", service_code);
}

template <class A, Same<RunningProcess> T>
void fields(A& archive, T& value) {
  auto& [identity, argv] = value;
  archive("identity", identity);
  argv_field(archive, argv, "must still be this");
}

template <>
inline constexpr const char* kKind<AdoptServer> = "adoptServer";
template <class A, Same<AdoptServer> T>
void fields(A& archive, T& value) {
  auto& [host, id, running, config, data_directory] = value;
  archive("host", host);
  archive("id", id, "of the server");
  archive("running", running, "exactly this one");
  archive("config", config, "the zoo.cfg that its next start uses");
  archive("dataDirectory", data_directory);
}

template <>
inline constexpr const char* kKind<AdoptCloud> = "adoptCloud";
template <class A, Same<AdoptCloud> T>
void fields(A& archive, T& value) {
  auto& [service_code, nodes, hosts] = value;
  archive("serviceCode", service_code);
  archive("nodes", nodes, "that were seen");
  archive("hosts", hosts, "how they are reached, to be recorded");
}

template <>
inline constexpr const char* kKind<AdoptNode> = "adoptNode";
template <class A, Same<AdoptNode> T>
void fields(A& archive, T& value) {
  auto& [host, node, service_code, running] = value;
  archive("host", host);
  archive("node", node);
  archive("serviceCode", service_code);
  archive("running", running, "exactly this one");
}

inline const char* json_name(NodeSetting setting) {
  const auto index = static_cast<std::size_t>(setting);
  return index < kNodeSettings ? all_node_settings()[index].spec : nullptr;
}

template <class A, Same<Tuning> T>
void fields(A& archive, T& value) {
  auto& [setting, before, after] = value;
  archive("setting", setting);
  archive("before", before);
  archive("after", after);
}

template <class A, Same<ServerList> T>
void fields(A& archive, T& value) {
  auto& [before, after] = value;
  archive("before", before);
  archive("after", after);
}

template <>
inline constexpr const char* kKind<TuneNode> = "tuneNode";
template <class A, Same<TuneNode> T>
void fields(A& archive, T& value) {
  auto& [host, node, service_code, process, admin, changes, servers] = value;
  archive("host", host);
  archive("node", node);
  archive("serviceCode", service_code);
  archive("process", process, "exactly this one");
  archive("admin", admin, "how it is told");
  archive("changes", changes, "in an order that its server takes");
  archive("servers", servers, "of the ensemble, that it is told of; null: none");
}

template <class A, Same<Launch> T>
void fields(A& archive, T& value) {
  auto& [package, prefix, engine, extensions, connect_string, as_root] = value;
  archive("package", package);
  archive("prefix", prefix);
  archive("engine", engine);
  archive("extensions", extensions);
  archive("connectString", connect_string);
  archive("asRoot", as_root);
}

}  // namespace arcform

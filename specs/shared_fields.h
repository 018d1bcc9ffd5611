// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "specs/json_fields.h"
#include "specs/provenance.h"

/// The JSON of structs that stand in actions and in observations alike.
namespace arcform {

template <class A, Same<Provenance> T>
void fields(A& archive, T& value) {
  auto& [at, by] = value;
  archive("at", at, "UTC");
  archive("by", by);
}

template <class A, Same<SourcePosition> T>
void fields(A& archive, T& value) {
  auto& [line, column] = value;
  archive("line", line, "from 1; 0: nothing in the spec");
  archive("column", column, "from 1");
}

/// A command line, which is a list of words in JSON.
template <class A, Same<Argv> T>
void argv_field(A& archive, T& argv, const char* what = "") {
  std::vector<std::string> words = argv.words();
  archive("argv", words, what);
  if constexpr (!std::is_const_v<T>) {
    argv = words;
  }
}

template <class A, Same<ProcessIdentity> T>
void fields(A& archive, T& value) {
  auto& [boot_id, pid, start_ticks] = value;
  archive("bootId", boot_id, "/proc/sys/kernel/random/boot_id");
  archive("pid", pid);
  archive("startTicks", start_ticks, "clock ticks since boot, field 22 of /proc/PID/stat");
}

template <class A, Same<ObservedJoin> T>
void fields(A& archive, T& value) {
  auto& [name, endpoint, owner, czxid] = value;
  archive("name", name, "of the child of cache_list/SERVICE_CODE");
  archive("node", endpoint, "null: not the name of a cache node");
  archive("owner", owner, "ephemeralOwner; 0x0: persistent");
  archive("czxid", czxid);
}

/// Only the settings that are there, by the name that a spec gives them.
using NamedSettings = std::map<std::string, std::uint32_t>;
inline NamedSettings named(const SettingValues& values) {
  NamedSettings out;
  for (const SettingInfo& info : all_node_settings()) {
    if (const auto value = values.get(info.setting)) {
      out[info.spec] = *value;
    }
  }
  return out;
}
inline SettingValues unnamed(const NamedSettings& named) {
  SettingValues out;
  for (const SettingInfo& info : all_node_settings()) {
    if (const auto found = named.find(info.spec); found != named.end()) {
      out.set(info.setting, found->second);
    }
  }
  return out;
}

inline const char* json_name(AdminProtocol admin) {
  switch (admin) {
    case AdminProtocol::none:
      return "none";
    case AdminProtocol::config:
      return "config";
    case AdminProtocol::cache_memlimit:
      return "cacheMemlimit";
  }
  return nullptr;
}

template <class A, Same<NodeConfig> T>
void fields(A& archive, T& value) {
  auto& [memlimit_mb, connections, threads, session_timeout_s, online] = value;
  archive("memlimitMb", memlimit_mb);
  archive("connections", connections);
  archive("threads", threads);
  archive("sessionTimeoutSeconds", session_timeout_s);
  NamedSettings settings = named(online);
  archive("online", settings, "set while it runs");
  if constexpr (!std::is_const_v<T>) {
    online = unnamed(settings);
  }
}

template <class A, Same<HostRecord> T>
void fields(A& archive, T& value) {
  auto& [name, address, transport, user, port, directory] = value;
  archive("name", name);
  archive("address", address);
  archive("transport", transport);
  archive("user", user);
  archive("port", port);
  archive("directory", directory);
}

}  // namespace arcform

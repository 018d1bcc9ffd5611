// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/names.h"
#include "model/node_settings.h"
#include "model/shared.h"

namespace arcform {

/// Where in the spec something was asked for; line 0 means "nowhere" (a default, or a record).
struct SourcePosition {
  int line = 0;
  int column = 0;
  auto operator<=>(const SourcePosition&) const = default;
};

/// How a host is reached: libssh2, the system `ssh`, or /bin/sh on this machine.
enum class Transport { ssh, openssh, local };

/// Whether something should run, or be kept registered without a process.
enum class RunState { running, stopped };

/// A secret's place: prompted on the terminal when both are empty. Never the secret itself.
struct SecretSource {
  std::string file;         ///< path of a file whose first line is the secret
  std::string environment;  ///< name of an environment variable
  bool operator==(const SecretSource&) const = default;
};

/// How to log in on a host and where arcform keeps its folders there.
struct SshAccess {
  std::string user;  ///< empty: the user who runs arcform
  std::uint16_t port = 22;
  std::vector<std::string> identity_files;         ///< in order; `~` is expanded by the driver
  std::string known_hosts = "~/.ssh/known_hosts";  ///< host keys are checked, always
  std::string directory;                           ///< empty: ~/.arcform/<deployment> on the host
  bool agent = true;                               ///< use the agent at SSH_AUTH_SOCK
  bool password_login = false;                     ///< try password authentication
  SecretSource passphrase;                         ///< of the identity files
  SecretSource password;                           ///< used only with password_login
  /// The user's OpenSSH configuration, which fills in what the spec does not say; empty: none.
  std::string config = "~/.ssh/config";
  bool port_given = false;         ///< `port` stands in the spec
  bool known_hosts_given = false;  ///< `known_hosts` stands in the spec
  bool operator==(const SshAccess&) const = default;
};

struct DesiredHost {
  std::string name;
  std::string address;  ///< what we connect to; IPv4 when cache nodes run there
  Transport transport = Transport::ssh;
  SshAccess ssh;
  SourcePosition at;
  std::uint64_t memory_mb = 0;  ///< what its cache nodes may use together; 0: not said
  bool operator==(const DesiredHost&) const = default;
};

/// Software on the hosts: an archive that arcform would install, or a prefix that is there already.
struct DesiredPackage {
  std::string name;
  std::string installed;  ///< prefix on the host; empty when `archive` is given
  std::string archive;    ///< path of a tar file here
  std::string sha256;     ///< of the archive; empty: to be computed from the file
  std::string directory;  ///< where archives are unpacked on the host; empty: in our folder
  SourcePosition at;
  // What is known of an archive's file, which is looked at after the spec was read.
  std::uint64_t size = 0;      ///< bytes; 0: the file could not be read
  std::uint64_t unpacked = 0;  ///< at least so many bytes when it is unpacked
  std::string compressor;      ///< "gzip", "xz", "zstd"; empty: a plain tar
  std::string unreadable;      ///< why it cannot be sent to a host; empty: it can

  /// One that is on the hosts already.
  static DesiredPackage at_prefix(std::string name, std::string prefix);
  bool operator==(const DesiredPackage&) const = default;
};

struct DesiredServer {
  std::string host;
  int id = 0;  ///< 1..255, stays with the host
  SourcePosition at;
  bool operator==(const DesiredServer&) const = default;
};

/// The ZooKeeper ensemble: ours (servers) or somebody else's (external, a connect string).
struct DesiredEnsemble {
  std::string external;  ///< "ip:port,ip:port,..." or empty
  std::string package;
  std::vector<DesiredServer> servers;  ///< sorted by id
  std::uint16_t client_port = 2181;
  std::uint16_t quorum_port = 2888;
  std::uint16_t election_port = 3888;
  std::string data_directory;
  std::map<std::string, std::string> config;  ///< zoo.cfg keys as written, defaults not filled in
  RunState state = RunState::running;
  SourcePosition at;
  bool operator==(const DesiredEnsemble&) const = default;
};

/// What a spec may set of a cache node: start arguments, and what is set online. Units as the
/// server takes them.
struct NodeConfig {
  std::uint32_t memlimit_mb = 64;        ///< -m
  std::uint32_t connections = 1024;      ///< -c
  std::uint16_t threads = 4;             ///< -t
  std::uint16_t session_timeout_s = 30;  ///< -o, 10..2000
  /// The settings from sticky_limit on, which no start argument of ours holds: set while the node
  /// runs. What the spec does not name is left as it is.
  Shared<SettingValues> online{};
  std::optional<std::uint32_t> online_value(NodeSetting setting) const {
    return online.value().get(setting);
  }
  void set_online(NodeSetting setting, std::uint32_t value) {
    SettingValues values = online;
    values.set(setting, value);
    online = values;
  }
  bool operator==(const NodeConfig&) const = default;
};

/// One cache node: a port on a host. `host` is an index into DesiredState::hosts.
struct DesiredNode {
  Endpoint endpoint;  ///< the host's address and the port
  std::uint32_t host = 0;
  NodeConfig config;
  SourcePosition at;
  bool operator==(const DesiredNode&) const = default;
};

/// How full the cache of a restarted node must be again before the next one is touched.
struct Warmth {
  std::uint32_t hit_permille = 800;  ///< of the hit ratio it had before, in thousandths
  std::uint32_t timeout_s = 1200;    ///< after it the rollout goes on, or stops
  bool stops = false;
  bool operator==(const Warmth&) const = default;
};

struct Rollout {
  std::uint32_t max_unavailable = 1;  ///< a percentage is resolved when the spec is read
  std::uint32_t min_ready_s = 0;      ///< how long a node must be up before the next is touched
  std::optional<Warmth> warm{};
  bool operator==(const Rollout&) const = default;
};

/// A number of nodes, or a percentage of some.
struct Portion {
  std::uint32_t amount = 0;
  bool percent = false;
  bool operator==(const Portion&) const = default;

  /// Of so many, rounded down, at least one.
  std::size_t of(std::size_t whole) const;
  /// "3", "25%"
  std::string text() const;
};

/// Where a watching controller tells what happens: a URL that events are posted to, or a program on
/// its machine that gets them on its standard input.
struct WatchHook {
  std::string name;
  std::string url;                      ///< empty: a program
  std::vector<std::string> program;     ///< an absolute path and its arguments
  std::optional<SecretSource> token{};  ///< sent to the URL as bearer token; never prompted
  std::vector<std::string> events;      ///< names of kinds (see model/watch_hook.h), sorted
  std::uint32_t timeout_s = 10;         ///< of one attempt
  std::uint32_t repeat_s = 3600;        ///< the same trouble is told again only after so long
  bool operator==(const WatchHook&) const = default;
};

/// What a watching controller may do by itself.
struct WatchPolicy {
  enum class Rollout { automatic, approve };
  bool heal = true;  ///< repair what the world changed; false: only say so
  /// A changed spec: done at once, or planned, published and done once a person approves.
  Rollout rollout = Rollout::automatic;
  std::vector<WatchHook> hooks;  ///< in the order of the file
  bool operator==(const WatchPolicy&) const = default;
};

struct DesiredCloud {
  std::string service_code;
  std::string package;
  std::vector<DesiredNode> nodes;  ///< sorted by endpoint
  RunState state = RunState::running;
  Rollout rollout;
  bool protect = false;
  SourcePosition at;
  bool operator==(const DesiredCloud&) const = default;
};

/// What a spec file says, with every range, count and default expanded. Vectors are sorted (hosts
/// by name, clouds by service code), so two spellings of one spec are equal.
struct DesiredState {
  std::string deployment;
  std::string source;  ///< the spec's file name as given, for messages
  std::string digest;  ///< sha256 (hex) of the spec's canonical content; empty in tests
  std::vector<DesiredHost> hosts;
  std::vector<DesiredPackage> packages;
  DesiredEnsemble ensemble;
  std::vector<DesiredCloud> clouds;
  /// How many serving nodes of one cloud an apply may remove, unless asked for by the cloud's name.
  Portion max_removals{25, true};
  WatchPolicy watch;
  bool operator==(const DesiredState&) const = default;

  /// nullptr when there is none of that name.
  const DesiredHost* host(std::string_view name) const;
  const DesiredPackage* package(std::string_view name) const;
  const DesiredCloud* cloud(std::string_view service_code) const;
};

/// How long changes of the cloud's ring lie apart: as long as its nodes live on in ZooKeeper
/// without a sign, their longest session timeout. One such time after a join the other nodes scrub
/// the keys that have moved. 0 s: no such cloud.
std::chrono::seconds settle_time(const DesiredState& desired, std::string_view service_code);

/// "ip:port,ip:port" of the ensemble's client ports, in order of server id, or `external`.
std::string connect_string(const DesiredState& desired);

/// The folder of a deployment on a host, where everything of ours lies: the one that the spec
/// names, else "~/.arcform/<deployment>" of the user who logs in.
std::string directory_of(const DesiredHost& host, const std::string& deployment);

}  // namespace arcform

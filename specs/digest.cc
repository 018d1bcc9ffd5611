// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <iterator>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "specs/parts.h"

namespace arcform {
namespace {

/// Appends one canonical line per thing. Texts carry their length, so that no two specs render
/// alike.
class Canonical {
 public:
  template <class... Fields>
  void line(std::string_view kind, const Fields&... fields) {
    text_ += kind;
    (append(fields), ...);
    text_ += '\n';
  }
  const std::string& text() const { return text_; }

 private:
  void append(const std::string& field) {
    fmt::format_to(std::back_inserter(text_), " {}:{}", field.size(), field);
  }
  void append(std::uint64_t field) { fmt::format_to(std::back_inserter(text_), " {}", field); }

  std::string text_;
};

void render_host(const DesiredHost& host, Canonical& out) {
  const SshAccess& ssh = host.ssh;
  out.line("host", host.name, host.address, static_cast<std::uint64_t>(host.transport),
           host.memory_mb);
  out.line("ssh", ssh.user, std::uint64_t{ssh.port}, ssh.known_hosts, ssh.directory,
           std::uint64_t{ssh.agent}, std::uint64_t{ssh.password_login}, ssh.passphrase.file,
           ssh.passphrase.environment, ssh.password.file, ssh.password.environment);
  if (ssh.config != SshAccess{}.config) {
    out.line("ssh-config", ssh.config);
  }
  for (const std::string& file : ssh.identity_files) {
    out.line("identity", file);
  }
}

void render_ensemble(const DesiredEnsemble& ensemble, Canonical& out) {
  out.line("ensemble", ensemble.external, ensemble.package, std::uint64_t{ensemble.client_port},
           std::uint64_t{ensemble.quorum_port}, std::uint64_t{ensemble.election_port},
           ensemble.data_directory, static_cast<std::uint64_t>(ensemble.state));
  for (const DesiredServer& server : ensemble.servers) {
    out.line("server", server.host, static_cast<std::uint64_t>(server.id));
  }
  for (const auto& [key, value] : ensemble.config) {
    out.line("config", key, value);
  }
}

void render_cloud(const DesiredCloud& cloud, Canonical& out) {
  out.line("cloud", cloud.service_code, cloud.package, static_cast<std::uint64_t>(cloud.state),
           std::uint64_t{cloud.rollout.max_unavailable}, std::uint64_t{cloud.protect});
  if (cloud.rollout.min_ready_s > 0) {
    out.line("ready", std::uint64_t{cloud.rollout.min_ready_s});
  }
  if (const auto& warm = cloud.rollout.warm) {
    out.line("warm", std::uint64_t{warm->hit_permille}, std::uint64_t{warm->timeout_s},
             std::uint64_t{warm->stops});
  }
  for (const DesiredNode& node : cloud.nodes) {
    out.line("node", std::uint64_t{node.host}, std::uint64_t{node.endpoint.port},
             std::uint64_t{node.config.memlimit_mb}, std::uint64_t{node.config.connections},
             std::uint64_t{node.config.threads}, std::uint64_t{node.config.session_timeout_s});
    for (std::size_t i = kFirstOnlineOnly; i < kNodeSettings && !node.config.online.empty(); ++i) {
      const SettingInfo& info = all_node_settings()[i];
      if (const auto value = node.config.online_value(info.setting)) {
        out.line("online", std::string(info.spec), std::uint64_t{*value});
      }
    }
  }
}

}  // namespace

std::string sha256_hex(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), sum.data(), &size, EVP_sha256(), nullptr) != 1) {
    return "";
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += fmt::format("{:02x}", sum[i]);
  }
  return hex;
}

std::string digest_of(const DesiredState& desired) {
  Canonical out;
  out.line("arcform/v1", desired.deployment);
  for (const DesiredHost& host : desired.hosts) {
    render_host(host, out);
  }
  for (const DesiredPackage& package : desired.packages) {
    // Where an archive lies here does not matter once its checksum is known.
    out.line("package", package.name, package.installed,
             package.sha256.empty() ? package.archive : std::string(), package.sha256,
             package.directory);
  }
  out.line("removals", std::uint64_t{desired.max_removals.amount},
           std::uint64_t{desired.max_removals.percent});
  // Whom a watching controller tells is not what should be.
  const WatchPolicy usual;
  if (desired.watch.heal != usual.heal || desired.watch.rollout != usual.rollout) {
    out.line("watch", std::uint64_t{desired.watch.heal},
             static_cast<std::uint64_t>(desired.watch.rollout));
  }
  render_ensemble(desired.ensemble, out);
  for (const DesiredCloud& cloud : desired.clouds) {
    render_cloud(cloud, out);
  }
  return sha256_hex(out.text());
}

}  // namespace arcform

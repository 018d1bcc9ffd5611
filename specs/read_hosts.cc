// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/names.h"
#include "specs/parts.h"
#include "specs/ranges.h"

namespace arcform {
namespace {

constexpr std::array<const char*, 3> kTransports{"ssh", "openssh", "local"};

bool is_local_path(std::string_view text) {
  return !text.empty() && text.size() <= 1024 && printable(text, 1024) == text;
}

bool is_environment_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !text.empty() && text.size() <= 128 && letter(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void check_local_path(ObjectFields& fields, std::string_view key, const std::string& typed) {
  if (!is_local_path(typed)) {
    fields.error(key, fmt::format("\"{}\" is no file name", printable(typed, 64)),
                 "write a path on this machine; ~ is your home directory");
  }
}

void read_identity_files(ObjectFields& fields, SshAccess& ssh, Problems& problems) {
  const auto* const files = fields.list("identityFiles");
  if (files == nullptr) {
    return;
  }
  ssh.identity_files.clear();
  for (std::size_t i = 0; i < files->size(); ++i) {
    const std::string path = json::item_path(fields.path("identityFiles"), i);
    const auto file = read_text((*files)[i], path, problems);
    if (file && !is_local_path(*file)) {
      problems.error((*files)[i].at, path,
                     fmt::format("\"{}\" is no file name", printable(*file, 64)),
                     "write a path on this machine; ~ is your home directory");
    } else if (file) {
      ssh.identity_files.push_back(*file);
    }
  }
}

/// A file, or false for none.
void read_config(ObjectFields& fields, SshAccess& ssh) {
  const json::Value* const value = fields.any("config");
  if (value == nullptr) {
    return;
  }
  if (value->kind == json::Kind::boolean && !value->boolean) {
    ssh.config.clear();
  } else if (value->kind == json::Kind::string && is_local_path(value->text)) {
    ssh.config = value->text;
  } else {
    fields.error("config", fmt::format("{} is no file name", describe(*value)),
                 "write the path of an OpenSSH configuration on this machine, or false for none");
  }
}

/// The names of an entry and the addresses that go with them.
struct Names {
  std::vector<std::string> names;
  std::vector<std::string> addresses;
};

std::vector<std::string> expand(ObjectFields& fields, std::string_view key, Reading& reading) {
  const auto typed = fields.text(key);
  if (!typed) {
    return {};
  }
  auto names = expand_range(*typed);
  if (!names) {
    report_range(names.error(), fields.at(key), fields.path(key), reading.problems);
    return {};
  }
  return std::move(*names);
}

std::optional<Names> read_names(ObjectFields& fields, Reading& reading) {
  Names names;
  names.names = expand(fields, "name", reading);
  names.addresses = fields.has("address") ? expand(fields, "address", reading) : names.names;
  if (names.names.empty() || names.addresses.empty()) {
    return std::nullopt;
  }
  if (names.names.size() != names.addresses.size()) {
    fields.error(
        "address",
        fmt::format("{} addresses for {} names", names.addresses.size(), names.names.size()),
        "both ranges must have the same size");
    return std::nullopt;
  }
  return names;
}

bool check_name(ObjectFields& fields, const std::string& name) {
  if (is_host_name(name)) {
    return true;
  }
  fields.error("name", fmt::format("\"{}\" is no host name", printable(name, 64)),
               "use up to 253 letters, digits and ._-, beginning with a letter or digit");
  return false;
}

bool is_numeric(std::string_view address) {
  return address.find_first_not_of("0123456789.") == std::string_view::npos;
}

void check_address(ObjectFields& fields, const std::string& address) {
  const bool numeric = is_numeric(address);
  if (address.find(':') != std::string::npos) {
    fields.error("address", fmt::format("\"{}\" is no IPv4 address", printable(address, 64)),
                 "Arcus cache nodes have IPv4 addresses only; the port stands elsewhere");
  } else if (numeric ? !parse_ipv4(address) : !is_host_name(address)) {
    fields.error(
        fields.has("address") ? "address" : "name",
        fmt::format("\"{}\" is neither an IPv4 address nor a host name", printable(address, 64)),
        "write four numbers from 0 to 255 without leading zeros, like 10.0.0.1");
  }
}

void read_host(const json::Value& value, std::size_t index, const SshAccess& ssh,
               Reading& reading) {
  ObjectFields fields(value, json::item_path("hosts", index), reading.problems);
  reading.host_entries.emplace(value.at, index);
  fields.require("name", "every host has a name; nodes and servers refer to it");
  const auto names = read_names(fields, reading);
  DesiredHost host{"", "", Transport::ssh, ssh, value.at};
  host.transport = static_cast<Transport>(fields.choice("transport", kTransports).value_or(0));
  host.memory_mb = fields.number("memory", {1, 1ULL << 40U, "it is in MB"}).value_or(0);
  if (const json::Value* const own = fields.any("ssh")) {
    read_ssh(*own, fields.path("ssh"), host.ssh, reading.problems);
  }
  fields.any("address");
  fields.finish();
  if (!names) {
    reading.hosts_complete = false;
    return;
  }
  for (std::size_t i = 0; i < names->names.size(); ++i) {
    host.name = names->names[i];
    host.address = names->addresses[i];
    const bool good = check_name(fields, host.name);
    if (good) {
      check_address(fields, host.address);
      reading.desired.hosts.push_back(host);
    }
    reading.hosts_complete = reading.hosts_complete && good;
  }
}

/// Sorts by name; reports names and addresses that stand twice.
void sort_hosts(Reading& reading) {
  auto& hosts = reading.desired.hosts;
  std::stable_sort(hosts.begin(), hosts.end(),
                   [](const DesiredHost& a, const DesiredHost& b) { return a.name < b.name; });
  const auto report_twice = [&](const DesiredHost& first, const DesiredHost& second,
                                const std::string& what, const char* advice) {
    reading.problems.error(second.at, reading.path_of(second),
                           fmt::format("{}, first in line {}", what, first.at.line), advice);
  };
  for (std::size_t i = 1; i < hosts.size(); ++i) {
    if (hosts[i].name == hosts[i - 1].name) {
      report_twice(hosts[i - 1], hosts[i], fmt::format("host {} stands twice", hosts[i].name),
                   "give every host its own name");
    }
  }
  std::vector<const DesiredHost*> order;
  for (const DesiredHost& host : hosts) {
    order.push_back(&host);
  }
  std::stable_sort(order.begin(), order.end(), [](const DesiredHost* a, const DesiredHost* b) {
    return std::tie(a->address, a->at) < std::tie(b->address, b->at);
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (order[i]->address == order[i - 1]->address && order[i]->name != order[i - 1]->name) {
      report_twice(*order[i - 1], *order[i],
                   fmt::format("address {} of {} is that of {} too", printable(order[i]->address),
                               order[i]->name, order[i - 1]->name),
                   "give every host its own address");
    }
  }
}

}  // namespace

SecretSource read_secret(ObjectFields& parent, std::string_view key, Problems& problems) {
  constexpr const char* kAdvice =
      R"(write {"file": "..."}, {"environment": "..."} or "prompt"; never the secret itself)";
  SecretSource secret;
  const json::Value* const value = parent.any(key);
  if (value == nullptr || (value->kind == json::Kind::string && value->text == "prompt")) {
    return secret;
  }
  if (value->kind != json::Kind::object) {
    // What stands here may be the secret, so it is not repeated.
    parent.error(key, "this is no place of a secret", kAdvice);
    return secret;
  }
  ObjectFields fields(*value, parent.path(key), problems);
  secret.file = fields.text("file").value_or("");
  secret.environment = fields.text("environment").value_or("");
  if (fields.has("file") == fields.has("environment")) {
    parent.error(key, "exactly one of \"file\" and \"environment\" is needed", kAdvice);
  } else if (fields.has("file")) {
    check_local_path(fields, "file", secret.file);
  } else if (!is_environment_name(secret.environment)) {
    fields.error("environment", "this is no name of an environment variable",
                 "write letters, digits and _");
  }
  fields.finish();
  return secret;
}

void read_ssh(const json::Value& value, const std::string& path, SshAccess& ssh,
              Problems& problems) {
  ObjectFields fields(value, path, problems);
  if (auto user = fields.text("user")) {
    if (!is_user_name(*user)) {
      fields.error("user", fmt::format("\"{}\" is no user name", printable(*user, 64)),
                   "use letters, digits and ._-@");
    }
    ssh.user = *std::move(user);
  }
  ssh.port = static_cast<std::uint16_t>(fields.number("port", {1, 65535}).value_or(ssh.port));
  ssh.port_given = ssh.port_given || fields.has("port");
  read_identity_files(fields, ssh, problems);
  if (auto file = fields.text("knownHosts")) {
    check_local_path(fields, "knownHosts", *file);
    ssh.known_hosts = *std::move(file);
    ssh.known_hosts_given = true;
  }
  read_config(fields, ssh);
  ssh.directory = read_host_path(fields, "directory").value_or(ssh.directory);
  ssh.agent = fields.boolean("agent").value_or(ssh.agent);
  if (fields.has("passphrase")) {
    ssh.passphrase = read_secret(fields, "passphrase", problems);
  }
  if (fields.has("password")) {
    ssh.password = read_secret(fields, "password", problems);
    ssh.password_login = true;
  }
  fields.any("passphrase");
  fields.any("password");
  fields.finish();
}

void read_hosts(ObjectFields& root, Reading& reading) {
  SshAccess ssh;
  if (const json::Value* const value = root.any("ssh")) {
    read_ssh(*value, root.path("ssh"), ssh, reading.problems);
  }
  root.require("hosts", "list the hosts; [] means that there are none");
  const auto* const hosts = root.list("hosts");
  reading.hosts_complete = hosts != nullptr;
  for (std::size_t i = 0; hosts != nullptr && i < hosts->size(); ++i) {
    if (reading.desired.hosts.size() > kHostsMax) {
      reading.hosts_complete = false;
      root.error("hosts", fmt::format("more than {} hosts", kHostsMax), "split the deployment");
      break;
    }
    read_host((*hosts)[i], i, ssh, reading);
  }
  sort_hosts(reading);
}

bool has_ipv4(const DesiredHost& host) {
  return is_numeric(host.address) || !is_host_name(host.address);
}

std::string Reading::path_of(const DesiredHost& host) const {
  const auto entry = host_entries.find(host.at);
  return entry == host_entries.end() ? "hosts" : json::item_path("hosts", entry->second);
}

void report_range(const Error& error, SourcePosition at, const std::string& path,
                  Problems& problems) {
  const std::size_t cut = error.message.find("; ");
  problems.error(at, path, error.message.substr(0, cut), error.message.substr(cut + 2));
}

std::optional<std::uint32_t> find_host(const std::string& name, SourcePosition at,
                                       const std::string& path, Reading& reading) {
  const auto& hosts = reading.desired.hosts;
  if (const DesiredHost* const host = reading.desired.host(name)) {
    return static_cast<std::uint32_t>(host - hosts.data());
  }
  if (!reading.hosts_complete) {
    return std::nullopt;  // It may be the one that could not be read.
  }
  std::string_view guess;
  if (reading.guesses++ < kSuggestionsMax) {
    std::vector<std::string_view> names;
    for (const DesiredHost& host : hosts) {
      names.push_back(host.name);
    }
    guess = nearest(name, names);
  }
  reading.problems.error(
      at, path, fmt::format("host \"{}\" is not defined", printable(name, 64)),
      guess.empty() ? "add it to \"hosts\"" : fmt::format("did you mean \"{}\"?", guess));
  return std::nullopt;
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "model/names.h"
#include "specs/parts.h"
#include "specs/ranges.h"
#include "specs/zoo_config.h"

namespace arcform {
namespace {

constexpr std::array<std::string_view, 8> kOwnKeys{"package",    "servers",      "clientPort",
                                                   "quorumPort", "electionPort", "dataDirectory",
                                                   "config",     "state"};
constexpr std::uint64_t kIdMax = 255;  // Apache ZooKeeper 3.8 administrator's guide, "myid"

/// "ip:port,ip:port", each once. The ZooKeeper C client resolves names in its I/O thread and stops
/// answering meanwhile, so names are refused.
void check_external(ObjectFields& fields, const std::string& text) {
  std::set<Endpoint> seen;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    const auto endpoint = Endpoint::parse(part);
    if (!endpoint) {
      fields.error("external", fmt::format("\"{}\" is no address of a server", printable(part, 64)),
                   "write ip:port,ip:port with IPv4 addresses, without spaces");
    } else if (!seen.insert(*endpoint).second) {
      fields.error("external", fmt::format("{} stands twice", part), "remove one of them");
    }
    if (comma == std::string_view::npos) {
      return;
    }
    rest.remove_prefix(comma + 1);
  }
}

/// Reads the list of servers and gives ids by position to those that have none.
class ServerReader {
 public:
  ServerReader(ObjectFields& ensemble, Reading& reading)
      : reading_(reading), path_(ensemble.path("servers")) {}

  void read(const json::Value& value, std::size_t index) {
    const std::string path = json::item_path(path_, index);
    if (value.kind == json::Kind::string) {
      read_names(value.text, value.at, path);
      return;
    }
    if (value.kind != json::Kind::object) {
      reading_.problems.error(value.at, path,
                              fmt::format("expected a host name, found {}", describe(value)),
                              R"(write "name" or {"host": "name", "id": 1})");
      reading_.ensemble_complete = false;
      return;
    }
    ObjectFields fields(value, path, reading_.problems);
    fields.require("host", "name the host that runs the server");
    fields.require("id", "give the server its number, or write the host's name alone");
    const auto host = fields.text("host");
    const auto id = fields.number("id", {1, kIdMax, "ZooKeeper takes no other server ids"});
    if (host && id) {
      add(*host, *id, value.at, fields.path("host"), fields.at("host"), path);
    } else {
      reading_.ensemble_complete = false;
    }
    ++position_;
    fields.finish();
  }

 private:
  void read_names(const std::string& text, SourcePosition at, const std::string& path) {
    const auto names = expand_range(text);
    if (!names) {
      report_range(names.error(), at, path, reading_.problems);
      reading_.ensemble_complete = false;
      return;
    }
    for (const std::string& name : *names) {
      add(name, ++position_, at, path, at, path);
      if (position_ > kIdMax) {
        reading_.problems.error(at, path, fmt::format("more than {} servers", kIdMax),
                                "an ensemble has three, five or seven");
        return;
      }
    }
  }

  void add(const std::string& name, std::uint64_t id, SourcePosition at,
           const std::string& host_path, SourcePosition host_at, const std::string& path) {
    const auto host = find_host(name, host_at, host_path, reading_);
    reading_.ensemble_complete = reading_.ensemble_complete && host.has_value();
    const auto [first, new_host] = hosts_.emplace(name, at);
    if (!new_host) {
      reading_.problems.error(host_at, host_path,
                              fmt::format("host {} stands twice, first in line {}",
                                          printable(name, 64), first->second.line),
                              "a host runs one server of an ensemble");
    }
    const auto [owner, new_id] = ids_.emplace(id, name);
    if (!new_id && new_host) {
      reading_.problems.error(
          at, path, fmt::format("server id {} is that of {} too", id, printable(owner->second, 64)),
          "give every server its own \"id\"");
    }
    if (host && !has_ipv4(reading_.desired.hosts[*host])) {
      reading_.problems.error(host_at, host_path, fmt::format("host {} has no IPv4 address", name),
                              "ZooKeeper's client must not wait for DNS; give the host an "
                              "\"address\" like 10.0.0.1");
    }
    reading_.desired.ensemble.servers.push_back({name, static_cast<int>(id), at});
  }

  Reading& reading_;
  std::string path_;
  std::size_t position_ = 0;
  std::map<std::string, SourcePosition> hosts_;
  std::map<std::uint64_t, std::string> ids_;
};

void read_servers(ObjectFields& fields, Reading& reading) {
  fields.require("servers", "list the hosts that run its servers, or give \"external\"");
  const auto* const servers = fields.list("servers");
  if (servers == nullptr) {
    reading.ensemble_complete = false;
    return;
  }
  ServerReader reader(fields, reading);
  for (std::size_t i = 0; i < servers->size(); ++i) {
    reader.read((*servers)[i], i);
  }
  const std::size_t size = reading.desired.ensemble.servers.size();
  if (servers->empty()) {
    fields.error("servers", "an ensemble without servers", "list one, three or five hosts");
  } else if (size > 0 && size % 2 == 0 && reading.ensemble_complete) {
    reading.problems.warning(
        fields.at("servers"), fields.path("servers"),
        fmt::format("{} servers survive no more failures than {}", size, size - 1),
        "use an odd number");
  }
  auto& sorted = reading.desired.ensemble.servers;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const DesiredServer& a, const DesiredServer& b) { return a.id < b.id; });
}

void read_ports(ObjectFields& fields, DesiredEnsemble& ensemble) {
  const auto port = [&](std::string_view key, std::uint16_t otherwise) {
    return static_cast<std::uint16_t>(fields.number(key, {1, 65535}).value_or(otherwise));
  };
  ensemble.client_port = port("clientPort", ensemble.client_port);
  ensemble.quorum_port = port("quorumPort", ensemble.quorum_port);
  ensemble.election_port = port("electionPort", ensemble.election_port);
  if (ensemble.client_port == ensemble.quorum_port) {
    fields.error("quorumPort", fmt::format("port {} is the client port too", ensemble.quorum_port),
                 "use three different ports");
  }
  if (ensemble.election_port == ensemble.client_port ||
      ensemble.election_port == ensemble.quorum_port) {
    fields.error("electionPort",
                 fmt::format("port {} is the {} port too", ensemble.election_port,
                             ensemble.election_port == ensemble.client_port ? "client" : "quorum"),
                 "use three different ports");
  }
}

void check_session_bounds(ObjectFields& fields, const DesiredEnsemble& ensemble) {
  const SessionBounds bounds = session_bounds(ensemble.config);
  if (bounds.min <= bounds.max) {
    return;
  }
  std::string unset;
  const auto said = [&](const char* key, std::uint64_t value) {
    unset = ensemble.config.contains(key) ? unset : key;
    return fmt::format("{} {}{}", key, value, unset == key ? " (not set)" : "");
  };
  const std::string min = said("minSessionTimeout", bounds.min);
  const std::string max = said("maxSessionTimeout", bounds.max);
  fields.error("config", fmt::format("{} is above {}", min, max),
               "a server with such bounds does not start" +
                   (unset.empty() ? "" : "; set " + unset + " too"));
}

/// Only ZooKeeper's superuser may change the members otherwise, and here there is none.
void check_reconfiguration(ObjectFields& fields, const DesiredEnsemble& ensemble) {
  const auto reconfig = ensemble.config.find("reconfigEnabled");
  const auto skip = ensemble.config.find("skipACL");
  if (reconfig != ensemble.config.end() && reconfig->second == "true" &&
      skip != ensemble.config.end() && skip->second == "no") {
    fields.error(
        "config",
        "skipACL \"no\" lets nobody change the members of an ensemble with reconfigEnabled",
        "remove \"skipACL\"; arcform writes \"yes\" beside reconfigEnabled");
  }
}

void read_external(ObjectFields& fields, Reading& reading) {
  if (auto text = fields.text("external")) {
    check_external(fields, *text);
    reading.desired.ensemble.external = *std::move(text);
  }
  for (const std::string_view key : kOwnKeys) {
    fields.refuse(key, "an external ensemble is not arcform's to configure",
                  "remove this key, or \"external\"");
  }
}

void read_own(ObjectFields& fields, Reading& reading) {
  DesiredEnsemble& ensemble = reading.desired.ensemble;
  fields.require("package", "name the package that its servers are started from");
  if (auto package = fields.text("package")) {
    check_package(*package, fields.at("package"), fields.path("package"), reading);
    ensemble.package = *std::move(package);
  }
  read_servers(fields, reading);
  read_ports(fields, ensemble);
  fields.require("dataDirectory", "name the folder on its hosts where servers keep their data");
  ensemble.data_directory = read_host_path(fields, "dataDirectory").value_or("");
  if (const json::Value* const config = fields.any("config")) {
    ensemble.config = read_zoo_config(*config, fields.path("config"), reading.problems);
    check_session_bounds(fields, ensemble);
    check_reconfiguration(fields, ensemble);
  }
  ensemble.state = read_state(fields);
}

}  // namespace

void read_ensemble(ObjectFields& root, Reading& reading) {
  root.require("ensemble",
               R"(describe the ZooKeeper servers, or give {"external": "ip:port,..."})");
  const json::Value* const value = root.any("ensemble");
  reading.ensemble_complete = value != nullptr;
  if (value == nullptr) {
    return;
  }
  ObjectFields fields(*value, root.path("ensemble"), reading.problems);
  reading.desired.ensemble.at = value->at;
  if (fields.has("external")) {
    read_external(fields, reading);
    fields.any("servers");
  } else {
    read_own(fields, reading);
    fields.any("external");
  }
  fields.finish();
}

}  // namespace arcform

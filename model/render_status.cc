// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "model/render.h"
#include "model/render_text.h"
#include "model/status_parts.h"

namespace arcform {

Cell mode_cell(ServerMode mode) {
  switch (mode) {
    case ServerMode::leader:
      return {"leader", Ink::green};
    case ServerMode::follower:
      return {"follower", Ink::green};
    case ServerMode::observer:
      return {"observer", Ink::green};
    case ServerMode::standalone:
      return {"standalone", Ink::green};
    case ServerMode::not_serving:
      return {"not serving", Ink::red};
  }
  return {"unknown", Ink::yellow};
}

namespace {

Cell mode_of(const DesiredServer& server, const ObservedState& observed) {
  const auto found = observed.servers.find(server.id);
  if (found == observed.servers.end() || found->second.is_unknown()) {
    return {"unknown", Ink::yellow};
  }
  if (found->second.is_absent()) {
    return {"down", Ink::red};
  }
  return mode_cell(found->second.value().mode);
}

/// The pid of the slot's live process; "-": none; "?": the host is unknown.
std::string pid_in(const HostFacts* facts, const std::string& slot_name) {
  if (facts == nullptr) {
    return "?";
  }
  const ObservedSlot* const slot = facts->slot(slot_name);
  const ObservedProcess* const process = slot != nullptr ? facts->process_of(*slot) : nullptr;
  return process != nullptr ? fmt::to_string(process->pid) : "-";
}

std::string server_table(const DesiredState& desired, const ObservedState& observed,
                         const Unadopted& unadopted, const RenderOptions& options) {
  if (!desired.ensemble.external.empty()) {
    return fmt::format("\nensemble (external)\n  {}\n", printable(desired.ensemble.external));
  }
  std::vector<Row> rows{{{"id", Ink::dim},
                         {"host", Ink::dim},
                         {"address", Ink::dim},
                         {"pid", Ink::dim},
                         {"mode", Ink::dim},
                         {"version", Ink::dim},
                         {"connections", Ink::dim}}};
  for (const DesiredServer& server : desired.ensemble.servers) {
    const DesiredHost* const host = desired.host(server.host);
    const auto found = observed.servers.find(server.id);
    const ServerAnswer* const answer =
        found == observed.servers.end() ? nullptr : found->second.get();
    // "3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on ...": the number is enough.
    const std::string version =
        answer == nullptr ? "-" : answer->version.substr(0, answer->version.find_first_of("-, "));
    rows.push_back({{fmt::to_string(server.id)},
                    {printable(server.host)},
                    {fmt::format("{}:{}", host != nullptr ? printable(host->address) : "?",
                                 desired.ensemble.client_port)},
                    {pid_in(observed.host(server.host), server_slot(server.id))},
                    mode_of(server, observed),
                    {printable(version)},
                    {answer == nullptr ? "-" : fmt::to_string(answer->connections)}});
  }
  const char* const heading =
      unadopted.found.servers.empty() ? "ensemble" : "ensemble (runs, not adopted yet)";
  return fmt::format("\n{}\n{}", painted(heading, Ink::bold, options.colour),
                     aligned(rows, options.colour, options.width));
}

using Line = NodeLine;
using Mapped = MappedToCloud;

std::string host_of_address(const DesiredState& desired, const TreeFacts* tree, Endpoint node) {
  const std::string address = node.ip_text();
  for (const DesiredHost& host : desired.hosts) {
    if (host.address == address) {
      return host.name;
    }
  }
  if (tree != nullptr) {
    for (const auto& [name, record] : tree->record.hosts) {
      if (record.address == address) {
        return name;
      }
    }
  }
  return "";
}

}  // namespace

MappedToCloud mapped_nodes(const ObservedState& observed) {
  Mapped mapped;
  if (const TreeFacts* const tree = observed.tree.get()) {
    for (const ObservedMapping& mapping : tree->mappings) {
      for (const std::string& code : mapping.service_codes) {
        mapped[code].push_back(mapping.node);
      }
    }
  }
  return mapped;
}

std::vector<NodeLine> node_lines(const std::string& code, const DesiredState& desired,
                                 const ObservedState& observed, const Mapped& mapped) {
  std::map<Endpoint, Line> lines;
  if (const DesiredCloud* const cloud = desired.cloud(code)) {
    for (const DesiredNode& node : cloud->nodes) {
      lines[node.endpoint] = {node.endpoint, desired.hosts[node.host].name, &node};
    }
  }
  const TreeFacts* const tree = observed.tree.get();
  const auto add = [&](Endpoint node) {
    const auto [at, added] = lines.try_emplace(node);
    if (added) {
      at->second = {node, host_of_address(desired, tree, node), nullptr};
    }
  };
  if (tree != nullptr) {
    if (const auto found = mapped.find(code); found != mapped.end()) {
      std::for_each(found->second.begin(), found->second.end(), add);
    }
    if (const auto found = tree->clouds.find(code); found != tree->clouds.end()) {
      for (const ObservedJoin& join : found->second.joined) {
        if (join.endpoint) {
          add(*join.endpoint);
        }
      }
    }
  }
  std::vector<Line> out;
  for (auto& [node, line] : lines) {
    out.push_back(std::move(line));
  }
  return out;
}

bool has_joined(const ObservedCloud& cloud, Endpoint node) {
  const auto first = std::lower_bound(
      cloud.joined.begin(), cloud.joined.end(), node,
      [](const ObservedJoin& join, Endpoint wanted) { return join.endpoint < wanted; });
  for (auto join = first; join != cloud.joined.end() && join->endpoint == node; ++join) {
    if (join->owner != 0) {
      return true;
    }
  }
  return false;
}

namespace {

/// `whose`: " by others", ", not adopted yet" or nothing.
std::string registration_words(const ObservedCloud* seen, const ObservedState& observed,
                               const char* whose) {
  if (seen == nullptr && observed.tree.is_unknown()) {
    return "registration unknown";
  }
  if (seen == nullptr || !seen->cache_list) {
    return seen != nullptr && seen->claimed ? "claimed, not registered" : "not registered";
  }
  return fmt::format("registered{}, {} attached", whose,
                     counted(seen->clients, "client", "clients"));
}

/// "cloud test-cloud (registered, 2 clients attached, 6 of 6 nodes joined)"
std::string cloud_heading(const std::string& code, const DesiredState& desired,
                          const ObservedState& observed, const ObservedCloud* seen,
                          const char* whose) {
  const DesiredCloud* const cloud = desired.cloud(code);
  std::string nodes = "gone from the spec";
  if (cloud != nullptr) {
    const auto joined =
        std::count_if(cloud->nodes.begin(), cloud->nodes.end(), [seen](const DesiredNode& node) {
          return seen != nullptr && has_joined(*seen, node.endpoint);
        });
    nodes =
        fmt::format("{} of {} joined{}", observed.tree.is_unknown() ? "?" : fmt::to_string(joined),
                    counted(cloud->nodes.size(), "node", "nodes"),
                    cloud->state == RunState::stopped ? ", wanted stopped" : "");
  }
  return fmt::format("cloud {} ({}, {})", printable(code),
                     registration_words(seen, observed, whose), nodes);
}

std::string cloud_table(const std::string& code, const DesiredState& desired,
                        const ObservedState& observed, const Mapped& mapped,
                        const Unadopted& unadopted, const RenderOptions& options) {
  const TreeFacts* const tree = observed.tree.get();
  const ObservedCloud* seen = nullptr;
  if (tree != nullptr) {
    const auto found = tree->clouds.find(code);
    seen = found == tree->clouds.end() ? nullptr : &found->second;
  }
  const std::vector<Line> lines = node_lines(code, desired, observed, mapped);
  const char* const whose = unadopted.has_cloud(code)          ? ", not adopted yet"
                            : seen != nullptr && seen->claimed ? ""
                                                               : " by others";
  const std::string heading = cloud_heading(code, desired, observed, seen, whose);
  std::string out =
      fmt::format("\n{}\n{}{}", painted(wrapped(heading, options.width), Ink::bold, options.colour),
                  node_table(lines, code, desired, observed, unadopted, options),
                  rest_of(lines.size(), options));
  if (const std::string why = unadopted.refusal(code); !why.empty()) {
    out += aligned({{{"x", Ink::red}, {"refused: " + why}}}, options.colour, options.width);
  }
  for (std::size_t i = 0; seen != nullptr && i < seen->joined.size(); ++i) {
    const ObservedJoin& join = seen->joined[i];
    if (!join.endpoint || join.owner == 0) {
      out += fmt::format("  {} {}: foreign child of its cache_list\n",
                         painted("!", Ink::red, options.colour), printable(join.name));
    }
  }
  return out;
}

std::string block(const char* heading, std::vector<Row> rows, const RenderOptions& options) {
  const std::size_t count = rows.size();
  rows.resize(shown_of(count, options));
  return count == 0
             ? ""
             : fmt::format("\n{}\n{}{}", painted(heading, Ink::bold, options.colour),
                           aligned(rows, options.colour, options.width), rest_of(count, options));
}

/// What people have asked to be left alone, and what a watching controller has given up.
std::string paused(const ObservedState& observed, const RenderOptions& options) {
  std::vector<Row> rows;
  if (const TreeFacts* const tree = observed.tree.get()) {
    for (const Pause& pause : tree->record.pauses) {
      const std::string until = pause.until.empty() ? "until resumed, or the spec changes"
                                                    : "until " + printable(pause.until, 40);
      rows.push_back(
          {{"x", Ink::yellow},
           {printable(pause.scope)},
           {until},
           {fmt::format("{} ({})", printable(pause.reason, 200), printable(pause.by, 120))}});
    }
  }
  return block("paused", std::move(rows), options);
}

std::string unobserved(const DesiredState& desired, const ObservedState& observed,
                       const RenderOptions& options) {
  std::vector<Row> rows;
  const auto add = [&rows](const std::string& what, const std::string& why) {
    rows.push_back({{"?", Ink::yellow}, {printable(what)}, {printable(why)}});
  };
  if (observed.tree.is_unknown() && desired.ensemble.state == RunState::running) {
    add("ensemble", observed.tree.why());
  }
  for (const auto& [name, facts] : observed.hosts) {
    if (!facts.is_present()) {
      add(name, facts.is_unknown() ? facts.why() : "not there");
    }
  }
  return block("could not be observed", std::move(rows), options);
}

}  // namespace

std::string render_status(const DesiredState& desired, const ObservedState& seen,
                          const RenderOptions& options) {
  const std::vector<std::string>& only = options.clouds;
  const Unadopted unadopted = find_unadopted(desired, seen);
  const ObservedState& observed = unadopted.world(seen);
  std::string out = painted(wrapped(verdict_line(desired, unadopted, seen, only), options.width),
                            Ink::bold, options.colour) +
                    "\n" + wrapped(observed_line(desired, observed, options), options.width) +
                    "\n" + server_table(desired, observed, unadopted, options);
  std::set<std::string> codes;
  for (const DesiredCloud& cloud : desired.clouds) {
    codes.insert(cloud.service_code);
  }
  std::vector<Row> foreign;
  if (const TreeFacts* const tree = observed.tree.get()) {
    codes.insert(tree->record.claims.begin(), tree->record.claims.end());
    for (const std::string& code : tree->service_codes) {
      if (!codes.contains(code)) {
        foreign.push_back({{"·", Ink::dim}, {printable(code)}});
      }
    }
  }
  if (!only.empty()) {
    foreign.clear();
    std::erase_if(codes, [&](const std::string& code) {
      return std::count(only.begin(), only.end(), code) == 0;
    });
  }
  const Mapped mapped = mapped_nodes(observed);
  for (const std::string& code : codes) {
    out += cloud_table(code, desired, observed, mapped, unadopted, options);
  }
  out += block("other clouds (foreign, known by name only)", std::move(foreign), options);
  return out + paused(observed, options) + unobserved(desired, observed, options);
}

}  // namespace arcform

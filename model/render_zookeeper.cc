// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "model/render_text.h"
#include "model/zookeeper_view.h"

namespace arcform {
namespace {

Cell mode_of(const Observation<ServerAnswer>& answer) {
  if (!answer.is_present()) {
    return answer.is_absent() ? Cell{"no answer", Ink::red} : Cell{"unknown", Ink::yellow};
  }
  return mode_cell(answer.value().mode);
}

std::string server_table(const ZookeeperView& view, const RenderOptions& options) {
  std::vector<Row> rows{{{"server", Ink::dim},
                         {"mode", Ink::dim},
                         {"version", Ink::dim},
                         {"connections", Ink::dim},
                         {"", Ink::dim}}};
  for (const auto& [address, answer] : view.servers) {
    const ServerAnswer* const said = answer.get();
    const std::string version =
        said == nullptr ? "-" : said->version.substr(0, said->version.find_first_of("-, "));
    rows.push_back({{printable(address)},
                    mode_of(answer),
                    {printable(version)},
                    {said == nullptr ? "-" : fmt::to_string(said->connections)},
                    {answer.is_unknown() ? printable(answer.why()) : ""}});
  }
  return fmt::format("\n{}\n{}", painted("ensemble", Ink::bold, options.colour),
                     aligned(rows, options.colour, options.width));
}

/// One node of a cloud: whether a mapping names the cloud, and whether it has joined.
struct Member {
  bool mapped = false;
  bool joined = false;
};

using Members = std::map<Endpoint, Member>;

Members members_of(const std::string& code, const TreeFacts& tree) {
  Members members;
  for (const ObservedMapping& mapping : tree.mappings) {
    if (std::count(mapping.service_codes.begin(), mapping.service_codes.end(), code) > 0) {
      members[mapping.node].mapped = true;
    }
  }
  if (const auto cloud = tree.clouds.find(code); cloud != tree.clouds.end()) {
    for (const ObservedJoin& join : cloud->second.joined) {
      if (join.endpoint && join.owner != 0) {
        members[*join.endpoint].joined = true;
      }
    }
  }
  return members;
}

Row node_row(Endpoint node, const Member& member) {
  const bool both = member.mapped && member.joined;
  return {{node.text()},
          {member.mapped ? "mapped" : "not mapped", member.mapped ? Ink::plain : Ink::yellow},
          {member.joined ? "joined" : "not joined", member.joined ? Ink::green : Ink::red},
          {both            ? ""
           : member.joined ? "runs, and cannot be started again before it is mapped"
                           : "is down, or was never started",
           Ink::dim}};
}

std::string cloud_block(const std::string& code, const TreeFacts& tree,
                        const RenderOptions& options) {
  const Members members = members_of(code, tree);
  std::size_t mapped = 0;
  std::size_t joined = 0;
  std::vector<Row> rows;
  for (const auto& [node, member] : members) {
    mapped += member.mapped ? 1 : 0;
    joined += member.joined ? 1 : 0;
    if (rows.size() < shown_of(members.size(), options)) {
      rows.push_back(node_row(node, member));
    }
  }
  const auto found = tree.clouds.find(code);
  const bool registered = found != tree.clouds.end() && found->second.cache_list;
  const std::uint32_t clients = registered ? found->second.clients : 0;
  const std::string heading =
      fmt::format("cloud {} ({}, {} mapped, {} joined, {} attached)", printable(code),
                  registered ? "registered" : "not registered", mapped, joined,
                  counted(clients, "client", "clients"));
  std::string out =
      fmt::format("\n{}\n{}{}", painted(heading, Ink::bold, options.colour),
                  aligned(rows, options.colour, options.width), rest_of(members.size(), options));
  for (std::size_t i = 0; registered && i < found->second.joined.size(); ++i) {
    const ObservedJoin& join = found->second.joined[i];
    if (!join.endpoint || join.owner == 0) {
      out += fmt::format("  {} {}: foreign child of its cache_list\n",
                         painted("!", Ink::red, options.colour), printable(join.name));
    }
  }
  return out;
}

std::string clouds_text(const TreeFacts& tree, const RenderOptions& options) {
  std::set<std::string> codes(tree.service_codes.begin(), tree.service_codes.end());
  for (const ObservedMapping& mapping : tree.mappings) {
    codes.insert(mapping.service_codes.begin(), mapping.service_codes.end());
  }
  if (!options.clouds.empty()) {
    std::erase_if(codes, [&](const std::string& code) {
      return std::count(options.clouds.begin(), options.clouds.end(), code) == 0;
    });
  }
  std::string out;
  for (const std::string& code : codes) {
    out += cloud_block(code, tree, options);
  }
  if (codes.empty()) {
    out = tree.arcus_tree ? "\nno clouds\n" : "\nno Arcus tree\n";
  }
  for (const std::string& key :
       options.clouds.empty() ? tree.unusual_mappings : std::vector<std::string>{}) {
    out += fmt::format("  {} mapping {}: is no ip:port, so it maps nothing\n",
                       painted("!", Ink::red, options.colour), printable(key, 200));
  }
  return out;
}

}  // namespace

std::string render_zookeeper(const ZookeeperView& view, const RenderOptions& options) {
  const TreeFacts* const tree = view.tree.get();
  std::string out = fmt::format(
      "{}: {}{}", printable(view.connect_string),
      tree == nullptr ? "not readable"
                      : counted(tree->service_codes.size(), "cloud", "clouds") + " registered",
      options.elapsed.empty() ? "" : " · observed in " + printable(options.elapsed));
  out = painted(out, Ink::bold, options.colour) + "\n" + server_table(view, options);
  if (tree != nullptr) {
    return out + clouds_text(*tree, options);
  }
  return out + fmt::format("\n{} {}\n", painted("?", Ink::yellow, options.colour),
                           view.tree.is_unknown() ? printable(view.tree.why()) : "no tree");
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "model/membership.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "model/zoo_cfg.h"

namespace arcform {
namespace {

std::size_t distance(const Members& a, const Members& b) {
  const auto missing = [](const Members& from, const Members& in) {
    return static_cast<std::size_t>(
        std::count_if(from.begin(), from.end(), [&in](const auto& entry) {
          const auto found = in.find(entry.first);
          return found == in.end() || found->second != entry.second;
        }));
  };
  return missing(a, b) + missing(b, a);
}

/// "server 4 10.0.0.4:2888:3888 joins, server 1 leaves"
std::string difference_text(const Members& before, const Members& after) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  for (const auto& [id, member] : after) {
    const auto found = before.find(id);
    if (found == before.end()) {
      add(fmt::format("server {} at {} joins", id, printable(address_of(member), 60)));
    } else if (found->second != member) {
      add(fmt::format("server {} {} → {}", id, printable(found->second, 60),
                      printable(member, 60)));
    }
  }
  for (const auto& [id, member] : before) {
    if (!after.contains(id)) {
      add(fmt::format("server {} at {} leaves", id, printable(address_of(member), 60)));
    }
  }
  return text;
}

/// The lists that servers run with and that stand in their files.
struct Lists {
  std::set<Members> running;
  std::set<Members> files;  ///< of servers that hold data
  Members newest;           ///< of the highest version above 0
  std::uint64_t version = 0;
  bool any_process = false;
  bool all_seen = true;  ///< the hosts of the spec's servers

  /// No server of the spec votes, and none is about to.
  bool at_rest() const { return all_seen && !any_process && running.empty(); }

  void note(const Members& members, std::uint64_t at) {
    if (at > version) {
      version = at;
      newest = members;
    }
  }
};

/// The version in the name of the file that a server keeps its list in: "zoo.cfg.dynamic.1a".
std::uint64_t file_version(std::string_view config) {
  const auto settings = zoo_settings(config);
  const auto found = settings.find("dynamicConfigFile");
  if (found == settings.end()) {
    return 0;
  }
  const std::string& path = found->second;
  const std::size_t dot = path.rfind('.');
  std::uint64_t version = 0;
  if (dot != std::string::npos) {
    std::from_chars(path.data() + dot + 1, path.data() + path.size(), version, 16);
  }
  return version;
}

Lists lists_of(const DesiredState& desired, const ObservedState& observed) {
  Lists lists;
  for (const auto& [id, answer] : observed.servers) {
    if (answer.is_present() && !answer.value().members.empty()) {
      lists.running.insert(answer.value().members);
      lists.note(answer.value().members, answer.value().members_version);
    }
  }
  for (const DesiredServer& server : desired.ensemble.servers) {
    const HostFacts* const facts = observed.host(server.host);
    lists.all_seen = lists.all_seen && facts != nullptr;
    const ObservedSlot* const slot =
        facts == nullptr ? nullptr : facts->slot(server_slot(server.id));
    if (slot == nullptr) {
      continue;
    }
    lists.any_process = lists.any_process || facts->process_of(*slot) != nullptr;
    const Members members = members_of(slot->config);
    if (facts->data.has_data && !members.empty()) {
      lists.files.insert(members);
      lists.note(members, file_version(slot->config));
    }
  }
  return lists;
}

const Members& closest(const std::set<Members>& lists, const Members& wanted) {
  return *std::min_element(lists.begin(), lists.end(), [&](const Members& a, const Members& b) {
    return std::pair(distance(a, wanted), a) < std::pair(distance(b, wanted), b);
  });
}

/// The same servers at the same addresses.
bool differ_in_ports_only(const Members& a, const Members& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.first == other.first && address_of(one.second) == address_of(other.second);
  });
}

/// Servers that keep their id and get another address, or other ports.
std::string moved(const Members& current, const Members& wanted, bool running) {
  for (const auto& [id, member] : wanted) {
    const auto found = current.find(id);
    if (found == current.end() || found->second == member) {
      continue;
    }
    if (address_of(found->second) != address_of(member)) {
      return fmt::format(
          "server {} is {} in the ensemble and {} in the spec, and an id stays with its host: give "
          "the new server an id of its own, such as {{\"host\": \"...\", \"id\": {}}}",
          id, printable(address_of(found->second), 60), address_of(member),
          std::max(current.rbegin()->first, wanted.rbegin()->first) + 1);
    }
    if (running) {
      return fmt::format(
          "server {} {} → {}: the ports of servers that run cannot change one by one; {}set "
          "ensemble.state to \"stopped\", apply, then back to \"running\"",
          id, printable(found->second, 60), member,
          differ_in_ports_only(current, wanted) ? "" : "with the members as they were, ");
    }
  }
  return "";
}

/// A server that runs and serves clients on another port than the spec's. The nodes know that port
/// alone, and so does every client: while the ensemble moves, nobody would find it.
std::string moved_client_port(const DesiredState& desired, const ObservedState& observed) {
  const std::uint16_t wanted = desired.ensemble.client_port;
  for (const auto& [name, facts] : observed.hosts) {
    if (!facts.is_present()) {
      continue;
    }
    const auto& slots = facts.value().slots;
    for (auto at = slots.lower_bound("server-"); at != slots.end(); ++at) {
      const auto& [slot_name, slot] = *at;
      const auto id = server_slot_id(slot_name);
      if (!id || facts.value().process_of(slot) == nullptr) {
        continue;
      }
      const std::uint16_t own = serving_port(facts.value(), slot, *id, wanted);
      if (own != wanted) {
        return fmt::format(
            "server {} serves clients on port {}, which is all that the cache nodes know, and the "
            "spec has {}: put \"clientPort\": {} back, set ensemble.state to \"stopped\", apply, "
            "then set \"clientPort\": {} and \"running\", apply",
            *id, own, wanted, own, wanted);
      }
    }
  }
  return "";
}

bool leads(const ObservedState& observed, int id) {
  const auto found = observed.servers.find(id);
  return found != observed.servers.end() && found->second.is_present() &&
         found->second.value().mode == ServerMode::leader;
}

/// `from`, one member nearer to `wanted`: first whoever joins, then whoever leaves, a leader last.
Members one_step(const Members& from, const Members& wanted, const ObservedState& observed) {
  Members next = from;
  for (const auto& [id, member] : wanted) {
    if (!from.contains(id)) {
      next.emplace(id, member);
      return next;
    }
  }
  std::vector<int> leavers;
  for (const auto& [id, member] : from) {
    if (!wanted.contains(id)) {
      leavers.push_back(id);
    }
  }
  std::stable_partition(leavers.begin(), leavers.end(),
                        [&](int id) { return !leads(observed, id); });
  if (!leavers.empty()) {
    next.erase(leavers.front());
  }
  return next;
}

/// The lists of an ensemble whose members only restarts change. Several lists at once are one
/// change under way, which is finished before the next one begins.
void follow_restarts(const Lists& lists, const Members& wanted, const ObservedState& observed,
                     Membership& out) {
  std::set<Members> known = lists.running.empty() ? lists.files : lists.running;
  for (const Members& file : lists.files) {
    if (std::all_of(lists.running.begin(), lists.running.end(),
                    [&](const Members& one) { return distance(one, file) <= 1; })) {
      known.insert(file);
    }
  }
  out.target = closest(known, wanted);
  out.current = out.target;
  if (lists.running.empty() || known.size() == 1) {
    if (!lists.running.empty()) {
      out.target = one_step(out.current, wanted, observed);
    }
    return;
  }
  for (const Members& one : known) {
    if (distance(one, out.target) > 1) {
      out.problem = "its servers run with lists of members that are more than one member apart (" +
                    difference_text(one, out.target) + "): bring their zoo.cfg to one list by hand";
      out.unsafe = true;
    }
    if (one != out.target && lists.running.contains(one)) {
      out.current = one;
    }
  }
}

bool any_data(const DesiredState& desired, const ObservedState& observed) {
  return std::any_of(desired.ensemble.servers.begin(), desired.ensemble.servers.end(),
                     [&](const DesiredServer& server) {
                       const HostFacts* const facts = observed.host(server.host);
                       return facts != nullptr && facts->data.has_data;
                     });
}

/// What votes now and what this plan leads to, when nothing speaks against it.
Membership follow_lists(const Lists& lists, const Members& wanted, const DesiredState& desired,
                        const ObservedState& observed) {
  Membership out;
  out.target = wanted;
  if (lists.running.empty() && lists.files.empty()) {
    if (any_data(desired, observed)) {
      out.current = wanted;  // Data without a list: zoo.cfg was lost, and the spec has it.
    }
    return out;
  }
  if (lists.version > 0 && reconfigures(desired)) {
    out.dynamic = true;
    out.current = lists.newest;
    out.target = lists.running.empty() ? out.current : wanted;
  } else if (lists.version > 0) {  // It did until now: it is restarted with the list that it has.
    out.current = lists.newest;
    out.target = out.current;
  } else {
    follow_restarts(lists, wanted, observed, out);
    const bool under_way = lists.running.size() > 1;
    if (reconfigures(desired) && !under_way) {
      out.target = out.current;  // Once they have restarted for that, they need not again.
    }
  }
  if (lists.at_rest() && differ_in_ports_only(out.current, wanted)) {
    out.current = wanted;  // Nobody votes with the old ports: all can change at once.
    out.target = wanted;
  }
  out.complete = distance(out.target, wanted) == 0;
  return out;
}

/// Why the list must not be changed, nor any server be started or restarted; empty: no reason.
std::string unsafe_change(const Membership& out, const Members& wanted, const Lists& lists) {
  std::string problem = moved(out.current, wanted, lists.any_process || !lists.running.empty());
  if (!problem.empty()) {
    return problem;
  }
  const bool apart = std::none_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    return out.current.contains(entry.first);
  });
  if (apart) {
    return "no server of the spec is a member of the ensemble that runs: keep some of them, and "
           "change the list in two steps";
  }
  return out.unsafe ? out.problem : "";
}

}  // namespace

std::vector<int> Membership::joining() const {
  std::vector<int> ids;
  for (const auto& [id, member] : target) {
    if (!current.contains(id)) {
      ids.push_back(id);
    }
  }
  return ids;
}

std::vector<int> Membership::leaving() const {
  std::vector<int> ids;
  for (const auto& [id, member] : current) {
    if (!target.contains(id)) {
      ids.push_back(id);
    }
  }
  return ids;
}

Membership membership(const DesiredState& desired, const ObservedState& observed) {
  const Members wanted = wanted_members(desired);
  const Lists lists = lists_of(desired, observed);
  Membership out = follow_lists(lists, wanted, desired, observed);
  if (!out.current.empty()) {
    out.difference = difference_text(out.current, wanted);
  }
  std::string problem = moved_client_port(desired, observed);
  if (problem.empty() && !out.difference.empty()) {
    problem = unsafe_change(out, wanted, lists);
  }
  if (!problem.empty()) {
    out.problem = std::move(problem);
    out.target = out.current.empty() ? out.target : out.current;
    out.unsafe = true;
    return out;
  }
  const bool restarts = !out.current.empty() && !out.dynamic && out.current != out.target;
  const std::size_t fewest = std::min(out.current.size(), out.target.size());
  if (restarts && fewest < 3) {
    out.problem = "its servers would have to be restarted, and " + fmt::to_string(fewest) +
                  " cannot spare one; set \"reconfigEnabled\": true in ensemble.config, with "
                  "the members as they were and ensemble.state \"stopped\", apply, set it to "
                  "\"running\", apply, then change the members: no server restarts any more";
    out.target = out.current;
  }
  return out;
}

Members members_for(const Membership& membership, int id) {
  if (!membership.dynamic || membership.current.empty()) {
    return membership.target;
  }
  Members members = membership.current;
  if (const auto found = membership.target.find(id); found != membership.target.end()) {
    members.emplace(id, found->second + ":observer");
  }
  return members;
}

}  // namespace arcform

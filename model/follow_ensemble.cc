// SPDX-License-Identifier: Apache-2.0
#include "model/follow_ensemble.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "model/node_arguments.h"

namespace arcform {
namespace {

using Servers = std::vector<Endpoint>;

/// ", "-separated: those of `all` that `known` lacks.
std::string missing(const Servers& all, const Servers& known) {
  std::string text;
  for (const Endpoint server : all) {
    if (!std::binary_search(known.begin(), known.end(), server)) {
      text += (text.empty() ? "" : ", ") + server.text();
    }
  }
  return text;
}

/// "ensemble: new 10.0.0.4:2181, 10.0.0.5:2181; gone 10.0.0.1:2181"
std::string change_text(const Servers& before, const Servers& after) {
  const std::string added = missing(after, before);
  const std::string gone = missing(before, after);
  return fmt::format("ensemble: {}{}{}{}{}", added.empty() ? "" : "new ", added,
                     added.empty() || gone.empty() ? "" : "; ", gone.empty() ? "" : "gone ", gone);
}

std::size_t count_known(const Servers& known, const Servers& wanted) {
  Servers both;
  std::set_intersection(known.begin(), known.end(), wanted.begin(), wanted.end(),
                        std::back_inserter(both));
  return both.size();
}

bool says_what_it_knows(const NodeAnswer* answer) {
  return answer != nullptr && !answer->servers.empty();
}

}  // namespace

std::optional<Servers> parse_servers(std::string_view list) {
  Servers servers;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const auto server = Endpoint::parse(list.substr(0, comma));
    if (!server) {
      return std::nullopt;
    }
    servers.push_back(*server);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  std::sort(servers.begin(), servers.end());
  servers.erase(std::unique(servers.begin(), servers.end()), servers.end());
  return servers.empty() ? std::nullopt : std::optional(std::move(servers));
}

std::string_view ensemble_argument(const Argv& argv) {
  return argv.behind("-z");
}

std::string text_of(const Servers& servers) {
  std::string text;
  for (const Endpoint server : servers) {
    text += (text.empty() ? "" : ",") + server.text();
  }
  return text;
}

bool may_know_one_of(std::string_view started_with, const NodeAnswer* answer,
                     const Servers& servers) {
  const std::optional<Servers> known =
      says_what_it_knows(answer) ? answer->servers : parse_servers(started_with);
  return !known || count_known(*known, servers) > 0;
}

EnsembleDifference compare_ensemble(const Servers& wanted, std::string_view started_with,
                                    const NodeAnswer* answer) {
  EnsembleDifference out;
  const bool says = says_what_it_knows(answer);
  const std::optional<Servers> started = parse_servers(started_with);
  const std::optional<Servers> known = says ? answer->servers : started;
  if (!known || wanted.empty()) {
    return out;
  }
  if (*known == wanted) {
    if (started && *started != wanted) {
      out.debt = fmt::format("ensemble {} (started with {})", text_of(wanted), text_of(*started));
    }
    return out;
  }
  const std::string change = change_text(*known, wanted);
  if (says) {
    out.tell = change;
    out.before = *known;
    return out;
  }
  const std::size_t knows = count_known(*known, wanted);
  const std::size_t majority = wanted.size() / 2 + 1;
  if (knows + majority > wanted.size()) {
    out.debt = fmt::format("{} (it knows {} of {} servers, so one of any majority)", change, knows,
                           wanted.size());
  } else {
    out.restart = fmt::format("{} (it knows {} of {} servers, and cannot be told while it runs)",
                              change, knows, wanted.size());
  }
  return out;
}

}  // namespace arcform

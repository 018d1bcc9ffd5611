// SPDX-License-Identifier: Apache-2.0
// The nodes of one cloud in a status, as wide as the terminal lets them be.
#include <algorithm>

#include <fmt/format.h>

#include "model/compare_settings.h"
#include "model/follow_ensemble.h"
#include "model/node_arguments.h"
#include "model/status_parts.h"

namespace arcform {
namespace {

/// What is told of one node.
struct NodeWords {
  std::string address;
  std::string host;
  std::string pid;
  std::string answers;
  std::string joined;
  std::vector<std::string> settings;  ///< memlimit, connections, threads
  std::string verdict;
  std::string why;
  std::string more;    ///< "; not in the spec"; empty: nothing
  bool plain = false;  ///< it is up, and nothing else is to be said
  Ink ink = Ink::plain;
};

std::string answer_words(const NodeWitnesses& witnesses) {
  if (witnesses.answer == nullptr || witnesses.answer->is_unknown()) {
    return "?";
  }
  return witnesses.answer->is_present() ? printable(witnesses.answer->value().version) : "no";
}

std::vector<std::string> settings_of(const std::optional<ParsedNodeArguments>& running,
                                     const NodeAnswer* answer) {
  if (!running) {
    return {"-", "-", "-"};
  }
  const auto effective = [&](NodeSetting setting, std::uint32_t started) {
    return answer == nullptr ? started : answer->settings.get(setting).value_or(started);
  };
  return {fmt::to_string(effective(NodeSetting::memlimit, running->config.memlimit_mb)),
          fmt::to_string(effective(NodeSetting::connections, running->config.connections)),
          fmt::to_string(running->config.threads)};
}

/// What its next start gets right, of settings and of the ensemble's `servers`; mostly empty.
std::string debt_of(const NodeLine& line, const ParsedNodeArguments& running,
                    const NodeAnswer* answer, const std::vector<Endpoint>& servers) {
  std::string debt = compare_settings(line.wanted->config, running.config, answer).debt;
  const std::string ensemble = compare_ensemble(servers, running.connect_string, answer).debt;
  return debt + (debt.empty() || ensemble.empty() ? "" : ", ") + ensemble;
}

NodeWords words_of(const NodeLine& line, const std::string& code, const ObservedState& observed,
                   const std::vector<Endpoint>& servers, const Unadopted& unadopted) {
  constexpr std::uint32_t kDefaultTimeout = 30;
  const NodeWitnesses witnesses = witnesses_of(observed, line.host, line.node, code);
  const NodeJudgement judgement =
      judge(witnesses, line.node,
            line.wanted != nullptr ? line.wanted->config.session_timeout_s : kDefaultTimeout);
  const bool host_seen = witnesses.host != nullptr && witnesses.host->is_present();
  NodeWords out;
  out.address = line.node.text();
  out.host = line.host.empty() ? "?" : printable(line.host);
  out.pid = judgement.process != nullptr ? fmt::to_string(judgement.process->pid)
                                         : (host_seen ? "-" : "?");
  out.answers = answer_words(witnesses);
  out.joined = witnesses.cloud == nullptr                ? "?"
               : has_joined(*witnesses.cloud, line.node) ? "yes"
                                                         : "no";
  const auto running =
      judgement.process != nullptr ? parse_node_arguments(judgement.process->argv) : std::nullopt;
  const NodeAnswer* const answer = witnesses.answer == nullptr ? nullptr : witnesses.answer->get();
  out.settings = settings_of(running, answer);
  const std::string debt =
      running && line.wanted != nullptr ? debt_of(line, *running, answer, servers) : "";
  const bool adopted = line.wanted == nullptr || !unadopted.has(line.node);
  out.verdict = name_of(judgement.verdict);
  out.why = printable(judgement.why);
  out.more = fmt::format("{}{}{}", line.wanted == nullptr ? "; not in the spec" : "",
                         adopted ? "" : "; in the spec, not adopted yet",
                         debt.empty() ? "" : "; restart debt: " + debt);
  out.plain = judgement.verdict == Verdict::up && out.more.empty();
  out.ink = judgement.verdict == Verdict::up        ? (adopted ? Ink::green : Ink::yellow)
            : judgement.verdict == Verdict::unknown ? Ink::yellow
                                                    : Ink::red;
  return out;
}

std::string whole_table(const std::vector<NodeWords>& nodes, const RenderOptions& options,
                        std::size_t width) {
  std::vector<Row> rows{{{"address", Ink::dim},
                         {"host", Ink::dim},
                         {"pid", Ink::dim},
                         {"answers", Ink::dim},
                         {"joined", Ink::dim},
                         {"memlimit MB", Ink::dim},
                         {"connections", Ink::dim},
                         {"threads", Ink::dim},
                         {"verdict", Ink::dim}}};
  for (const NodeWords& node : nodes) {
    rows.push_back({{node.address},
                    {node.host},
                    {node.pid},
                    {node.answers},
                    {node.joined},
                    {node.settings[0]},
                    {node.settings[1]},
                    {node.settings[2]},
                    {fmt::format("{}: {}{}", node.verdict, node.why, node.more), node.ink}});
  }
  return aligned(rows, options.colour, width);
}

/// A line for each node, and one more for each that is not simply up. That a node has joined is
/// told by its verdict. With `hosts` or, where even that is too wide, without.
std::string narrow_table(const std::vector<NodeWords>& nodes, bool hosts, bool colour) {
  std::vector<Row> rows{{{"address", Ink::dim}}};
  const auto add = [&](Row& row, std::vector<Cell> cells) {
    row.insert(row.end(), cells.begin(), cells.end());
  };
  const auto add_host = [&](Row& row, Cell host) {
    if (hosts) {
      row.push_back(std::move(host));
    }
  };
  add_host(rows[0], {"host", Ink::dim});
  add(rows[0], {{"pid", Ink::dim},
                {"answers", Ink::dim},
                {"MB", Ink::dim},
                {"conns", Ink::dim},
                {"threads", Ink::dim},
                {"verdict", Ink::dim}});
  for (const NodeWords& node : nodes) {
    Row row{{node.address}};
    add_host(row, {node.host});
    add(row, {{node.pid},
              {node.answers},
              {node.settings[0]},
              {node.settings[1]},
              {node.settings[2]},
              {node.verdict, node.ink}});
    rows.push_back(std::move(row));
  }
  return aligned(rows, colour);
}

/// Puts below each line what its node's verdict has to say.
std::string with_reasons(const std::string& table, const std::vector<NodeWords>& nodes,
                         const RenderOptions& options) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= nodes.size(); ++i) {  // The first line is the heading.
    const std::size_t end = table.find('\n', from) + 1;
    out += table.substr(from, end - from);
    from = end;
    if (i > 0 && !nodes[i - 1].plain) {
      const NodeWords& node = nodes[i - 1];
      out += aligned({{{"  "}, {node.why + node.more, node.ink}}}, options.colour, options.width);
    }
  }
  return out;
}

}  // namespace

std::string node_table(const std::vector<NodeLine>& lines, const std::string& code,
                       const DesiredState& desired, const ObservedState& observed,
                       const Unadopted& unadopted, const RenderOptions& options) {
  if (lines.empty()) {
    return "";
  }
  const auto servers = parse_servers(connect_string(desired)).value_or(std::vector<Endpoint>());
  std::vector<NodeWords> nodes;
  for (std::size_t i = 0; i < shown_of(lines.size(), options); ++i) {
    nodes.push_back(words_of(lines[i], code, observed, servers, unadopted));
  }
  const std::string whole = whole_table(nodes, options, 0);
  if (options.width == 0 || widest_line(whole_table(nodes, {}, 0)) <= options.width) {
    return whole;
  }
  for (const bool hosts : {true, false}) {
    if (widest_line(narrow_table(nodes, hosts, false)) <= options.width) {
      return with_reasons(narrow_table(nodes, hosts, options.colour), nodes, options);
    }
  }
  return whole_table(nodes, options, options.width);
}

}  // namespace arcform

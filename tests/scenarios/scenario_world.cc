// SPDX-License-Identifier: Apache-2.0
#include "tests/scenarios/scenario_world.h"

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "controller/commands.h"
#include "model/diff.h"
#include "model/select.h"
#include "model/znodes.h"
#include "specs/reader.h"
#include "tests/support/builders.h"
#include "tests/support/text_file.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) {
    words.push_back(word);
  }
  return words;
}

std::string joined(const std::vector<std::string>& lines) {
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

std::string held_text(const Plan& plan) {
  std::string text;
  for (const Held& held : plan.held) {
    text += fmt::format("held ({}): {}: {}\n", name_of(held.hold), held.subject, held.reason);
  }
  for (const std::string& alarm : plan.alarms) {
    text += fmt::format("alarm: {}\n", alarm);
  }
  for (const std::string& later : plan.later) {
    text += fmt::format("later: {}\n", later);
  }
  text += plan.hidden == 0 ? "" : fmt::format("hidden: {}\n", plan.hidden);
  return text;
}

Policy policy_of(const std::vector<std::string>& words) {
  Policy policy;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (words[i] == "--adopt") {
      policy.adopt.push_back(words[i + 1]);
    }
    if (words[i] == "--allow-removal") {
      policy.allow_removal.push_back(words[i + 1]);
    }
    if (words[i] == "--only") {
      policy.only.push_back(*parse_selector(words[i + 1]));
    }
  }
  return policy;
}

/// The znode of a node's life, wherever it stands; "" when there is none.
std::string join_of(const SimWorld& world, const std::string& node) {
  for (const std::string& path : world.tree().paths()) {
    if (path.starts_with(std::string(znodes::kCacheList)) &&
        path.find("/" + node + "-") != std::string::npos) {
      return path;
    }
  }
  return "";
}

std::string mode_of(const Observation<ServerAnswer>& answer) {
  if (answer.is_unknown()) {
    return "unknown: " + answer.why();
  }
  if (answer.is_absent()) {
    return "does not answer";
  }
  switch (answer.value().mode) {
    case ServerMode::leader:
      return "leader";
    case ServerMode::follower:
      return "follower";
    case ServerMode::observer:
      return "observer";
    case ServerMode::standalone:
      return "standalone";
    case ServerMode::not_serving:
      return "not serving";
  }
  return "";
}

const std::map<std::string, Fault>& faults_by_name() {
  static const std::map<std::string, Fault> faults = [] {
    std::map<std::string, Fault> all;
    for (std::size_t i = 0; i < kFaultKinds; ++i) {
      all[sim::name_of(static_cast<Fault>(i))] = static_cast<Fault>(i);
    }
    return all;
  }();
  return faults;
}

/// Whether the line tells of something that we did on a host.
bool is_host_write(const std::string& what) {
  const auto verbs = {" start ",     " stop ",    " adopt ",  " forget ", " write ",
                      " set aside ", " install ", " remove ", " tell ",   " raise "};
  return what.starts_with("host ") &&
         std::any_of(verbs.begin(), verbs.end(),
                     [&what](const char* verb) { return what.find(verb) != std::string::npos; });
}

}  // namespace

std::string ScenarioWorld::obey(const Command& command) {
  const Words words = words_of(command.line);
  if (words[0] == "spec") {
    return spec(words, command.body);
  }
  if (world_ == nullptr) {
    throw std::runtime_error("no spec before: " + command.line);
  }
  if (words[0] == "log") {
    return effects();
  }
  log_from_ = world_->log().size();
  if (words[0] == "plan") {
    return plan(words);
  }
  if (words[0] == "apply") {
    return apply(words);
  }
  if (words[0] == "status") {
    return status();
  }
  if (!disturb(words, command.body) && !disturb_host(words, command.body)) {
    throw std::runtime_error("not understood: " + command.line);
  }
  return "";
}

/// spec FILE, with lines "this -> that" to be replaced in it.
std::string ScenarioWorld::spec(const Words& words, const std::vector<std::string>& body) {
  std::string text = content_of(folder_ + "/" + words.at(1));
  for (const std::string& line : body) {
    const std::size_t arrow = line.find(" -> ");
    const std::string from = line.substr(0, arrow);
    const std::size_t found = text.find(from);
    if (arrow == std::string::npos || found == std::string::npos) {
      throw std::runtime_error("cannot replace: " + line);
    }
    text.replace(found, from.size(), line.substr(arrow + 4));
  }
  SpecResult read = read_spec(text, words[1]);
  std::string said;
  for (const Diagnostic& diagnostic : read.diagnostics) {
    said += format(diagnostic, words[1]) + "\n";
  }
  if (!read.desired) {
    return said;
  }
  specs_.push_back(std::move(*read.desired));
  if (world_ == nullptr) {
    world_ = std::make_unique<SimWorld>(specs_.back(), 1);
    invariants_ = std::make_unique<Invariants>(*world_);
  }
  invariants_->expect(specs_.back());
  return said;
}

std::string ScenarioWorld::plan(const Words& words) {
  const Round round = run_look(*world_, specs_.back(), policy_of(words));
  Invariants::check_plan(round);
  std::string text;
  for (StepId id = 0; id < round.plan.steps.size(); ++id) {
    const Step& step = round.plan.steps[id];
    std::string after;
    for (const StepId before : step.after) {
      after += fmt::format("{}{}", after.empty() ? "; after " : ", ", before + 1);
    }
    text += fmt::format("{}  {}: {}{}{}\n", id + 1, describe(step.action), step.reason,
                        step.settle ? "; settles first" : "", after);
  }
  text += held_text(round.plan);
  for (const std::string& debt : round.plan.debts) {
    text += fmt::format("debt: {}\n", debt);
  }
  text += round.plan.only_adopts() ? "only adopts: no changes\n" : "";
  return text.empty() ? "nothing to do\n" : text;
}

void ScenarioWorld::kill_leader() {
  const std::optional<int> leader = world_->ensemble().leader_id();
  for (const DesiredServer& server : specs_.back().ensemble.servers) {
    if (server.id == leader) {
      world_->kill_server(server.host);
    }
  }
}

std::string ScenarioWorld::apply(const Words& words) {
  ApplyRequest request;
  request.policy = policy_of(words);
  request.planned = [](const Round& round) { Invariants::check_plan(round); };
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    if (words[i] == "--crash-after") {
      request.crash_after = std::stoull(words[i + 1]);
    } else if (words[i] == "--kill-at") {  // so many seconds after it has begun
      request.crash_at = world_->now() + seconds(std::stol(words[i + 1]));
    } else if (words[i] == "--leader-dies-at") {
      world_->core().clock().after(seconds(std::stol(words[i + 1])), "the leader dies",
                                   [this] { kill_leader(); });
    }
  }
  try {
    const ApplyRun run = run_apply(*world_, specs_.back(), request);
    const Plan& last = run.result.last.plan;
    std::string text = run.lines.empty() ? "" : joined(run.lines);
    text += held_text(last);
    text += run.result.error.empty() ? "" : fmt::format("error: {}\n", run.result.error);
    text += fmt::format("{}, exit status {}\n", sim::name_of(run.result.outcome),
                        static_cast<int>(status_of(run.result.outcome, last)));
    return text;
  } catch (const Crash&) {
    return "killed\n";
  }
}

std::string ScenarioWorld::status() {
  const DesiredState& desired = specs_.back();
  const Round round = run_look(*world_, desired);
  std::string text;
  for (const DesiredServer& server : desired.ensemble.servers) {
    const auto found = round.observed.servers.find(server.id);
    text += fmt::format("server {} on {}: {}\n", server.id, server.host,
                        found == round.observed.servers.end() ? "unknown" : mode_of(found->second));
  }
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      const NodeJudgement judgement =
          judge(witnesses_of(round.observed, desired.hosts[node.host].name, node.endpoint,
                             cloud.service_code),
                node.endpoint, node.config.session_timeout_s);
      text += fmt::format("{} {}: {}: {}\n", cloud.service_code, node.endpoint.text(),
                          arcform::name_of(judgement.verdict), judgement.why);
    }
  }
  return text;
}

/// What the controller changed during the last command that was not `log`.
std::string ScenarioWorld::effects() const {
  std::string text;
  for (std::size_t i = log_from_; i < world_->log().size(); ++i) {
    const std::string& line = world_->log()[i];
    const std::string what = line.substr(line.find(' ') + 1);
    const bool ours = what.find(" refused: ") == std::string::npos &&
                      (what.starts_with("zk controller:") || what.starts_with("zk reconfig ") ||
                       is_host_write(what));
    if (ours) {
      text += what + "\n";
    }
  }
  return text;
}

bool ScenarioWorld::disturb(const Words& words, const std::vector<std::string>& body) {
  const std::string& verb = words[0];
  SimWorld& world = *world_;
  if (verb == "kill") {
    world.kill_node(at(words.at(1)));
  } else if (verb == "terminate") {
    world.terminate_node(at(words.at(1)));
  } else if (verb == "freeze") {
    world.freeze_node(at(words.at(1)), true);
  } else if (verb == "unjoin") {  // somebody deletes a node's ephemeral
    world.delete_znode(join_of(world, words.at(1)));
  } else if (verb == "delete-znode") {
    world.delete_znode(words.at(1));
  } else if (verb == "create-znode") {
    world.create_znode(words.at(1), body.empty() ? "" : body.front());
  } else if (verb == "attach") {
    world.attach_client(words.at(1));
  } else if (verb == "foreign-cloud") {
    world.register_foreign_cloud(words.at(1), {at(words.at(2))});
  } else if (verb == "arcus-sh") {  // the whole spec, set up by the old tool
    world.set_up_by_arcus_sh(specs_.back());
  } else if (verb == "expire-sessions") {
    world.expire_sessions();
  } else if (verb == "advance") {
    world.advance(seconds(std::stol(words.at(1))));
  } else if (verb == "fault") {  // fault NAME TIMES SUBJECT...
    std::string subject;
    for (std::size_t i = 3; i < words.size(); ++i) {
      subject += (i > 3 ? " " : "") + words[i];
    }
    world.faults().arm(faults_by_name().at(words.at(1)), subject, std::stoi(words.at(2)));
  } else {
    return false;
  }
  return true;
}

bool ScenarioWorld::disturb_host(const Words& words, const std::vector<std::string>& body) {
  const std::string& verb = words[0];
  SimWorld& world = *world_;
  if (verb == "cut") {
    world.cut(words.at(1));
  } else if (verb == "mend") {
    world.mend(words.at(1));
  } else if (verb == "move") {  // move HOST ADDRESS
    world.machine(words.at(1)).move_to(words.at(2));
  } else if (verb == "reboot") {
    world.reboot(words.at(1));
  } else if (verb == "kill-server") {
    world.kill_server(words.at(1));
  } else if (verb == "edit") {
    world.edit_file(words.at(1), words.at(2), joined(body));
  } else if (verb == "move-data") {  // move-data HOST FROM TO: what a ZooKeeper server keeps there
    world.machine(words.at(1)).move_data(words.at(2), words.at(3));
  } else if (verb == "remove-folder") {
    world.machine(words.at(1)).remove_folder(words.at(2));
  } else if (verb == "traffic") {  // traffic HOST PORT GETS-PER-SECOND HIT-RATIO FILLS-IN-SECONDS
    const auto port = static_cast<std::uint16_t>(std::stoi(words.at(2)));
    world.machine(words.at(1)).traffic[port] = {std::stod(words.at(3)), std::stod(words.at(4)),
                                                seconds(std::stol(words.at(5)))};
  } else if (verb == "holds") {  // holds HOST PORT MB: memory in use
    const auto port = static_cast<std::uint16_t>(std::stoi(words.at(2)));
    world.machine(words.at(1)).held_mb[port] = static_cast<std::uint32_t>(std::stoul(words.at(3)));
  } else if (verb == "foreign-process") {
    world.add_foreign_process(words.at(1), static_cast<std::uint16_t>(std::stoi(words.at(2))));
  } else {
    return false;
  }
  return true;
}

}  // namespace arcform::sim

// SPDX-License-Identifier: Apache-2.0
#include "specs/plan_file.h"

#include <algorithm>

#include "specs/action_fields.h"
#include "specs/document.h"
#include "specs/reader.h"

namespace arcform {

static const char* json_name(Disruption disruption) {
  switch (disruption) {
    case Disruption::none:
      return "none";
    case Disruption::keys_remapped:
      return "keysRemapped";
    case Disruption::cache_loss:
      return "cacheLoss";
    case Disruption::cloud_gone:
      return "cloudGone";
  }
  return nullptr;
}

static const char* json_name(Hold hold) {
  return name_of(hold);
}

const char* json_name(Selector::Kind kind) {
  switch (kind) {
    case Selector::Kind::cloud:
      return "cloud";
    case Selector::Kind::host:
      return "host";
    case Selector::Kind::node:
      return "node";
  }
  return nullptr;
}

template <class A, Same<Selector> T>
void fields(A& archive, T& value) {
  auto& [kind, name] = value;
  archive("kind", kind);
  archive("name", name);
}

template <class A, Same<Policy> T>
void fields(A& archive, T& value) {
  auto& [allow_removal, adopt, only] = value;
  archive("allowRemoval", allow_removal, "clouds of --allow-removal");
  archive("adopt", adopt, "clouds of --adopt");
  archive("only", only, "what --only narrows the plan to; empty: nothing");
}

template <class A, Same<Held> T>
void fields(A& archive, T& value) {
  auto& [hold, subject, reason, at] = value;
  archive("hold", hold);
  archive("subject", subject);
  archive("reason", reason);
  archive("at", at);
}

template <class A, Same<CloudImpact> T>
void fields(A& archive, T& value) {
  auto& [service_code, nodes, down_at_once_max, caches_lost, joining, leaving] = value;
  archive("serviceCode", service_code);
  archive("nodes", nodes, "in the spec");
  archive("downAtOnceMax", down_at_once_max);
  archive("cachesLost", caches_lost);
  archive("joining", joining);
  archive("leaving", leaving);
}

template <class A, Same<Fact> T>
void fields(A& archive, T& value) {
  auto& [subject, fact] = value;
  archive("subject", subject);
  archive("value", fact);
}

namespace {

struct SpecDocument {
  std::string source;
  std::string digest;
  std::string text;
};

template <class A, Same<SpecDocument> T>
void fields(A& archive, T& value) {
  auto& [source, digest, text] = value;
  archive("source", source, "its file name");
  archive("digest", digest, "of what it says");
  archive("text", text, "whole");
}

/// A step as a document has it: what can be derived from its action stands there too, for readers.
struct StepDocument {
  StepId id = 0;
  std::string sign;
  std::string what;
  std::string subject;
  std::string host;
  std::string cloud;
  Disruption disruption = Disruption::none;
  std::string reason;
  SourcePosition at;
  bool repair = false;
  bool settle = false;
  std::uint32_t keys = 0;
  std::vector<StepId> after;
  std::vector<std::uint32_t> facts;
  Action action;
};

template <class A, Same<StepDocument> T>
void fields(A& archive, T& value) {
  auto& [id, sign, what, subject, host, cloud, disruption, reason, at, repair, settle, keys, after,
         facts, action] = value;
  archive("id", id, "its index in this list");
  archive("sign", sign, "+ start or create, - stop or remove, ± restart, ! repair, · wait");
  archive("what", what, "in words");
  archive("subject", subject);
  archive("host", host, "empty: none");
  archive("cloud", cloud, "service code; empty: none");
  archive("disruption", disruption, "what clients notice");
  archive("reason", reason);
  archive("at", at, "the line of the spec that asked for it");
  archive("repair", repair, "the world changed, not the spec");
  archive("settle", settle, "at least a session timeout after the step of its cloud before it");
  archive("keys", keys, "of its cloud that its node owns then, parts per million; 0: not known");
  archive("after", after, "steps that must have succeeded");
  archive("facts", facts, "indices into facts: what must still be so");
  archive("action", action);
}

struct PlanDocument {
  DocumentHead head{"arcform/plan", 1, ""};
  std::string deployment;
  SpecDocument spec;
  std::optional<Provenance> seen;
  Policy policy;
  std::map<std::string, std::string> archives;
  bool converged = false;
  std::string summary;
  std::map<std::string, std::uint32_t> remapped;
  std::vector<StepDocument> steps;
  std::vector<Launch> launches;
  std::vector<Held> held;
  std::vector<std::string> alarms;
  std::vector<std::string> later;
  std::vector<std::string> debts;
  std::vector<CloudImpact> impact;
  std::size_t hidden = 0;
  std::vector<Fact> facts;
  std::vector<std::uint32_t> plan_facts;
};

template <class A, Same<PlanDocument> T>
void fields(A& archive, T& value) {
  auto& [head, deployment, spec, seen, policy, archives, converged, summary, remapped, steps,
         launches, held, alarms, later, debts, impact, hidden, facts, plan_facts] = value;
  fields_of_head(archive, head);
  archive("deployment", deployment);
  archive("spec", spec);
  archive("observed", seen, "null: by the run that made the plan");
  archive("policy", policy);
  archive("archives", archives, "SHA-256 of each package's archive when the plan was made");
  archive("converged", converged, "nothing to do, and nothing left alone");
  archive("summary", summary, "in words");
  archive("keysRemapped", remapped, "per cloud in use: parts per million of its keys");
  archive("steps", steps, "in an order that keeps every rule");
  archive("launches", launches, "how nodes are started");
  archive("held", held, "differences that are left alone, and why");
  archive("alarms", alarms, "foreign things that do harm");
  archive("later", later, "what cannot be known before a step has run");
  archive("restartDebts", debts, "as wanted by now, though started otherwise; nothing to do");
  archive("impact", impact, "clouds with at least one step");
  archive("hidden", hidden, "changes and held differences that --only leaves out");
  archive("facts", facts, "what was seen and must still be so when the plan is applied");
  archive("planFacts", plan_facts, "indices into facts: of the plan as a whole");
}

StepDocument document_of(const Step& step, StepId id, const SavedPlan& saved) {
  StepDocument out;
  out.id = id;
  out.sign = step.repair ? "!" : symbol(step.action);
  out.what = describe(step.action);
  out.subject = subject(step.action);
  out.host = host_of(step.action);
  out.cloud = cloud_of(step.action);
  out.disruption = disruption(step.action);
  out.reason = step.reason.value();
  out.at = step.at;
  out.repair = step.repair;
  out.settle = step.settle;
  out.after = step.after.value();
  out.facts = saved.facts.of_steps[id];
  out.keys = id < saved.step_keys.size() ? saved.step_keys[id] : 0;
  out.action = step.action;
  return out;
}

PlanDocument document_of(const SavedPlan& saved) {
  PlanDocument out;
  out.deployment = saved.desired.deployment;
  out.spec = {saved.desired.source, saved.desired.digest, saved.spec_text};
  out.seen = saved.seen;
  out.policy = saved.policy;
  for (const DesiredPackage& package : saved.desired.packages) {
    if (!package.archive.empty()) {
      out.archives[package.name] = package.sha256;
    }
  }
  out.converged = saved.plan.converged();
  out.summary = saved.summary;
  out.remapped = saved.remapped;
  for (StepId id = 0; id < saved.plan.steps.size(); ++id) {
    out.steps.push_back(document_of(saved.plan.steps[id], id, saved));
  }
  out.launches = saved.plan.launches;
  out.held = saved.plan.held;
  out.alarms = saved.plan.alarms;
  out.later = saved.plan.later;
  out.debts = saved.plan.debts;
  out.impact = saved.plan.impact;
  out.hidden = saved.plan.hidden;
  out.facts = saved.facts.facts;
  out.plan_facts = saved.facts.of_plan;
  return out;
}

std::uint32_t launch_of(const Action& action) {
  const auto* const start = std::get_if<StartNode>(&action);
  const auto* const restart = std::get_if<RestartNode>(&action);
  return start != nullptr ? start->launch : restart != nullptr ? restart->start->launch : 0;
}

bool starts_node(const Action& action) {
  return std::holds_alternative<StartNode>(action) || std::holds_alternative<RestartNode>(action);
}

/// The parts that are always there are.
bool is_whole(const Action& action) {
  const auto* const server = std::get_if<RestartServer>(&action);
  const auto* const node = std::get_if<RestartNode>(&action);
  const auto* const unmap = std::get_if<UnmapNodes>(&action);
  const auto* const retire = std::get_if<RetireServer>(&action);
  const auto* const change = std::get_if<ReconfigureEnsemble>(&action);
  const auto* const adopt_server = std::get_if<AdoptServer>(&action);
  const auto* const adopt_node = std::get_if<AdoptNode>(&action);
  return (retire == nullptr || retire->stop) &&
         (change == nullptr || (change->before && change->after)) &&
         (adopt_server == nullptr || adopt_server->running) &&
         (adopt_node == nullptr || adopt_node->running) &&
         (server == nullptr || (server->stop && server->start)) &&
         (node == nullptr || (node->stop && node->start)) &&
         (unmap == nullptr || !unmap->nodes.empty() || !unmap->forget_hosts.empty());
}

/// Every index points at something, and steps come after earlier ones only.
bool is_sound(const PlanDocument& document) {
  const auto in_facts = [&](const std::vector<std::uint32_t>& indices) {
    return std::is_sorted(indices.begin(), indices.end()) &&
           (indices.empty() || indices.back() < document.facts.size());
  };
  for (StepId id = 0; id < document.steps.size(); ++id) {
    const StepDocument& step = document.steps[id];
    const bool ordered = std::all_of(step.after.begin(), step.after.end(),
                                     [id](StepId before) { return before < id; });
    const bool launched =
        is_whole(step.action) &&
        (!starts_node(step.action) || launch_of(step.action) < document.launches.size());
    if (step.id != id || !ordered || !launched || !in_facts(step.facts)) {
      return false;
    }
  }
  return in_facts(document.plan_facts);
}

void take_steps(PlanDocument&& document, SavedPlan& saved) {
  for (StepDocument& from : document.steps) {
    Step step;
    step.action = std::move(from.action);
    step.reason = std::move(from.reason);
    step.at = from.at;
    step.repair = from.repair;
    step.settle = from.settle;
    step.after = std::move(from.after);
    saved.plan.steps.push_back(std::move(step));
    saved.step_keys.push_back(from.keys);
    saved.facts.of_steps.push_back(std::move(from.facts));
  }
  saved.summary = std::move(document.summary);
  saved.remapped = std::move(document.remapped);
  saved.plan.launches = std::move(document.launches);
  saved.plan.held = std::move(document.held);
  saved.plan.alarms = std::move(document.alarms);
  saved.plan.later = std::move(document.later);
  saved.plan.debts = std::move(document.debts);
  saved.plan.impact = std::move(document.impact);
  saved.plan.hidden = document.hidden;
  saved.facts.facts = std::move(document.facts);
  saved.facts.of_plan = std::move(document.plan_facts);
}

/// The spec with the checksums of archives for which it gives none itself. False: it has another.
bool take_archives(const std::map<std::string, std::string>& archives, DesiredState& desired) {
  for (DesiredPackage& package : desired.packages) {
    const auto sum = archives.find(package.name);
    if (package.archive.empty() || sum == archives.end()) {
      continue;
    }
    if (!package.sha256.empty() && package.sha256 != sum->second) {
      return false;
    }
    package.sha256 = sum->second;
  }
  desired.digest = spec_digest(desired);
  return true;
}

}  // namespace

std::string write_plan(const SavedPlan& saved) {
  return write_document(document_of(saved));
}

Result<SavedPlan> read_plan(std::string_view text, std::string_view file_name) {
  const auto bad = [&](const std::string& what) {
    return Error{ErrorCode::invalid_argument, printable(file_name) + ": " + what};
  };
  PlanDocument document;
  if (const Result<void> read = read_document(text, file_name, document); !read) {
    return read.error();
  }
  if (!is_sound(document)) {
    return bad("its steps do not fit together; make the plan anew");
  }
  SavedPlan saved;
  SpecResult spec = read_spec(document.spec.text, document.spec.source);
  if (!spec.desired) {
    return bad("the spec in it is not valid: " +
               format(spec.diagnostics.front(), document.spec.source));
  }
  if (spec.desired->deployment != document.deployment) {
    return bad(fmt::format("is a plan of deployment {}, and the spec in it is of {}; make it anew",
                           printable(document.deployment), spec.desired->deployment));
  }
  if (!take_archives(document.archives, *spec.desired) ||
      spec.desired->digest != document.spec.digest) {
    return bad(
        "another version of arcform wrote it and reads its spec in another way; make it "
        "anew with this one");
  }
  saved.desired = std::move(*spec.desired);
  saved.spec_text = std::move(document.spec.text);
  saved.seen = std::move(document.seen);
  saved.policy = std::move(document.policy);
  take_steps(std::move(document), saved);
  return saved;
}

std::string plan_schema() {
  return schema_of<PlanDocument>("arcform plan, version 1",
                                 "What `arcform plan --format json` prints, `arcform plan --out "
                                 "FILE` saves and `arcform apply "
                                 "FILE` performs.");
}

}  // namespace arcform

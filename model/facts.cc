// SPDX-License-Identifier: Apache-2.0
#include "model/facts.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "model/status_parts.h"
#include "model/znodes.h"
#include "model/zoo_cfg.h"

namespace arcform {
namespace {

std::string text_of(const ProcessIdentity& process) {
  return fmt::format("pid {}, started at tick {} of boot {}", process.pid, process.start_ticks,
                     process.boot_id);
}

/// Collects facts, each subject once, and which of them the present step relies on.
class Watch {
 public:
  Watch(const Plan& plan_in, const DesiredState& desired, const ObservedState& observed)
      : plan(plan_in), desired_(desired), observed_(observed), tree_(observed.tree.get()) {}

  /// The process of a slot, and whether its port is taken.
  void process(const std::string& what, const std::string& host, const std::string& slot_name,
               std::uint16_t port);
  void node(const std::string& host, Endpoint node);
  /// What the node has of what is to be changed, as it says itself.
  void settings(Endpoint node, const std::vector<Tuning>& changes);
  void joined(const std::string& code, Endpoint node);
  void mapping(Endpoint node);
  void registration(const std::string& code);
  void clients(const std::string& code);
  /// Which nodes of the cloud that the spec has are missing from it.
  void members(const std::string& code);
  void server(const std::string& host, int id);
  void server_files(const std::string& host, int id);
  /// Who leads, follows or does not serve.
  void modes();
  void tree();
  void package(const std::string& host, const std::string& prefix);
  void release(const std::string& host_name, const std::string& package_name,
               const std::string& prefix);
  /// Somebody's process, ours or not.
  void running(const std::string& host_name, const ProcessIdentity& process);
  void deployment();

  std::vector<std::string> take_step() { return std::exchange(step_, {}); }
  const std::map<std::string, std::string>& facts() const { return facts_; }

  const Plan& plan;

 private:
  const HostFacts* host(const std::string& name) const { return observed_.host(name); }
  void note(std::string subject, std::string value) {
    step_.push_back(subject);
    facts_.try_emplace(std::move(subject), std::move(value));
  }
  bool noted(const std::string& subject) {
    const bool known = facts_.contains(subject);
    if (known) {
      step_.push_back(subject);
    }
    return known;
  }
  /// What to say where there is no tree: it is provably empty, or nobody knows.
  std::string without_tree() const { return observed_.tree.is_absent() ? "absent" : kUnknownFact; }
  const ObservedCloud* cloud(const std::string& code) const {
    const auto found = tree_->clouds.find(code);
    return found == tree_->clouds.end() ? nullptr : &found->second;
  }

  const DesiredState& desired_;
  const ObservedState& observed_;
  const TreeFacts* tree_;
  std::map<std::string, std::string> facts_;
  std::vector<std::string> step_;
};

void Watch::process(const std::string& what, const std::string& host_name,
                    const std::string& slot_name, std::uint16_t port) {
  const HostFacts* const facts = host(host_name);
  if (facts == nullptr) {
    note(what + ": process", kUnknownFact);
    return;
  }
  const ObservedSlot* const slot = facts->slot(slot_name);
  const ObservedProcess* const running = slot != nullptr ? facts->process_of(*slot) : nullptr;
  std::string value = "never started";
  if (running != nullptr) {
    value = fmt::format("{}, runs with {}", text_of(*slot->identity), slot->digest);
  } else if (slot != nullptr && slot->identity) {
    value = "gone: " + text_of(*slot->identity);
  }
  if (running == nullptr && facts->is_listening(port)) {
    value += fmt::format("; port {} is taken", port);
  }
  note(what + ": process", std::move(value));
}

void Watch::node(const std::string& host_name, Endpoint node) {
  process(fmt::format("cache node {} on {}", node.text(), host_name), host_name,
          node_slot(node.port), node.port);
}

void Watch::settings(Endpoint node, const std::vector<Tuning>& changes) {
  const auto found = observed_.nodes.find(node);
  const NodeAnswer* const answer = found == observed_.nodes.end() ? nullptr : found->second.get();
  for (const Tuning& change : changes) {
    const auto value = answer == nullptr ? std::nullopt : answer->settings.get(change.setting);
    note(fmt::format("cache node {}: {}", node.text(), info_of(change.setting).label),
         value ? fmt::to_string(*value) : kUnknownFact);
  }
}

void Watch::joined(const std::string& code, Endpoint node) {
  if (code.empty()) {
    return;
  }
  std::string subject = fmt::format("{}/{}", znodes::cache_list(code), node.text());
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  std::string value;
  if (const ObservedCloud* const seen = cloud(code)) {
    const auto first = std::lower_bound(
        seen->joined.begin(), seen->joined.end(), node,
        [](const ObservedJoin& join, Endpoint wanted) { return join.endpoint < wanted; });
    for (auto join = first; join != seen->joined.end() && join->endpoint == node; ++join) {
      value += fmt::format("{}owner {:#x}, czxid {:#x}", value.empty() ? "" : "; ",
                           static_cast<std::uint64_t>(join->owner),
                           static_cast<std::uint64_t>(join->czxid));
    }
  }
  note(std::move(subject), value.empty() ? "absent" : std::move(value));
}

void Watch::mapping(Endpoint node) {
  std::string subject = znodes::mapping_key(node);
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  const auto found = std::lower_bound(
      tree_->mappings.begin(), tree_->mappings.end(), node,
      [](const ObservedMapping& mapping, Endpoint wanted) { return mapping.node < wanted; });
  const bool stands = found != tree_->mappings.end() && found->node == node;
  note(std::move(subject),
       stands ? fmt::format("names {}", fmt::join(found->service_codes, ", ")) : "absent");
}

void Watch::registration(const std::string& code) {
  std::string subject = fmt::format("cloud {}: registration", code);
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  const ObservedCloud* const seen = cloud(code);
  const bool stands = seen != nullptr && (seen->cache_list || seen->client_list);
  const bool ours = seen != nullptr && seen->claimed;
  note(std::move(subject), fmt::format("{}{}", stands ? "present" : "absent",
                                       ours ? ", claimed by this deployment" : ""));
}

void Watch::clients(const std::string& code) {
  std::string subject = fmt::format("cloud {}: clients", code);
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  const ObservedCloud* const seen = cloud(code);
  note(std::move(subject), seen != nullptr && seen->clients > 0 ? "attached" : "none attached");
}

void Watch::members(const std::string& code) {
  std::string subject = fmt::format("cloud {}: nodes that have not joined", code);
  const DesiredCloud* const wanted = desired_.cloud(code);
  if (noted(subject) || wanted == nullptr) {
    return;
  }
  if (tree_ == nullptr) {
    note(std::move(subject), without_tree());
    return;
  }
  const ObservedCloud* const seen = cloud(code);
  std::string missing;
  for (const DesiredNode& node : wanted->nodes) {
    const bool in = seen != nullptr && has_joined(*seen, node.endpoint);
    missing += in ? "" : (missing.empty() ? "" : ", ") + node.endpoint.text();
  }
  note(std::move(subject), missing.empty() ? "none" : std::move(missing));
}

void Watch::server(const std::string& host_name, int id) {
  process(fmt::format("ZooKeeper server {} on {}", id, host_name), host_name, server_slot(id),
          desired_.ensemble.client_port);
}

void Watch::server_files(const std::string& host_name, int id) {
  const HostFacts* const facts = host(host_name);
  const std::string subject =
      fmt::format("ZooKeeper server {} on {}: zoo.cfg, myid", id, host_name);
  if (facts == nullptr) {
    note(subject, kUnknownFact);
    return;
  }
  const ObservedSlot* const slot = facts->slot(server_slot(id));
  note(subject,
       fmt::format("{}, {}",
                   slot == nullptr || slot->config.empty() ? "absent" : zoo_digest(slot->config),
                   facts->data.myid.empty() ? "absent" : facts->data.myid));
}

void Watch::modes() {
  for (const DesiredServer& server : desired_.ensemble.servers) {
    const auto found = observed_.servers.find(server.id);
    std::string mode = kUnknownFact;
    if (found != observed_.servers.end() && found->second.is_absent()) {
      mode = "does not answer";
    } else if (found != observed_.servers.end() && found->second.is_present()) {
      const ServerMode seen = found->second.value().mode;
      mode = seen == ServerMode::not_serving ? "does not serve"
             : seen == ServerMode::leader    ? "leads"
                                             : "serves";
    }
    note(fmt::format("ZooKeeper server {} on {}: mode", server.id, server.host), std::move(mode));
  }
}

void Watch::tree() {
  note("the Arcus tree", tree_ == nullptr     ? without_tree()
                         : !tree_->arcus_tree ? "not whole"
                         : !tree_->server_log ? "without cache_server_log"
                                              : "present");
}

void Watch::package(const std::string& host_name, const std::string& prefix) {
  const std::string subject = fmt::format("{} on {}", prefix, host_name);
  const HostFacts* const facts = host(host_name);
  if (facts == nullptr) {
    note(subject, kUnknownFact);
    return;
  }
  const auto found = facts->packages.find(prefix);
  const bool whole = found != facts->packages.end() && found->second.cache_node;
  note(subject, whole ? "a cache server with " + found->second.engine : "no cache server");
}

void Watch::release(const std::string& host_name, const std::string& package_name,
                    const std::string& prefix) {
  const std::string subject = fmt::format("{} on {}", prefix, host_name);
  const HostFacts* const facts = host(host_name);
  if (facts == nullptr) {
    note(subject, kUnknownFact);
    return;
  }
  const auto found = facts->releases.find(package_name);
  std::string value = "absent";
  if (found != facts->releases.end()) {
    for (const ObservedRelease& release : found->second.all) {
      if (found->second.folder + "/" + release.name == prefix) {
        value = release.sha256.empty() ? "not ours" : "of " + release.sha256;
      }
    }
  }
  note(subject, std::move(value));
}

void Watch::running(const std::string& host_name, const ProcessIdentity& process) {
  const std::string subject = fmt::format("pid {} on {}", process.pid, host_name);
  const HostFacts* const facts = host(host_name);
  if (facts == nullptr) {
    note(subject, kUnknownFact);
    return;
  }
  const bool lives =
      facts->boot_id == process.boot_id &&
      std::any_of(facts->processes.begin(), facts->processes.end(),
                  [&](const ObservedProcess& item) {
                    return item.pid == process.pid && item.start_ticks == process.start_ticks;
                  });
  note(subject, lives ? text_of(process) : "gone");
}

/// Another spec that was applied in between wants another world than this plan.
void Watch::deployment() {
  const std::string path = znodes::applied(desired_.deployment);
  if (tree_ == nullptr) {
    note(path, without_tree());
    note(znodes::epoch(desired_.deployment), without_tree());
    return;
  }
  const DeploymentRecord& record = tree_->record;
  note(path, record.spec_digest.empty() ? "absent" : "spec " + record.spec_digest);
  if (record.epoch_version >= 0) {  // Made once per ensemble and deployment.
    note(znodes::epoch(desired_.deployment),
         fmt::format("made in transaction {:#x}", static_cast<std::uint64_t>(record.epoch_czxid)));
  }
}

// What each kind of action relies on. A new kind of action needs an overload here.

void watch(const ConfigureServer& a, Watch& on) {
  on.server_files(a.host, a.id);
}
void watch(const StartServer& a, Watch& on) {
  on.server(a.host, a.id);
}
void watch(const StopServer& a, Watch& on) {
  on.server(a.host, a.id);
  on.modes();
}
void watch(const RestartServer& a, Watch& on) {
  on.server(a.start->host, a.start->id);
  on.modes();
}
void watch(const InstallPackage& a, Watch& on) {
  on.release(a.host, a.package, a.prefix);
}
void watch(const RemoveRelease& a, Watch& on) {
  on.release(a.host, a.package, a.folder + "/" + a.release);
}
void watch(const ReconfigureEnsemble& a, Watch& on) {
  if (!a.host.empty()) {
    on.server(a.host, a.server);
  }
  on.modes();
}
void watch(const RetireServer& a, Watch& on) {
  on.server(a.stop->host, a.stop->id);
  on.modes();
}
void watch(const SetDataAside& a, Watch& on) {
  on.server(a.host, a.id);
}
void watch(const AdoptServer& a, Watch& on) {
  on.server(a.host, a.id);
  on.running(a.host, a.running->identity);
}
void watch(const AdoptCloud& a, Watch& on) {
  on.registration(a.service_code);
  for (const Endpoint node : a.nodes) {
    on.joined(a.service_code, node);
  }
}
void watch(const AdoptNode& a, Watch& on) {
  on.joined(a.service_code, a.node);
  on.running(a.host, a.running->identity);
}
void watch(const AwaitQuorum& /*a*/, Watch& /*on*/) {}
void watch(const CreateTree& /*a*/, Watch& on) {
  on.tree();
}
void watch(const RegisterCloud& a, Watch& on) {
  on.registration(a.service_code);
}
void watch(const MapNodes& a, Watch& on) {
  on.registration(a.service_code);
  for (const MappedNode& mapped : a.nodes) {
    on.mapping(mapped.node);
  }
}
void watch(const UnmapNodes& a, Watch& on) {
  for (const Endpoint node : a.nodes) {
    on.mapping(node);
    on.joined(a.service_code, node);
  }
}
void watch(const StartNode& a, Watch& on) {
  on.node(a.host, a.node);
  on.joined(a.service_code, a.node);
  on.mapping(a.node);
  if (a.launch < on.plan.launches.size()) {
    on.package(a.host, on.plan.launches[a.launch].prefix);
  }
}
void watch(const StopNode& a, Watch& on) {
  on.node(a.host, a.node);
  on.joined(a.service_code, a.node);
  if (!a.service_code.empty()) {
    on.members(a.service_code);
    on.clients(a.service_code);
  }
}
void watch(const RestartNode& a, Watch& on) {
  watch(*a.start, on);
  on.joined(a.stop->service_code, a.stop->node);
  if (!a.paused) {
    on.members(a.start->service_code);
  }
}
void watch(const ForgetNode& a, Watch& on) {
  on.node(a.host, a.node);
  on.joined(a.service_code, a.node);
}
void watch(const TuneNode& a, Watch& on) {
  on.node(a.host, a.node);
  on.settings(a.node, a.changes);
}
void watch(const UnregisterCloud& a, Watch& on) {
  on.registration(a.service_code);
  on.clients(a.service_code);
}

std::vector<std::uint32_t> indices(std::vector<std::string> subjects,
                                   const std::vector<Fact>& facts) {
  std::sort(subjects.begin(), subjects.end());
  subjects.erase(std::unique(subjects.begin(), subjects.end()), subjects.end());
  std::vector<std::uint32_t> out;
  for (const std::string& subject : subjects) {
    const auto found = std::lower_bound(
        facts.begin(), facts.end(), subject,
        [](const Fact& fact, const std::string& wanted) { return fact.subject < wanted; });
    out.push_back(static_cast<std::uint32_t>(found - facts.begin()));
  }
  return out;
}

/// The first step that relies on each fact.
std::string relying(const Plan& plan, const PlanFacts& facts, std::uint32_t fact) {
  for (std::size_t id = 0; id < plan.steps.size() && id < facts.of_steps.size(); ++id) {
    if (std::binary_search(facts.of_steps[id].begin(), facts.of_steps[id].end(), fact)) {
      return describe(plan.steps[id].action);
    }
  }
  return "";
}

}  // namespace

PlanFacts facts_of(const Plan& plan, const DesiredState& desired, const ObservedState& observed) {
  Watch on(plan, desired, observed);
  std::vector<std::vector<std::string>> steps;
  for (const Step& step : plan.steps) {
    std::visit([&on](const auto& action) { watch(action, on); }, step.action);
    steps.push_back(on.take_step());
  }
  if (!plan.steps.empty()) {
    on.deployment();
  }
  const std::vector<std::string> whole = on.take_step();
  PlanFacts out;
  for (const auto& [subject, value] : on.facts()) {
    out.facts.push_back({subject, value});
  }
  for (std::vector<std::string>& subjects : steps) {
    out.of_steps.push_back(indices(std::move(subjects), out.facts));
  }
  out.of_plan = indices(whole, out.facts);
  return out;
}

std::vector<MovedFact> moved_facts(const Plan& plan, const PlanFacts& relied_on,
                                   const DesiredState& desired, const ObservedState& observed) {
  const PlanFacts now = facts_of(plan, desired, observed);
  std::vector<MovedFact> moved;
  for (std::uint32_t i = 0; i < relied_on.facts.size(); ++i) {
    const Fact& before = relied_on.facts[i];
    const auto found =
        std::lower_bound(now.facts.begin(), now.facts.end(), before,
                         [](const Fact& a, const Fact& b) { return a.subject < b.subject; });
    const bool there = found != now.facts.end() && found->subject == before.subject;
    const std::string value = there ? found->value : "absent";
    if (value != before.value) {
      moved.push_back({before.subject, before.value, value, relying(plan, relied_on, i)});
    }
  }
  return moved;
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
// plan_bench [NODES...]: what a spec of so many nodes (1,000 25,000 100,000) costs in memory, as
// lines "NODES PHASE MILLISECONDS KILOBYTES": parsing it into a RapidJSON DOM, reading it, and diff
// and plan of it against hosts on which nothing runs ("new") and all runs ("same"). At 1,000 nodes
// also "ring": the shares of the keys that move when a tenth of the nodes is new. CPU time,
// medians.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>
#include <rapidjson/document.h>

#include "model/diff.h"
#include "model/key_shares.h"
#include "model/node_arguments.h"
#include "model/plan.h"
#include "model/render.h"
#include "specs/reader.h"
#include "tests/support/builders.h"

namespace arcform {
namespace {

constexpr int kNodesPerHost = 100;
constexpr int kNodesPerCloud = 10'000;
constexpr int kRuns = 7;

std::string host_name(int i) {
  return fmt::format("cache{:04}.arcus", i);
}

/// One entry per node. `whole`: with a configuration of its own each, as tools write specs;
/// otherwise short enough for 100,000 nodes to be read.
std::string spec_of(int nodes, bool whole) {
  const std::string_view config =
      whole ? R"(, "config": { "memlimit": 64, "threads": 4, "connections": 500 } )" : " ";
  const int hosts = (nodes + kNodesPerHost - 1) / kNodesPerHost;
  std::string text = R"({"apiVersion":"arcform/v1","deployment":"bench","ssh":{"user":"arcus"},)"
                     R"("packages":{"arcus":{"installed":"/opt/arcus"}},)"
                     R"("ensemble":{"external":"10.255.0.1:2181"},"hosts":[)";
  for (int i = 0; i < hosts; ++i) {
    text += fmt::format(R"({}{{"name":"{}","address":"10.{}.{}.{}"}})", i == 0 ? "" : ",",
                        host_name(i), i / 40'000, i / 200 % 200, 1 + i % 200);
  }
  text += "],\"clouds\":[";
  for (int i = 0; i < nodes; ++i) {
    if (i % kNodesPerCloud == 0) {
      text += fmt::format(R"({}{{"serviceCode":"cloud-{}","package":"arcus",)"
                          R"("config":{{"memlimit":64,"threads":4,"connections":500}},"nodes":[)",
                          i == 0 ? "" : "]},", i / kNodesPerCloud);
    }
    text +=
        fmt::format(R"({}{{ "host": "{}", "port": {}{}}})", i % kNodesPerCloud == 0 ? "\n" : ",\n",
                    host_name(i / kNodesPerHost), 11211 + i % kNodesPerHost, config);
  }
  return text + "]}]}";
}

/// Every node runs as the spec says, on its host. What is shared and how much room is kept is as
/// the probe's reader does it.
void run_all(const DesiredState& desired, ObservedState& observed) {
  const Launch launch{
      "arcus", "/opt/arcus", "/opt/arcus/lib/default_engine.so", {}, connect_string(desired)};
  SharedText digest;
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      HostFacts& facts = host_in(observed, desired.hosts[node.host].name);
      const auto pid = static_cast<std::uint32_t>(1000 + facts.processes.size());
      put_process(facts, node_slot(node.endpoint.port), pid, "memcached",
                  node_arguments(launch, node.endpoint, node.config), node.endpoint.port);
      digest = shared_with(facts.processes.size() == 1 ? SharedText() : digest,
                           node_digest(launch.prefix, node.config));
      facts.slots[node_slot(node.endpoint.port)].digest = digest;
    }
  }
  for (auto& [name, facts] : observed.hosts) {
    facts.value().slots.shrink_to_fit();
    facts.value().processes.shrink_to_fit();
  }
}

/// Every node has a mapping and has joined; room is kept as the tree's reader does it.
TreeFacts joined_tree(const DesiredState& desired) {
  TreeFacts tree;
  tree.arcus_tree = tree.server_log = true;
  tree.session_timeout_ms = 30'000;
  tree.record.epoch_version = 1;
  tree.record.spec_digest = desired.digest;
  for (const DesiredCloud& cloud : desired.clouds) {
    ObservedCloud& seen = tree.clouds[cloud.service_code];
    seen.cache_list = seen.client_list = seen.claimed = true;
    seen.joined.reserve(cloud.nodes.size());
    tree.service_codes.push_back(cloud.service_code);
    tree.record.claims.insert(cloud.service_code);
    for (const DesiredNode& node : cloud.nodes) {
      const DesiredHost& host = desired.hosts[node.host];
      const auto life = static_cast<std::int64_t>(1000 + seen.joined.size());
      put_mapping(tree, node.endpoint, cloud.service_code);
      seen.joined.push_back({node.endpoint.text() + "-" + host.name, node.endpoint, life, life});
      tree.record.hosts[host.name] = record_for(host);
    }
  }
  tree.mappings.shrink_to_fit();
  return tree;
}

/// All is as the spec says. Hosts, tree and nodes are observed one after the other, so what is said
/// of one node does not lie together in memory.
ObservedState same(const DesiredState& desired) {
  ObservedState observed = bare(desired);
  run_all(desired, observed);
  observed.tree = Observation<TreeFacts>::present(joined_tree(desired));
  for (const DesiredCloud& cloud : desired.clouds) {
    for (const DesiredNode& node : cloud.nodes) {
      observed.nodes[node.endpoint] = Observation<NodeAnswer>::present({"1.15.0"});
    }
  }
  return observed;
}

double cpu_milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

std::size_t heap() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

/// `make` gives what is to be kept, in a shared_ptr, so that its size shows.
void measure(int nodes, const char* phase, const std::function<std::shared_ptr<void>()>& make) {
  std::vector<double> times;
  std::size_t grown = 0;
  for (int i = 0; i < kRuns; ++i) {
    const std::size_t before = heap();
    const double begun = cpu_milliseconds();
    const std::shared_ptr<void> kept = make();
    times.push_back(cpu_milliseconds() - begun);
    grown = heap() - std::min(before, heap());
  }
  std::sort(times.begin(), times.end());
  fmt::print("{} {} {:.2f} {}\n", nodes, phase, times[kRuns / 2], grown / 1024);
}

/// The clouds are in use, and the last tenth of each one's nodes is not there yet.
int bench_ring(int nodes, const DesiredState& desired) {
  DesiredState before = desired;
  for (DesiredCloud& cloud : before.clouds) {
    cloud.nodes.resize(cloud.nodes.size() * 9 / 10);
  }
  const ObservedState observed = same(before);
  const Plan grown = plan(desired, observed, Policy{});
  std::size_t moving = 0;
  measure(nodes, "ring", [&] {
    const auto shares = std::make_shared<KeyShares>(key_shares(grown, observed));
    moving = static_cast<std::size_t>(std::count_if(shares->of_step.begin(), shares->of_step.end(),
                                                    [](Ring::Share share) { return share > 0; }));
    return shares;
  });
  if (moving != static_cast<std::size_t>(nodes / 10)) {
    fmt::print(stderr, "plan_bench: {} nodes: {} of them take keys over\n", nodes, moving);
    return 1;
  }
  return 0;
}

constexpr int kRingNodes = 1000;

/// 1 and a word when the plan is not what the benchmark means to measure.
int bench(int nodes) {
  const std::string whole = spec_of(nodes, true);
  const std::string text = spec_of(nodes, false);
  measure(nodes, "dom", [&whole] {
    const auto document = std::make_shared<rapidjson::Document>();
    document->Parse(whole.c_str());
    return document;
  });
  const auto read = [&text] { return std::make_shared<SpecResult>(read_spec(text, "bench.json")); };
  measure(nodes, "spec", read);
  const std::shared_ptr<SpecResult> spec = read();
  if (!spec->desired) {
    fmt::print(stderr, "plan_bench: {}\n", format(spec->diagnostics.front(), "bench.json"));
    return 1;
  }
  const DesiredState& desired = *spec->desired;
  std::size_t steps = 0;
  std::size_t held = 0;
  const auto planning = [&](const ObservedState& observed) {
    const auto made = std::make_shared<Plan>(plan(desired, observed, Policy{}));
    steps = made->steps.size();
    held = made->held.size();
    return made;
  };
  const auto all_new = std::make_shared<ObservedState>(bare(desired));
  measure(nodes, "diff-new",
          [&] { return std::make_shared<std::vector<Drift>>(diff(desired, *all_new)); });
  measure(nodes, "plan-new", [&] { return planning(*all_new); });
  const Plan whole_plan = plan(desired, *all_new, Policy{});
  measure(nodes, "render-new", [&] {
    return std::make_shared<std::string>(render_plan(whole_plan, desired, *all_new, {}));
  });
  const bool new_is_right = steps >= static_cast<std::size_t>(nodes);
  measure(nodes, "observed", [&] { return std::make_shared<ObservedState>(same(desired)); });
  const auto all_same = std::make_shared<ObservedState>(same(desired));
  measure(nodes, "diff-same",
          [&] { return std::make_shared<std::vector<Drift>>(diff(desired, *all_same)); });
  measure(nodes, "plan-same", [&] { return planning(*all_same); });
  if (!new_is_right || steps + held != 0) {
    fmt::print(stderr,
               "plan_bench: {} nodes: plans are wrong ({} steps, {} held where all is "
               "as it should be)\n",
               nodes, steps, held);
    return 1;
  }
  return nodes == kRingNodes ? bench_ring(nodes, desired) : 0;
}

}  // namespace
}  // namespace arcform

int main(int argc, char** argv) {
  std::vector<int> sizes;
  for (int i = 1; i < argc; ++i) {
    sizes.push_back(std::atoi(argv[i]));
  }
  int wrong = 0;
  for (const int nodes : sizes.empty() ? std::vector<int>{1'000, 25'000, 100'000} : sizes) {
    wrong |= arcform::bench(nodes);
  }
  return wrong;
}

// SPDX-License-Identifier: Apache-2.0
// What diff and plan cost for 100,000 cache nodes on 5,000 hosts in 1,000 clouds, beside
// RapidJSON's DOM parse of a spec that has one entry per node. Prints milliseconds (the best of
// some runs) and the bytes that one run had allocated at once at most, per node.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>

#include <fmt/format.h>
#include <malloc.h>
#include <rapidjson/document.h>

#include "model/plan.h"
#include "model/render.h"
#include "tests/support/builders.h"

namespace {

std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;
std::size_t allocations = 0;

void* counted_new(std::size_t size) {
  void* const memory = std::malloc(size);
  if (memory == nullptr) {
    std::abort();
  }
  live_bytes += malloc_usable_size(memory);
  peak_bytes = std::max(peak_bytes, live_bytes);
  ++allocations;
  return memory;
}

void counted_delete(void* memory) {
  if (memory != nullptr) {
    live_bytes -= malloc_usable_size(memory);
    std::free(memory);
  }
}

/// RapidJSON takes its memory from malloc unless it is told otherwise.
struct CountedAllocator {
  static const bool kNeedFree = true;
  void* Malloc(std::size_t size) { return size > 0 ? counted_new(size) : nullptr; }
  void* Realloc(void* old, std::size_t old_size, std::size_t size) {
    void* const memory = Malloc(size);
    if (old != nullptr && memory != nullptr) {
      std::copy_n(static_cast<char*>(old), std::min(old_size, size), static_cast<char*>(memory));
    }
    counted_delete(old);
    return memory;
  }
  static void Free(void* memory) { counted_delete(memory); }
};

}  // namespace

void* operator new(std::size_t size) {
  return counted_new(size);
}
void operator delete(void* memory) noexcept {
  counted_delete(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  counted_delete(memory);
}

namespace arcform {
namespace {

constexpr int kHosts = 5'000;
constexpr int kNodesPerHost = 20;
constexpr int kClouds = 1'000;
constexpr double kNodes = kHosts * kNodesPerHost;

/// Cloud c has its nodes on the hosts c*5 .. c*5+4, twenty on each.
DesiredState deployment() {
  SpecBuilder spec = a_spec().with_hosts(kHosts).with_ensemble(5);
  for (int cloud = 0; cloud < kClouds; ++cloud) {
    spec.with_cloud(fmt::format("cloud-{:04}", cloud));
    for (int host = 0; host < kHosts / kClouds; ++host) {
      const int number = cloud * (kHosts / kClouds) + host + 1;
      for (int i = 0; i < kNodesPerHost; ++i) {
        spec.with_node(fmt::format("cache{:03}.arcus", number),
                       static_cast<std::uint16_t>(11211 + i));
      }
    }
  }
  return spec.build();
}

std::string spec_text(const DesiredState& desired) {
  std::string text = R"({"apiVersion":"arcform/v1","deployment":"bench","hosts":[)";
  for (const DesiredHost& host : desired.hosts) {
    text += fmt::format(R"({}{{"name":"{}","address":"{}"}})", text.back() == '[' ? "" : ",",
                        host.name, host.address);
  }
  text += R"(],"clouds":[)";
  for (const DesiredCloud& cloud : desired.clouds) {
    text += fmt::format(R"({}{{"serviceCode":"{}","package":"arcus","nodes":[)",
                        text.back() == '[' ? "" : ",", cloud.service_code);
    for (const DesiredNode& node : cloud.nodes) {
      text += fmt::format(
          R"({}{{"host":"{}","port":{},"config":{{"memlimit":{},"threads":{},"connections":{}}}}})",
          text.back() == '[' ? "" : ",", desired.hosts[node.host].name, node.endpoint.port,
          node.config.memlimit_mb, node.config.threads, node.config.connections);
    }
    text += "]}";
  }
  return text + "]}";
}

double measure(const char* what, const std::function<std::size_t()>& work) {
  double best_ms = 1e9;
  std::size_t result = 0;
  std::size_t bytes = 0;
  for (int run = 0; run < 5; ++run) {
    const std::size_t before = peak_bytes = live_bytes;
    const auto start = std::chrono::steady_clock::now();
    result = work();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    best_ms = std::min(best_ms, took.count());
    bytes = peak_bytes - before;
  }
  fmt::print("{:<32} {:8.1f} ms  {:7.0f} bytes/node  result {}\n", what, best_ms,
             static_cast<double>(bytes) / kNodes, result);
  return best_ms;
}

int run() {
  const DesiredState desired = deployment();
  const std::string text = spec_text(desired);
  const double parse_ms = measure("RapidJSON DOM parse of the spec", [&] {
    using Document = rapidjson::GenericDocument<
        rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<CountedAllocator>, CountedAllocator>;
    Document document;
    document.Parse(text.c_str());
    return std::size_t{document["clouds"].Size()};
  });
  const ObservedState converged = ideal(desired);
  const ObservedState empty = bare(desired);
  measure("diff, converged", [&] { return diff(desired, converged).size(); });
  const double good_ms = measure("diff and plan, converged",
                                 [&] { return plan(desired, converged, {}).steps.size(); });
  measure("diff, bare", [&] { return diff(desired, empty).size(); });
  const double bare_ms =
      measure("diff and plan, bare", [&] { return plan(desired, empty, {}).steps.size(); });
  const Plan whole = plan(desired, empty, {});
  measure("render_plan, bare", [&] { return render_plan(whole, desired, empty, {}).size(); });
  measure("render_status, converged", [&] { return render_status(desired, converged, {}).size(); });
  fmt::print("converged {:.2f} x the parse, bare {:.2f} x\n", good_ms / parse_ms,
             bare_ms / parse_ms);
  return 0;
}

}  // namespace
}  // namespace arcform

int main() {
  return arcform::run();
}

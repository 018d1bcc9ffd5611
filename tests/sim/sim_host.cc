// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_host.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kLastWords = 2048;

bool looks_like_ours(const Process& process) {
  return process.comm == "memcached" ||
         std::any_of(process.argv.begin(), process.argv.end(),
                     [](const std::string& word) { return word.ends_with("QuorumPeerMain"); });
}

}  // namespace

Error SimHost::error(ErrorCode code, const std::string& what, const std::string& why) const {
  return Error{code, fmt::format("{} on host {}: {}", what, name_, why)};
}

Result<void> SimHost::reachable(const std::string& what) const {
  if (!machine_.ssh || !core_.connected(kController, machine_.name())) {
    return error(ErrorCode::unavailable, what, "no connection");
  }
  return {};
}

Awaitable<Result<void>> SimHost::reach(std::string what) {
  const std::string subject = fmt::format("host {} {}", name_, what);
  if (on_clock_jump && core_.faults().strikes(Fault::clock_jump, subject)) {
    on_clock_jump(core_.pick(seconds(1), seconds(60)));
  }
  if (on_partition && core_.faults().strikes(Fault::partition, subject)) {
    on_partition(core_.pick(seconds(5), seconds(60)));
  }
  const Time way = core_.pick(milliseconds(2), milliseconds(12));
  co_await core_.clock().wait_until(core_.clock().now() + way);
  if (core_.faults().strikes(Fault::host_error_before, subject)) {
    co_return error(ErrorCode::unavailable, what, "the connection was lost");
  }
  co_return reachable(what);
}

Awaitable<Result<void>> SimHost::reach_to_change(std::string what) {
  const Fence fence = fence_;
  auto reached = co_await reach(what);
  if (reached && fence.tree != 0) {
    std::int32_t& obeyed = machine_.fences[{directory_, fence.tree}];
    if (obeyed > fence.epoch) {
      co_return error(ErrorCode::failed_precondition, what,
                      fmt::format("a later holder of the lock (epoch {}) has worked here; this is "
                                  "epoch {}",
                                  obeyed, fence.epoch));
    }
    obeyed = fence.epoch;
  }
  co_return reached;
}

Result<void> SimHost::reply(const std::string& what) {
  if (core_.faults().strikes(Fault::host_error_after, fmt::format("host {} {}", name_, what))) {
    return error(ErrorCode::unavailable, what, "the connection was lost; it may have happened");
  }
  return reachable(what);
}

std::string SimHost::absolute(const std::string& path) const {
  return path.starts_with('/') ? path : folder(path);
}

const Process* SimHost::process_of(const std::string& slot) const {
  const auto found = machine_.slots.find(folder(slot));
  return found == machine_.slots.end() || !found->second.identity
             ? nullptr
             : machine_.process(*found->second.identity);
}

std::map<std::string, ObservedSlot> SimHost::observed_slots() const {
  std::map<std::string, ObservedSlot> observed;
  const std::string prefix = directory_ + "/";
  for (const auto& [path, slot] : machine_.slots) {
    if (path.starts_with(prefix)) {
      ObservedSlot& seen = observed[path.substr(prefix.size())];
      seen.identity = slot.identity;
      seen.digest = slot.digest;
    }
  }
  for (const auto& [path, file] : machine_.files) {
    const std::size_t slash = path.find('/', prefix.size());
    if (path.starts_with(prefix) && slash != std::string::npos) {
      const std::string name = path.substr(prefix.size(), slash - prefix.size());
      ObservedSlot& seen = observed[name];
      if (name.starts_with("server-") && path.substr(slash) == "/zoo.cfg") {
        const std::size_t dynamic = file.content.find("dynamicConfigFile=");
        const auto list = dynamic == std::string::npos
                              ? machine_.files.end()
                              : machine_.files.find(file.content.substr(
                                    dynamic + 18, file.content.find('\n', dynamic) - dynamic - 18));
        seen.config = file.content + (list == machine_.files.end() ? "" : list->second.content);
      }
    }
  }
  std::erase_if(observed, [](const auto& entry) {
    return !entry.first.starts_with("node-") && !entry.first.starts_with("server-");
  });
  for (auto& [name, slot] : observed) {
    slot.name = name;
  }
  return observed;
}

std::vector<ObservedProcess> SimHost::observed_processes() const {
  std::vector<ObservedProcess> observed;
  for (const auto& [pid, process] : machine_.processes()) {
    const bool named = std::any_of(
        machine_.slots.begin(), machine_.slots.end(), [&, number = pid](const auto& slot) {
          return slot.first.starts_with(directory_ + "/") && slot.second.identity &&
                 slot.second.identity->pid == number;
        });
    if (named || looks_like_ours(process)) {
      observed.push_back({pid, process.start_ticks, process.comm, process.argv});
    }
  }
  return observed;
}

Awaitable<Result<HostFacts>> SimHost::probe(ProbeRequest request) {
  auto reached = co_await reach("probe");
  if (!reached) {
    co_return reached.error();
  }
  if (core_.faults().strikes(Fault::probe_fails, fmt::format("host {} probe", name_))) {
    co_await core_.clock().wait_until(core_.clock().now() + seconds(10));
    co_return error(ErrorCode::deadline_exceeded, "probe", "no answer within 10 s");
  }
  HostFacts facts;
  facts.boot_id = machine_.boot_id();
  facts.uptime_ticks = machine_.uptime_ticks();
  facts.directory = directory_;
  facts.memory_total_kb = machine_.memory_total_kb;
  facts.memory_available_kb = machine_.memory_available_kb;
  facts.open_files_hard = machine_.open_files_hard;
  facts.java = machine_.java;
  facts.directory_writable = machine_.writable;
  for (const std::string& prefix : request.prefixes) {
    const auto found = machine_.packages.find(prefix);
    facts.packages[prefix] = found == machine_.packages.end() ? ObservedPackage{} : found->second;
  }
  facts.tools = request.releases.empty() ? std::set<std::string>() : machine_.tools;
  for (const ReleasePlace& place : request.releases) {
    ObservedReleases& seen = facts.releases[place.package] = observed_releases(place);
    const std::string prefix = seen.folder + "/" + place.release;
    const auto found = machine_.packages.find(prefix);
    facts.packages[prefix] = found == machine_.packages.end() ? ObservedPackage{} : found->second;
  }
  facts.processes = observed_processes();
  std::set<std::uint16_t> ports;
  for (const auto& [pid, process] : machine_.processes()) {
    ports.insert(process.ports.begin(), process.ports.end());
  }
  facts.listening.assign(ports.begin(), ports.end());
  for (auto& [slot, seen] : observed_slots()) {
    facts.slots.emplace(slot, std::move(seen));
  }
  if (!request.data_directory.empty()) {
    facts.data = machine_.data_directory(request.data_directory);
  }
  co_return std::move(facts);
}

Awaitable<Result<std::string>> SimHost::ask_at(Endpoint at, std::string question, std::string end,
                                               milliseconds patience) {
  const Time until = core_.clock().now() + patience;
  const std::string what = fmt::format("ask {}", at.text());
  // A question that comes right behind another takes the way that was open just now: `conf` after
  // `srvr`, and the own address after the loopback where nobody listens.
  const bool again =
      question == "conf" || (at.ip != on_loopback(0).ip && machine_.listener(at.port) == nullptr);
  Result<void> reached = reachable(what);
  if (!again) {
    reached = co_await reach(what);
  }
  if (!reached) {
    co_return reached.error();
  }
  if (core_.clock().now() > until) {  // Whoever asks was stopped meanwhile.
    co_return error(ErrorCode::deadline_exceeded, what, "no answer in time");
  }
  const Process* listener = machine_.listener(at.port);
  if (listener == nullptr || !listener->program->listens_on(at)) {
    co_return error(ErrorCode::not_found, what, "connection refused");
  }
  const auto answer = listener->program->answer(at.port, question);
  if (!answer || (!end.empty() && answer->find(end) == std::string::npos)) {
    co_await core_.clock().wait_until(core_.clock().now() + patience);
    co_return error(ErrorCode::deadline_exceeded, what,
                    fmt::format("no answer within {} ms", patience.count()));
  }
  co_return *answer;
}

Awaitable<Result<void>> SimHost::follow(std::function<bool(const HostNews&)> tell) {
  std::set<std::pair<std::string, std::uint32_t>> told;
  auto reached = co_await reach("follow");
  for (int turn = 0; reached; ++turn) {
    if (turn % 20 == 0 && !tell(HostNews{})) {
      co_return Result<void>();
    }
    for (const auto& [name, slot] : observed_slots()) {
      const bool gone = name.starts_with("node-") && slot.identity &&
                        slot.identity->boot_id == machine_.boot_id() &&
                        machine_.process(*slot.identity) == nullptr;
      if (gone && told.emplace(name, slot.identity->pid).second &&
          !tell(HostNews{name, slot.identity->pid})) {
        co_return Result<void>();
      }
    }
    co_await core_.clock().wait_until(core_.clock().now() + milliseconds(250));
    reached = reachable("follow");
  }
  co_return reached;
}

Awaitable<Result<std::string>> SimHost::last_words(std::string slot) {
  auto reached = co_await reach("read the log of " + slot);
  if (!reached) {
    co_return reached.error();
  }
  const auto found = machine_.slots.find(folder(slot));
  std::string words = found == machine_.slots.end() ? "" : found->second.log;
  if (words.size() > kLastWords) {
    words.erase(0, words.size() - kLastWords);
  }
  co_return std::move(words);
}

Awaitable<Result<bool>> SimHost::is_alive(ProcessIdentity process) {
  auto reached = co_await reach(fmt::format("look for pid {}", process.pid));
  if (!reached) {
    co_return reached.error();
  }
  co_return machine_.process(process) != nullptr;
}

Awaitable<Result<void>> SimHost::answers() {
  auto reached = co_await reach("run a command");
  co_return reached;
}

Awaitable<Result<std::optional<std::string>>> SimHost::read_file(std::string path) {
  constexpr std::size_t kMost = 65536;
  if (!path.starts_with('/')) {
    co_return error(ErrorCode::invalid_argument, "read " + path, "not an absolute path");
  }
  auto reached = co_await reach("read " + path);
  if (!reached) {
    co_return reached.error();
  }
  const auto found = machine_.files.find(path);
  if (found != machine_.files.end() && found->second.content.size() > kMost) {
    co_return error(ErrorCode::resource_exhausted, "read " + path, "is larger than 64 kB");
  }
  co_return found == machine_.files.end() ? std::optional<std::string>()
                                          : std::optional(found->second.content);
}

}  // namespace arcform::sim

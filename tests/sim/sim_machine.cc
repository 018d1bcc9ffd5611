// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_machine.h"

#include <utility>

#include <fmt/format.h>

namespace arcform::sim {

using std::chrono::milliseconds;

ObservedPackage everything_at(const std::string& prefix) {
  ObservedPackage package;
  package.cache_node = true;
  package.engine = prefix + "/lib/default_engine.so";
  package.extensions = {prefix + "/lib/syslog_logger.so", prefix + "/lib/ascii_scrub.so"};
  package.zookeeper_classpath = prefix + "/java/zookeeper.jar";
  return package;
}

void Program::later(Time delay, const std::string& what, std::function<void()> then) {
  core_.clock().after(delay, fmt::format("{} pid {}: {}", machine_.name(), pid_, what),
                      [weak = weak_from_this(), then = std::move(then)] {
                        const auto self = weak.lock();
                        const Process* own = self ? self->machine_.process(self->pid_) : nullptr;
                        if (own != nullptr && own->program == self) {
                          then();
                        }
                      });
}

void Program::end(int status, const std::string& words) {
  machine_.exit(pid_, status, words);
}

Machine::Machine(SimCore& core, Ensemble& ensemble, std::string name, std::string address)
    : core_(core),
      ensemble_(ensemble),
      name_(std::move(name)),
      address_(std::move(address)),
      boot_id_(new_boot_id()),
      booted_(core.clock().now() - std::chrono::hours(1)) {}

Machine::~Machine() = default;

std::string Machine::new_boot_id() {
  return fmt::format("{:08x}-0000-4000-8000-{:012x}", core_.random()() & 0xffffffffU,
                     core_.random()() & 0xffffffffffffU);
}

std::uint64_t Machine::uptime_ticks() const {
  return static_cast<std::uint64_t>((core_.clock().now() - booted_) / milliseconds(10));
}

const Process* Machine::process(std::uint32_t pid) const {
  const auto found = processes_.find(pid);
  return found == processes_.end() ? nullptr : &found->second;
}

const Process* Machine::process(const ProcessIdentity& identity) const {
  const Process* found = process(identity.pid);
  const bool same = found != nullptr && identity.boot_id == boot_id_ &&
                    identity.start_ticks == found->start_ticks;
  return same ? found : nullptr;
}

const Process* Machine::listener(std::uint16_t port) const {
  for (const auto& [pid, process] : processes_) {
    if (process.ports.contains(port)) {
      return &process;
    }
  }
  return nullptr;
}

std::uint32_t Machine::spawn(std::vector<std::string> argv, std::string folder, Time slow) {
  while (processes_.contains(next_pid)) {
    ++next_pid;
  }
  const std::uint32_t pid = next_pid;
  next_pid = next_pid >= 4'194'303 ? 300 : next_pid + 1;
  Process process;
  process.pid = pid;
  process.start_ticks = uptime_ticks();
  process.argv = std::move(argv);
  process.comm = process.argv[0].substr(process.argv[0].rfind('/') + 1).substr(0, 15);
  process.folder = std::move(folder);
  process.program = make_program(core_, ensemble_, *this, process.argv);
  const auto program = process.program;
  processes_.emplace(pid, std::move(process));
  program->begin(pid);
  core_.clock().after(slow, fmt::format("{} pid {}: start", name_, pid), [this, pid, program] {
    const Process* own = this->process(pid);
    if (own != nullptr && own->program == program) {
      program->launch();
    }
  });
  return pid;
}

std::uint32_t Machine::spawn_foreign(std::uint16_t port, std::vector<std::string> argv) {
  Process process;
  process.pid = next_pid++;
  process.start_ticks = uptime_ticks();
  process.argv = std::move(argv);
  process.comm = process.argv[0].substr(process.argv[0].rfind('/') + 1).substr(0, 15);
  process.program = make_program(core_, ensemble_, *this, {"foreign"});
  process.program->begin(process.pid);
  process.ports.insert(port);
  const std::uint32_t pid = process.pid;
  processes_.emplace(pid, std::move(process));
  core_.effect(fmt::format("host {} foreign pid {} listens on {}", name_, pid, port));
  return pid;
}

void Machine::terminate(std::uint32_t pid) {
  if (const Process* found = process(pid)) {
    const auto program = found->program;
    core_.note(fmt::format("host {} SIGTERM to pid {} ({})", name_, pid, found->comm));
    program->terminate();
  }
}

void Machine::kill(std::uint32_t pid, const std::string& why) {
  if (process(pid) != nullptr) {
    exit(pid, 137, why);
  }
}

void Machine::freeze(std::uint32_t pid, bool frozen) {
  if (const Process* found = process(pid)) {
    core_.note(fmt::format("host {} {} to pid {}", name_, frozen ? "SIGSTOP" : "SIGCONT", pid));
    const auto program = found->program;
    program->freeze(frozen);
  }
}

void Machine::exit(std::uint32_t pid, int status, const std::string& words) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) {
    return;
  }
  const Process process = std::move(found->second);
  processes_.erase(found);
  if (!words.empty()) {
    log(process.folder, words);
  }
  const auto slot = slots.find(process.folder);
  if (slot != slots.end()) {
    slot->second.last_exit = status;
  }
  process.program->gone();
  core_.effect(fmt::format("host {} pid {} ({}) ended: status {}{}{}", name_, pid, process.comm,
                           status, words.empty() ? "" : ": ", words));
}

void Machine::set_open_files(std::uint32_t pid, std::uint64_t limit) {
  const auto found = processes_.find(pid);
  if (found != processes_.end()) {
    found->second.open_files = limit;
  }
}

bool Machine::listen(std::uint32_t pid, std::uint16_t port) {
  const auto found = processes_.find(pid);
  if (found == processes_.end() || listener(port) != nullptr) {
    return false;
  }
  found->second.ports.insert(port);
  return true;
}

void Machine::reboot() {
  core_.effect(fmt::format("host {} reboots", name_));
  while (!processes_.empty()) {
    exit(processes_.begin()->first, 137, "");
  }
  boot_id_ = new_boot_id();
  booted_ = core_.clock().now();
  next_pid = 1000;
}

void Machine::log(const std::string& folder, const std::string& line) {
  const auto slot = slots.find(folder);
  if (slot != slots.end()) {
    slot->second.log += line + "\n";
  }
}

bool Machine::has_program(const std::string& name) const {
  if (name == "java") {
    return java;
  }
  const std::size_t bin = name.rfind("/bin/memcached");
  const auto package =
      bin == std::string::npos ? packages.end() : packages.find(name.substr(0, bin));
  return (package != packages.end() && package->second.cache_node) || programs.contains(name);
}

ObservedDataDirectory Machine::data_directory(const std::string& path) const {
  ObservedDataDirectory seen;
  const auto store = stores.find(path);
  const auto myid = files.find(path + "/myid");
  const auto holds = [this](const std::string& folder) {
    const auto file = files.lower_bound(folder);
    return file != files.end() && file->first.starts_with(folder);
  };
  seen.has_data = (store != stores.end() && store->second->tree) || holds(path + "/version-2/");
  seen.exists = store != stores.end() || holds(path + "/");
  if (myid != files.end()) {
    seen.myid = myid->second.content.substr(0, myid->second.content.find('\n'));
  }
  return seen;
}

bool Machine::remove_folder(const std::string& path) {
  const auto remove_below = [&path](auto& entries) {
    return std::erase_if(entries, [&path](const auto& entry) {
      return entry.first == path || entry.first.starts_with(path + "/");
    });
  };
  const auto removed = remove_below(files) + remove_below(slots) + remove_below(stores);
  return removed > 0;
}

void Machine::move_data(const std::string& from, const std::string& to) {
  std::vector<std::string> paths;
  for (auto file = files.lower_bound(from + "/");
       file != files.end() && file->first.starts_with(from + "/"); ++file) {
    paths.push_back(file->first);
  }
  for (const std::string& path : paths) {
    files[to + path.substr(from.size())] = std::move(files.at(path));
    files.erase(path);
  }
  if (const auto store = stores.find(from); store != stores.end()) {
    stores[to] = std::move(store->second);
    stores.erase(store);
  }
}

bool Machine::set_aside(const std::string& path) {
  const auto has_below = [&](const std::string& folder) {
    const auto first = files.lower_bound(folder + "/");
    return (first != files.end() && first->first.starts_with(folder + "/")) ||
           stores.contains(folder);
  };
  int next = 1;
  while (has_below(fmt::format("{}/removed-{}", path, next))) {
    ++next;
  }
  const std::string folder = fmt::format("{}/removed-{}", path, next);
  std::vector<std::string> moving;
  for (const auto& [name, file] : files) {
    if (name == path + "/myid" || name.starts_with(path + "/version-2/")) {
      moving.push_back(name);
    }
  }
  for (const std::string& name : moving) {
    auto file = files.extract(name);
    file.key() = folder + name.substr(path.size());
    files.insert(std::move(file));
  }
  auto store = stores.extract(path);
  const bool stored = !store.empty();
  if (stored) {
    store.key() = folder;
    stores.insert(std::move(store));
  }
  return stored || !moving.empty();
}

}  // namespace arcform::sim

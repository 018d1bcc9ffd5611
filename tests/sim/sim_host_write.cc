// SPDX-License-Identifier: Apache-2.0
// The writing half of SimHost.
#include <utility>

#include <fmt/format.h>

#include "model/names.h"
#include "tests/sim/sim_host.h"

namespace arcform::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// "[a-z]+-[0-9]+", as the real driver wants a slot's name.
bool is_slot(std::string_view text) {
  const std::size_t dash = text.find('-');
  return dash != std::string_view::npos && dash > 0 && dash + 1 < text.size() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == dash &&
         text.find_first_not_of("0123456789", dash + 1) == std::string_view::npos;
}

bool is_clean_path(const std::string& path) {
  const std::string wrapped = "/" + path + "/";
  return !path.empty() && !path.ends_with('/') && path.find('\n') == std::string::npos &&
         !path.starts_with('~') && wrapped.find("/../") == std::string::npos &&
         wrapped.find("/./") == std::string::npos;
}

}  // namespace

Result<bool> SimHost::write_one(const FileWrite& file) {
  const std::string path = absolute(file.path);
  const auto below = machine_.files.lower_bound(path + "/");
  if (below != machine_.files.end() && below->first.starts_with(path + "/")) {
    return error(ErrorCode::failed_precondition, "write " + path, "it is a directory");
  }
  const auto found = machine_.files.find(path);
  if (found != machine_.files.end() && found->second.content == file.content) {
    return false;
  }
  const std::string subject = fmt::format("write {}", path);
  if (!machine_.writable) {
    return error(ErrorCode::permission_denied, subject, "the file system is read-only");
  }
  if (machine_.disk_full ||
      core_.faults().strikes(Fault::disk_full, fmt::format("host {} {}", name_, subject))) {
    return error(ErrorCode::resource_exhausted, subject, "no space left on device");
  }
  machine_.files[path] = File{file.content, file.mode};
  core_.effect(fmt::format("host {} {}", name_, subject));
  return true;
}

Awaitable<Result<void>> SimHost::write_files(std::vector<FileWrite> files) {
  core_.count_mutation();
  const std::string what = "write files";
  for (const FileWrite& file : files) {
    if (!is_clean_path(file.path)) {
      co_return error(ErrorCode::invalid_argument, "write " + printable(file.path),
                      "not a plain path");
    }
  }
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached;
  }
  for (const FileWrite& file : files) {
    auto written = write_one(file);
    if (!written) {
      co_return written.error();
    }
  }
  co_return reply(what);
}

Result<ProcessIdentity> SimHost::start_now(const StartRequest& request) {
  const std::string what = "start " + request.slot;
  if (const Process* live = process_of(request.slot)) {
    return ProcessIdentity{machine_.boot_id(), live->pid, live->start_ticks};
  }
  if (!machine_.writable) {
    return error(ErrorCode::permission_denied, what, directory_ + " is not writable");
  }
  const std::string subject = fmt::format("host {} {}", name_, what);
  if (machine_.disk_full || core_.faults().strikes(Fault::disk_full, subject)) {
    return error(ErrorCode::resource_exhausted, what, "no space left on device");
  }
  Slot& slot = machine_.slots[folder(request.slot)];  // stays, also when the start fails
  if (!machine_.has_program(request.argv[0])) {
    return error(ErrorCode::not_found, what, request.argv[0] + " is not there or not executable");
  }
  if (request.port != 0 && machine_.listener(request.port) != nullptr) {
    return error(ErrorCode::already_exists, what,
                 fmt::format("something else listens on port {}", request.port));
  }
  if (request.open_files > machine_.open_files_hard) {
    return error(ErrorCode::resource_exhausted, what,
                 fmt::format("{} open files wanted, the hard limit is {}", request.open_files,
                             machine_.open_files_hard));
  }
  const Time slow = core_.faults().strikes(Fault::slow_start, subject)
                        ? core_.pick(seconds(5), seconds(20))
                        : Time{0};
  const std::uint32_t pid = machine_.spawn(request.argv, folder(request.slot), slow);
  const ProcessIdentity identity{machine_.boot_id(), pid, machine_.process(pid)->start_ticks};
  machine_.set_open_files(pid, std::max<std::uint64_t>(1024, request.open_files));
  slot.identity = identity;
  slot.digest = request.digest;
  slot.last_exit.reset();
  core_.effect(fmt::format("host {} start {} as pid {}", name_, request.slot, pid));
  if (core_.faults().strikes(Fault::dies_at_once, subject)) {
    Machine* const machine = &machine_;
    core_.clock().after(core_.pick(milliseconds(1), milliseconds(10)), "a process dies at once",
                        [machine, identity] {
                          if (machine->process(identity) != nullptr) {
                            machine->exit(identity.pid, 1, "died at once");
                          }
                        });
  }
  return identity;
}

Awaitable<Result<ProcessIdentity>> SimHost::start(StartRequest request) {
  core_.count_mutation();
  const std::string what = "start " + request.slot;
  if (!is_slot(request.slot) || request.argv.empty() || request.argv.front().empty()) {
    co_return error(ErrorCode::invalid_argument, what, "bad slot, argv or digest");
  }
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached.error();
  }
  auto started = start_now(request);
  if (auto answered = reply(what); !answered) {
    co_return answered.error();
  }
  co_return std::move(started);
}

Awaitable<Result<StopOutcome>> SimHost::stop(StopRequest request) {
  core_.count_mutation();
  const std::string what = fmt::format("stop {} (pid {})", request.slot, request.process.pid);
  if (!is_slot(request.slot) || request.process.pid < 2 || request.patience.count() < 0) {
    co_return error(ErrorCode::invalid_argument, what, "bad slot, pid or patience");
  }
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached.error();
  }
  const auto killed = std::make_shared<bool>(false);
  const Time drained = core_.clock().now() + request.drain;
  while (machine_.process(request.process) != nullptr && core_.clock().now() < drained) {
    co_await core_.clock().wait_until(core_.clock().now() + milliseconds(20));
    if (auto still = reachable(what); !still) {
      co_return still.error();
    }
  }
  if (machine_.process(request.process) != nullptr) {
    core_.effect(fmt::format("host {} stop {} pid {}", name_, request.slot, request.process.pid));
    machine_.terminate(request.process.pid);
    // The script runs on the host to its end, whether or not we still hear of it.
    Machine* const machine = &machine_;
    core_.clock().after(request.patience, fmt::format("{}: the end of patience", what),
                        [machine, killed, identity = request.process] {
                          if (machine->process(identity) != nullptr) {
                            *killed = true;
                            machine->kill(identity.pid, "");
                          }
                        });
  }
  while (machine_.process(request.process) != nullptr) {
    co_await core_.clock().wait_until(core_.clock().now() + milliseconds(20));
    if (auto still = reachable(what); !still) {
      co_return still.error();
    }
  }
  if (auto answered = reply(what); !answered) {
    co_return answered.error();
  }
  co_return *killed ? StopOutcome::killed : StopOutcome::gone;
}

Awaitable<Result<std::string>> SimHost::tell(std::uint16_t port, std::string command,
                                             std::string end, milliseconds patience) {
  core_.count_mutation();
  const std::string words = command.substr(0, command.find_first_of("\r\n"));
  if (fence_.tree != 0) {
    const auto allowed = co_await reach_to_change(fmt::format("tell {}", port));
    if (!allowed) {
      co_return allowed.error();
    }
  }
  core_.note(fmt::format("host {} tell {} \"{}\"", name_, port, words));
  const Process* const listener = machine_.listener(port);
  if (words == "shutdown" && listener != nullptr && core_.connected(kController, machine_.name())) {
    core_.effect(fmt::format("host {} stop node-{} pid {}", name_, port, listener->pid));
  }
  auto told = co_await ask(port, std::move(command), std::move(end), patience);
  if (auto answered = reply(fmt::format("tell {}", port)); told && !answered) {
    co_return answered.error();
  }
  co_return std::move(told);
}

Awaitable<Result<void>> SimHost::raise_open_files(ProcessIdentity process, std::uint64_t files) {
  core_.count_mutation();
  const std::string what = fmt::format("raise the open files of pid {}", process.pid);
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached;
  }
  const Process* const found = machine_.process(process);
  if (found == nullptr) {
    co_return error(ErrorCode::aborted, what, "it is gone");
  }
  if (files > machine_.open_files_hard) {
    co_return error(ErrorCode::resource_exhausted, what,
                    fmt::format("the hard limit is {}", machine_.open_files_hard));
  }
  if (files > found->open_files) {
    machine_.set_open_files(process.pid, files);
    core_.effect(fmt::format("host {} raise {} to {} open files", name_, process.pid, files));
  }
  co_return reply(what);
}

Awaitable<Result<void>> SimHost::forget(std::string slot) {
  core_.count_mutation();
  const std::string what = "forget " + slot;
  if (!is_slot(slot) || !(slot.starts_with("node-") || slot.starts_with("server-"))) {
    co_return error(ErrorCode::invalid_argument, what, "not a slot's name");
  }
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached;
  }
  if (const Process* live = process_of(slot)) {
    co_return error(ErrorCode::failed_precondition, what,
                    fmt::format("its process {} lives", live->pid));
  }
  const bool had = machine_.remove_folder(folder(slot));
  if (had) {
    core_.effect(fmt::format("host {} {}", name_, what));
  }
  co_return reply(what);
}

Awaitable<Result<void>> SimHost::set_aside(std::string slot, std::vector<std::string> directories) {
  core_.count_mutation();
  const std::string what = "set aside the data of " + slot;
  if (!is_slot(slot) || !slot.starts_with("server-") ||
      !std::all_of(directories.begin(), directories.end(),
                   [](const std::string& path) { return path.starts_with('/'); })) {
    co_return error(ErrorCode::invalid_argument, what, "not a server's slot, or no absolute path");
  }
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached;
  }
  if (const Process* live = process_of(slot)) {
    co_return error(ErrorCode::failed_precondition, what,
                    fmt::format("its process {} lives", live->pid));
  }
  const bool ours = observed_slots().contains(slot);
  for (const std::string& directory : directories) {
    if (ours && machine_.set_aside(directory)) {
      core_.effect(fmt::format("host {} {}: {}", name_, what, directory));
    }
  }
  co_return reply(what);
}

Result<void> SimHost::adopt_now(const AdoptRequest& request) {
  const std::string what = fmt::format("adopt pid {} as {}", request.process.pid, request.slot);
  const Process* const own = process_of(request.slot);
  const Process* const process = machine_.process(request.process);
  if (own != nullptr && own != process) {
    return error(ErrorCode::already_exists, what,
                 fmt::format("its slot has a live process (pid {})", own->pid));
  }
  if (process == nullptr || process->argv != request.argv) {
    return error(ErrorCode::aborted, what,
                 process == nullptr ? "it has ended" : "it runs with another command line by now");
  }
  if (request.answering != 0 && request.answering != process->pid) {
    return error(ErrorCode::aborted, what, "its port is answered by another process");
  }
  if (!machine_.writable || machine_.disk_full) {
    return error(
        machine_.writable ? ErrorCode::resource_exhausted : ErrorCode::permission_denied, what,
        directory_ + (machine_.writable ? ": no space left on device" : " is not writable"));
  }
  if (own == nullptr) {
    Slot& slot = machine_.slots[folder(request.slot)];
    slot.identity = request.process;
    slot.digest = request.digest;
    core_.effect(fmt::format("host {} adopt {} pid {}", name_, request.slot, process->pid));
  }
  return {};
}

Awaitable<Result<void>> SimHost::adopt(AdoptRequest request) {
  core_.count_mutation();
  const std::string what = "adopt " + request.slot;
  if (!is_slot(request.slot) || request.argv.empty() || request.process.pid < 2) {
    co_return error(ErrorCode::invalid_argument, what, "bad slot, argv, pid or digest");
  }
  auto reached = co_await reach_to_change(what);
  if (!reached) {
    co_return reached;
  }
  auto adopted = adopt_now(request);
  if (auto answered = reply(what); !answered) {
    co_return answered.error();
  }
  co_return adopted;
}

}  // namespace arcform::sim

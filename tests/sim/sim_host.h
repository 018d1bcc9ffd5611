// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "drivers/world.h"
#include "tests/sim/sim_machine.h"

namespace arcform::sim {

/// One machine as the controller reaches it for one deployment. Commands take some milliseconds;
/// a machine that is cut off does not answer, and what runs there runs on.
class SimHost final : public Host {
 public:
  /// `name` is the host's name in the spec; `directory` our folder there, absolute.
  SimHost(SimCore& core, Machine& machine, std::string name, std::string directory)
      : core_(core), machine_(machine), name_(std::move(name)), directory_(std::move(directory)) {}

  Awaitable<Result<HostFacts>> probe(ProbeRequest request) override;
  Awaitable<Result<std::string>> ask_at(Endpoint at, std::string question, std::string end,
                                        std::chrono::milliseconds patience) override;
  Awaitable<Result<std::string>> last_words(std::string slot) override;
  Awaitable<Result<bool>> is_alive(ProcessIdentity process) override;
  Awaitable<Result<void>> answers() override;
  Awaitable<Result<std::optional<std::string>>> read_file(std::string path) override;

  Awaitable<Result<void>> follow(std::function<bool(const HostNews&)> tell) override;

  void fence(Fence fence) override { fence_ = fence; }
  Awaitable<Result<void>> obey() override { return reach_to_change("obey"); }
  Awaitable<Result<void>> write_files(std::vector<FileWrite> files) override;
  Awaitable<Result<ProcessIdentity>> start(StartRequest request) override;
  Awaitable<Result<StopOutcome>> stop(StopRequest request) override;
  Awaitable<Result<std::string>> tell(std::uint16_t port, std::string command, std::string end,
                                      std::chrono::milliseconds patience) override;
  Awaitable<Result<void>> raise_open_files(ProcessIdentity process, std::uint64_t files) override;
  Awaitable<Result<void>> adopt(AdoptRequest request) override;
  Awaitable<Result<void>> forget(std::string slot) override;
  Awaitable<Result<void>> set_aside(std::string slot,
                                    std::vector<std::string> directories) override;
  Awaitable<Result<void>> install(InstallRequest request) override;
  Awaitable<Result<void>> remove_release(RemoveRequest request) override;

  const std::string& directory() const { return directory_; }
  /// The controller's sleep, for Fault::clock_jump.
  std::function<void(Time)> on_clock_jump;
  /// The machine is cut off for so long, for Fault::partition.
  std::function<void(Time)> on_partition;

 private:
  /// The way to the machine and into its shell. `what`: "start node-11211".
  Awaitable<Result<void>> reach(std::string what);
  /// As reach(), for a change: refused when a later epoch has been obeyed here.
  Awaitable<Result<void>> reach_to_change(std::string what);
  Result<void> reachable(const std::string& what) const;
  /// The way back of the reply of a write.
  Result<void> reply(const std::string& what);
  Error error(ErrorCode code, const std::string& what, const std::string& why) const;
  std::string folder(const std::string& slot) const { return directory_ + "/" + slot; }
  std::string absolute(const std::string& path) const;
  Result<bool> write_one(const FileWrite& file);
  Result<ProcessIdentity> start_now(const StartRequest& request);
  Result<void> adopt_now(const AdoptRequest& request);
  /// The live process of the slot; nullptr: none.
  const Process* process_of(const std::string& slot) const;
  std::map<std::string, ObservedSlot> observed_slots() const;
  std::vector<ObservedProcess> observed_processes() const;
  ObservedReleases observed_releases(const ReleasePlace& place) const;
  std::optional<Result<void>> settled_before(const InstallRequest& request);
  Awaitable<Result<void>> receive(const InstallRequest& request, std::string beside);
  void forget_leftovers(const std::string& folder, const std::string& package);

  SimCore& core_;
  Machine& machine_;
  std::string name_;
  std::string directory_;
  Fence fence_;
};

}  // namespace arcform::sim

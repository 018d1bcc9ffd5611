// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace arcform::sim {

/// What can go wrong, each by itself.
enum class Fault {
  zk_error_before,    ///< a commit fails with unavailable and was not done
  zk_error_after,     ///< a commit was done and fails with unavailable: the lost reply
  zk_read_fails,      ///< a read or sync fails with unavailable
  zk_stale_read,      ///< a read misses the last commit of somebody else, unless sync came first
  zk_expire,          ///< our session expires at this request
  foreign_write,      ///< somebody else writes just before our commit
  host_error_before,  ///< a host command fails with unavailable and was not done
  host_error_after,   ///< a host command was done and fails with unavailable: the lost reply
  probe_fails,        ///< a probe fails with deadline_exceeded
  slow_start,         ///< a started process takes 5 to 20 s longer
  dies_at_once,       ///< a started process ends within 10 ms
  disk_full,          ///< a write_files, start or install finds the disk full
  upload_cut,         ///< the connection is lost while an archive is on its way
  clock_jump,         ///< the controller sleeps for 1 to 60 s before a request is sent
  partition,          ///< a host is cut off from everything for 5 to 60 s
};
inline constexpr std::size_t kFaultKinds = 15;
const char* name_of(Fault fault);

/// Probabilities (0..1) per opportunity, by fault. All 0: nothing goes wrong by itself.
struct FaultPlan {
  std::array<double, kFaultKinds> probability{};
  double& operator[](Fault fault) { return probability[static_cast<std::size_t>(fault)]; }
  double operator[](Fault fault) const { return probability[static_cast<std::size_t>(fault)]; }
  /// The same probability for every fault.
  static FaultPlan all(double probability);
  /// Swarm testing: a seeded choice of faults, about half of them on, each with its own
  /// probability of at most `most`.
  static FaultPlan swarm(std::mt19937_64& random, double most);
};

/// Decides at each opportunity whether a fault strikes: those armed by a test first, then by
/// probability.
class Faults {
 public:
  explicit Faults(std::mt19937_64& random) : random_(random) {}

  void set_plan(const FaultPlan& plan) { plan_ = plan; }
  /// The next `times` opportunities whose subject contains `subject` ("" matches all) are struck,
  /// after `skip` matching ones were let through.
  void arm(Fault fault, std::string subject = "", int times = 1, int skip = 0);
  /// Nothing strikes any more: neither armed nor by probability.
  void calm();
  /// Whether the fault strikes here. `subject` is what the log would say: "zk create /arcus".
  bool strikes(Fault fault, std::string_view subject);
  /// Called with "fault <name>: <subject>" when one strikes.
  std::function<void(std::string)> on_strike;

 private:
  struct Armed {
    Fault fault;
    std::string subject;
    int times;
    int skip;
  };
  bool decide(Fault fault, std::string_view subject);

  std::mt19937_64& random_;
  FaultPlan plan_;
  std::vector<Armed> armed_;
};

}  // namespace arcform::sim

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "tests/sim/sim_cache_node.h"
#include "tests/sim/sim_machine.h"
#include "tests/sim/sim_server.h"

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;

/// "stand-in listens PORT", "stand-in ends", "stand-in ignores-term PORT", "stand-in waits"; any
/// other argv waits as well.
class StandIn final : public Program {
 public:
  StandIn(SimCore& core, Machine& machine, const std::vector<std::string>& argv)
      : Program(core, machine), way_(argv.size() > 1 ? argv[1] : "waits") {
    if (argv.size() > 2) {
      std::from_chars(argv[2].data(), argv[2].data() + argv[2].size(), port_);
    }
  }
  void launch() override {
    if (way_ == "ends") {
      later(milliseconds(1), "ends", [this] { end(3, "stand-in ends"); });
    } else if (port_ != 0) {
      later(milliseconds(3), "listens", [this] {
        if (!machine_.listen(pid_, port_)) {
          end(71, "address already in use");
        }
      });
    }
  }
  void terminate() override {
    if (way_ != "ignores-term") {
      Program::terminate();
    }
  }

 private:
  std::string way_;
  std::uint16_t port_ = 0;
};

}  // namespace

std::shared_ptr<Program> make_program(SimCore& core, Ensemble& ensemble, Machine& machine,
                                      const std::vector<std::string>& argv) {
  if (argv[0].ends_with("/memcached")) {
    return std::make_shared<CacheNode>(core, ensemble, machine, argv);
  }
  const bool server = std::any_of(argv.begin(), argv.end(), [](const std::string& word) {
    return word.ends_with("QuorumPeerMain");
  });
  if (server) {
    return std::make_shared<ServerProgram>(core, ensemble, machine, argv.back());
  }
  return std::make_shared<StandIn>(core, machine, argv);
}

}  // namespace arcform::sim

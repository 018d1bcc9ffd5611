// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "tests/sim/sim_cache_node.h"
#include "tests/sim/sim_machine.h"
#include "tests/sim/sim_server.h"

namespace arcform::sim {
namespace {

/// Does nothing; ends when it is told to, or after `length` where that is given.
class IdleProgram final : public Program {
 public:
  IdleProgram(SimCore& core, Machine& machine, std::optional<Time> length)
      : Program(core, machine), length_(length) {}
  void launch() override {
    if (length_) {
      later(*length_, "ends", [this] { end(0, ""); });
    }
  }

 private:
  std::optional<Time> length_;
};

std::optional<Time> length_of(const std::vector<std::string>& argv) {
  const std::string name = argv[0].substr(argv[0].rfind('/') + 1);
  int length = 0;
  if (name == "true") {
    return Time{0};
  }
  if (name != "sleep" || argv.size() < 2) {
    return std::nullopt;
  }
  std::from_chars(argv[1].data(), argv[1].data() + argv[1].size(), length);
  return std::chrono::seconds(length);
}

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
  return std::make_shared<IdleProgram>(core, machine, length_of(argv));
}

}  // namespace arcform::sim

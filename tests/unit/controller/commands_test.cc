// SPDX-License-Identifier: Apache-2.0
// Commands as people see them, in the simulated world.
#include "controller/commands.h"

#include "tests/sim/controller_process.h"
#include "tests/unit/controller/paper.h"
#include "tests/unit/controller/watch_stage.h"

namespace arcform::sim {
namespace {

struct Ended {
  ExitStatus status;
  std::string said;
};

Ended run(SimWorld& world, const DesiredState& desired, const Options& options) {
  Paper console;
  ControllerProcess process(world);
  Signals signals(process.loop(), console);
  arcform::Machine machine{{process.loop(), world.clock(), world},
                           world.zookeeper(),
                           console,
                           "ann@ops1 pid 4711",
                           signals,
                           {},
                           {}};
  Input input;
  input.desired = desired;
  const ExitStatus status = process.run(run_command(machine, options, input));
  return {status, console.written};
}

Options request(Command command, const std::string& subject) {
  Options options;
  options.command = command;
  options.subject = subject;
  options.pause_time = seconds(60);
  return options;
}

bool says(const Ended& ended, const std::string& text) {
  INFO(ended.said);
  CHECK(ended.said.find(text) != std::string::npos);
  return ended.said.find(text) != std::string::npos;
}

TEST_CASE("what does not exist cannot be paused, nor resumed") {
  const Command command = GENERATE(Command::pause, Command::resume);
  SimWorld world(spec());
  REQUIRE(run_apply(world, spec()).result.outcome == Outcome::converged);
  for (const auto& [scope, meant] : std::vector<std::pair<std::string, std::string>>{
           {"cloud:test-clood", "did you mean cloud:test-cloud?"},
           {"host:cache01.arcus", "did you mean host:cache001.arcus?"},
           {"node:10.0.0.1:11219", "did you mean node:10.0.0.1:1121"}}) {
    const Ended ended = run(world, spec(), request(command, scope));
    CHECK(ended.status == ExitStatus::invalid);
    says(ended, scope + ": neither the spec nor ZooKeeper knows it; " + meant);
  }
  CHECK(run(world, spec(), request(command, "everything")).status == ExitStatus::invalid);
  for (const char* const scope :
       {"all", "cloud:test-cloud", "host:cache001.arcus", "node:10.0.0.1:11211"}) {
    const Ended ended = run(world, spec(), request(command, scope));
    INFO(ended.said);
    CHECK(ended.status == ExitStatus::done);
  }
}

TEST_CASE("what the spec has lost can be paused while it is there, and resumed when it is gone") {
  SimWorld world(spec());
  REQUIRE(run_apply(world, spec()).result.outcome == Outcome::converged);
  DesiredState fewer = spec();
  fewer.digest = "fewer";
  fewer.clouds[0].nodes.pop_back();
  const std::string scope = "node:10.0.0.3:11212";
  CHECK(run(world, fewer, request(Command::pause, scope)).status == ExitStatus::done);
  world.advance(minutes(2));
  REQUIRE(run_apply(world, fewer).result.outcome == Outcome::converged);
  says(run(world, fewer, request(Command::resume, scope)), "goes on");
  CHECK(run(world, fewer, request(Command::resume, scope)).status == ExitStatus::invalid);
}

TEST_CASE("an apply that loses the lock on its way says what it has done") {
  SimWorld world(spec());
  REQUIRE(run_apply(world, spec()).result.outcome == Outcome::converged);
  world.core().clock().after(seconds(45), "another apply", [&world] {
    world.expire_sessions();
    world.create_znode("/arcform/seoul-prod/lock", "");
  });
  Options options;
  options.command = Command::apply;
  options.yes = true;
  const Ended ended = run(world, spec(6), options);
  CHECK(ended.status == ExitStatus::lock_held);
  says(ended, "restart cache node");
  says(ended, "Not converged: another apply holds the lock by now");
  const Ended again = run(world, spec(6), options);
  CHECK(again.status == ExitStatus::lock_held);
  says(again, "Nothing was done: another apply holds the lock");
}

}  // namespace
}  // namespace arcform::sim

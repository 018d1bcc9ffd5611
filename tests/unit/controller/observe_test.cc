// SPDX-License-Identifier: Apache-2.0
#include "controller/observe.h"

#include <map>

#include <catch2/catch.hpp>

#include "tests/sim/run_loop.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

/// A host that is slow to log in to: the first questions, asked beside the probe, run out of their
/// time before the login is over. `log_in` is what the probe waits for.
class SlowLogin final : public HostReader {
 public:
  SlowLogin(HostReader& host, Clock& clock) : host_(host), clock_(clock) {}
  int late = 0;  ///< questions that had no answer in time

  Awaitable<Result<HostFacts>> probe(ProbeRequest request) override {
    co_await clock_.wait_until(clock_.now() + std::chrono::seconds(3));
    logged_in_ = true;
    Result<HostFacts> facts = co_await host_.probe(std::move(request));
    co_return facts;
  }
  Awaitable<Result<std::string>> ask_at(Endpoint at, std::string question, std::string end,
                                        std::chrono::milliseconds patience) override {
    if (!logged_in_) {
      co_await clock_.wait_until(clock_.now() + patience);
    }
    if (!logged_in_) {
      ++late;
      co_return Error{ErrorCode::deadline_exceeded, "not logged in in time"};
    }
    Result<std::string> answer =
        co_await host_.ask_at(at, std::move(question), std::move(end), patience);
    co_return answer;
  }
  Awaitable<Result<std::string>> last_words(std::string slot) override {
    return host_.last_words(std::move(slot));
  }
  Awaitable<Result<bool>> is_alive(ProcessIdentity process) override {
    return host_.is_alive(std::move(process));
  }
  Awaitable<Result<std::optional<std::string>>> read_file(std::string path) override {
    return host_.read_file(std::move(path));
  }

 private:
  HostReader& host_;
  Clock& clock_;
  bool logged_in_ = false;
};

class SlowLogins final : public HostReaders {
 public:
  explicit SlowLogins(SimWorld& world) : world_(world) {}
  HostReader& reader(const DesiredHost& access, const std::string& deployment) override {
    return readers_.try_emplace(access.name, world_.host(access, deployment), world_.clock())
        .first->second;
  }
  int late() const {
    int sum = 0;
    for (const auto& [name, reader] : readers_) {
      sum += reader.late;
    }
    return sum;
  }

 private:
  SimWorld& world_;
  std::map<std::string, SlowLogin> readers_;
};

Awaitable<ObservedState> look_at(SimWorld& world, HostReaders& hosts, const DesiredState& desired) {
  EnsembleSession session(world.io(), world.zookeeper(), connect_string(desired));
  const ReadWorld reading{world.io(), world.clock(), hosts};
  ObservedState seen = co_await observe(reading, session, desired, ObservePatience{});
  co_await session.close();
  co_return seen;
}

TEST_CASE("who could not be asked before the login was over is not taken for silent") {
  const DesiredState desired = three_hosts();
  SimWorld world(desired);
  REQUIRE(run_apply(world, desired).result.outcome == Outcome::converged);
  world.advance(std::chrono::seconds(60));  // What runs is old enough for early answers to count.
  SlowLogins hosts(world);
  const ObservedState seen = world.run(look_at(world, hosts, desired));
  CHECK(hosts.late() >= 9);  // Three servers and six nodes were asked too early.
  CHECK(seen.nodes.size() == 6);
  for (const auto& [node, answer] : seen.nodes) {
    CAPTURE(node.text());
    CHECK(answer.is_present());
  }
  CHECK(seen.servers.size() == 3);
  for (const auto& [id, answer] : seen.servers) {
    CAPTURE(id);
    CHECK(answer.is_present());
  }
}

}  // namespace
}  // namespace arcform::sim

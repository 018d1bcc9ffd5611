// SPDX-License-Identifier: Apache-2.0
#include "controller/observe.h"

#include <algorithm>
#include <map>

#include <catch2/catch.hpp>

#include "model/membership.h"
#include "tests/sim/run_loop.h"
#include "tests/support/builders.h"

namespace arcform::sim {
namespace {

using std::chrono::seconds;

/// A host that takes its time to log in: questions that were asked beside the probe may run out of
/// theirs meanwhile.
class SlowLogin final : public HostReader {
 public:
  SlowLogin(HostReader& host, Clock& clock, Time takes)
      : host_(host), clock_(clock), logged_in_at_(clock.now() + takes) {}
  int late = 0;     ///< questions that had no answer in time
  int members = 0;  ///< questions for a server's list of members

  Awaitable<Result<HostFacts>> probe(ProbeRequest request) override {
    co_await clock_.wait_until(logged_in_at_);
    Result<HostFacts> facts = co_await host_.probe(std::move(request));
    co_return facts;
  }
  Awaitable<Result<std::string>> ask_at(Endpoint at, std::string question, std::string end,
                                        std::chrono::milliseconds patience) override {
    members += question == "conf" ? 1 : 0;
    co_await clock_.wait_until(std::min(logged_in_at_, clock_.now() + Time(patience)));
    if (clock_.now() < logged_in_at_) {
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
  Awaitable<Result<void>> answers() override { return host_.answers(); }
  Awaitable<Result<std::optional<std::string>>> read_file(std::string path) override {
    return host_.read_file(std::move(path));
  }
  Awaitable<Result<void>> follow(std::function<bool(const HostNews&)> tell) override {
    return host_.follow(std::move(tell));
  }

 private:
  HostReader& host_;
  Clock& clock_;
  Time logged_in_at_;
};

class SlowLogins final : public HostReaders {
 public:
  SlowLogins(SimWorld& world, Time takes) : world_(world), takes_(takes) {}
  HostReader& reader(const DesiredHost& access, const std::string& deployment) override {
    Host& host = world_.host(access, deployment);
    return readers_.try_emplace(access.name, host, world_.clock(), takes_).first->second;
  }
  int sum(int SlowLogin::*counter) const {
    int sum = 0;
    for (const auto& [name, reader] : readers_) {
      sum += reader.*counter;
    }
    return sum;
  }

 private:
  SimWorld& world_;
  Time takes_;
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
  world.advance(seconds(60));  // What runs is old enough for early answers to count.
  SlowLogins hosts(world, seconds(3));
  const ObservedState seen = world.run(look_at(world, hosts, desired));
  CHECK(hosts.sum(&SlowLogin::late) >= 9);  // Three servers and six nodes were asked too early.
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

TEST_CASE("a server is asked for its list of members only when its probe is no proof of it") {
  const DesiredState desired = three_hosts();
  SimWorld world(desired);
  REQUIRE(run_apply(world, desired).result.outcome == Outcome::converged);
  int edited = 0;
  for (const Time age : {Time(seconds(1)), Time(seconds(60))}) {
    world.advance(age);
    SlowLogins hosts(world, seconds(0));
    const ObservedState seen = world.run(look_at(world, hosts, desired));
    CHECK(hosts.sum(&SlowLogin::members) == edited);
    for (const int id : {1, 2, 3}) {
      CAPTURE(id);
      REQUIRE(seen.servers.at(id).is_present());
      CHECK(seen.servers.at(id).value().members == wanted_members(desired));
    }
    const auto& files = world.machine("cache002.arcus").files;
    const auto config = std::find_if(files.begin(), files.end(), [](const auto& file) {
      return file.first.ends_with("zoo.cfg");
    });
    REQUIRE(config != files.end());
    // By hand, so this is not what the server was started with.
    world.edit_file("cache002.arcus", config->first, "server.9=10.0.0.9:2888:3888\n");
    edited = 1;
  }
}

TEST_CASE("a record alone does not have scripts run on the controller's machine") {
  const HostRecord record{"gone", "10.0.0.9", "local", "", 22, ""};
  DesiredState desired;
  desired.hosts.resize(2);
  CHECK(access_of(record, desired).transport == Transport::ssh);
  desired.hosts[1].transport = Transport::local;
  CHECK(access_of(record, desired).transport == Transport::local);
}

}  // namespace
}  // namespace arcform::sim

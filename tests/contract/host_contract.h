// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "drivers/world.h"

/// What every Host must do, real or simulated. Call check_host_contract in a TEST_CASE that makes a
/// fresh fixture; the checks are SECTIONs, so the fixture is made anew for each.
namespace arcform {

class HostFixture {
 public:
  enum class Program {
    listens,        ///< on the port, until SIGTERM
    exits_at_once,  ///< with a line that contains "stand-in ends" in its log
    ignores_term,   ///< lives until SIGKILL
    waits,          ///< lives until SIGTERM, listens nowhere
  };
  virtual ~HostFixture() = default;
  /// A host whose folder of ours does not exist yet.
  virtual Host& host() = 0;
  /// Drives `work` to its end.
  virtual void run(Awaitable<void> work) = 0;
  virtual std::vector<std::string> argv(Program program, std::uint16_t port) = 0;
  /// A port on which nobody listens on that host.
  virtual std::uint16_t free_port() = 0;
  /// An absolute path of an existing, empty folder that may be written to.
  virtual std::string folder() = 0;
  /// A few milliseconds of the host's time.
  virtual void pause() = 0;
};

template <class T>
Awaitable<void> store_result(Awaitable<T> from, std::optional<T>* into) {
  T value = co_await std::move(from);
  into->emplace(std::move(value));
}

template <class T>
T await(HostFixture& fixture, Awaitable<T> work) {
  std::optional<T> result;
  fixture.run(store_result(std::move(work), &result));
  REQUIRE(result.has_value());
  return std::move(*result);
}

/// The value, or a failed test that shows the error.
template <class T>
T expect(Result<T> result) {
  if (!result) {
    FAIL(name_of(result.error().code) << ": " << result.error().message);
  }
  return std::move(*result);
}

inline void expect(const Result<void>& result) {
  if (!result) {
    FAIL(name_of(result.error().code) << ": " << result.error().message);
  }
}

inline StartRequest request_for(HostFixture& fixture, HostFixture::Program program,
                                const std::string& slot = "node-1", std::uint16_t port = 0) {
  StartRequest request;
  request.slot = slot;
  request.argv = fixture.argv(program, port);
  request.digest = "d1";
  request.port = port;
  return request;
}

inline HostFacts probed(HostFixture& fixture, ProbeRequest request = {}) {
  return expect(await(fixture, fixture.host().probe(std::move(request))));
}

inline bool lives(HostFixture& fixture, const ProcessIdentity& process) {
  return expect(await(fixture, fixture.host().is_alive(process)));
}

inline StopOutcome stopped(HostFixture& fixture, const std::string& slot,
                           const ProcessIdentity& process,
                           std::chrono::milliseconds patience = std::chrono::seconds{10}) {
  StopRequest request;
  request.slot = slot;
  request.process = process;
  request.patience = patience;
  return expect(await(fixture, fixture.host().stop(request)));
}

inline ProcessIdentity started(HostFixture& fixture, const StartRequest& request) {
  return expect(await(fixture, fixture.host().start(request)));
}

/// Stops whatever a check left running.
class Cleaner {
 public:
  explicit Cleaner(HostFixture& fixture) : fixture_(fixture) {}
  Cleaner(const Cleaner&) = delete;
  Cleaner& operator=(const Cleaner&) = delete;
  ~Cleaner() {
    for (const auto& process : processes_) {
      StopRequest request;
      request.slot = "node-1";
      request.process = process;
      request.patience = std::chrono::milliseconds{50};
      std::optional<Result<StopOutcome>> result;
      fixture_.run(store_result(fixture_.host().stop(request), &result));
    }
  }
  ProcessIdentity operator()(ProcessIdentity process) {
    processes_.push_back(process);
    return process;
  }

 private:
  HostFixture& fixture_;
  std::vector<ProcessIdentity> processes_;
};

inline void check_probing(HostFixture& fixture) {
  SECTION("a host without our folder") {
    const HostFacts facts = probed(fixture);
    CHECK(await(fixture, fixture.host().answers()));
    CHECK(facts.boot_id.size() == 36);
    CHECK(facts.directory.starts_with('/'));
    CHECK(facts.directory_writable);
    CHECK(facts.memory_total_kb > 0);
    CHECK(facts.memory_available_kb > 0);
    CHECK(facts.open_files_hard > 0);
    CHECK(facts.uptime_ticks > 0);
    CHECK(facts.slots.empty());
  }
  SECTION("a prefix and a data directory without anything") {
    ProbeRequest request;
    request.prefixes = {fixture.folder() + "/no-package"};
    request.data_directory = fixture.folder() + "/no-data";
    const HostFacts facts = probed(fixture, request);
    REQUIRE(facts.packages.size() == 1);
    CHECK(facts.packages.begin()->second == ObservedPackage{});
    CHECK(facts.data == ObservedDataDirectory{});
  }
  SECTION("a server's configuration and its data directory") {
    const std::string config = "tickTime=2000\nserver.1=10.0.0.1:2888:3888;2181\n";
    expect(await(fixture, fixture.host().write_files(
                              {{"server-1/zoo.cfg", config, 0644},
                               {fixture.folder() + "/data/myid", "1\n", 0644},
                               {fixture.folder() + "/data/version-2/log.1", "x", 0644}})));
    ProbeRequest request;
    request.data_directory = fixture.folder() + "/data";
    const HostFacts facts = probed(fixture, request);
    CHECK(facts.data == ObservedDataDirectory{true, "1", true});
    REQUIRE(facts.slot("server-1") != nullptr);
    CHECK(facts.slot("server-1")->config == config);
    CHECK_FALSE(facts.slot("server-1")->identity.has_value());
  }
}

inline void check_starting(HostFixture& fixture) {
  Cleaner cleaner(fixture);
  SECTION("a started process is seen with its identity, argv and port") {
    const std::uint16_t port = fixture.free_port();
    const StartRequest request =
        request_for(fixture, HostFixture::Program::listens, node_slot(port), port);
    const ProcessIdentity identity = cleaner(started(fixture, request));
    CHECK(lives(fixture, identity));
    HostFacts facts = probed(fixture);
    for (int i = 0; i < 400 && !facts.is_listening(port); ++i) {
      fixture.pause();
      facts = probed(fixture);
    }
    CHECK(facts.is_listening(port));
    REQUIRE(facts.slot(request.slot) != nullptr);
    const ObservedSlot& slot = *facts.slot(request.slot);
    CHECK(slot.identity == identity);
    CHECK(slot.digest == "d1");
    REQUIRE(facts.process_of(slot) != nullptr);
    CHECK(facts.process_of(slot)->argv == request.argv);
    CHECK(facts.uptime_ticks >= identity.start_ticks);
  }
  SECTION("starting twice leaves the first one alone") {
    StartRequest request = request_for(fixture, HostFixture::Program::waits);
    const ProcessIdentity first = cleaner(started(fixture, request));
    request.digest = "d2";
    CHECK(cleaner(started(fixture, request)) == first);
    CHECK(probed(fixture).slot("node-1")->digest == "d1");
  }
  SECTION("the next life has the digest it was started with") {
    StartRequest request = request_for(fixture, HostFixture::Program::waits);
    const ProcessIdentity first = cleaner(started(fixture, request));
    stopped(fixture, "node-1", first);
    request.digest = "d2";
    CHECK_FALSE(cleaner(started(fixture, request)) == first);
    CHECK(probed(fixture).slot("node-1")->digest == "d2");
  }
}

inline void check_failing_starts(HostFixture& fixture) {
  Cleaner cleaner(fixture);
  SECTION("a taken port refuses") {
    const std::uint16_t port = fixture.free_port();
    cleaner(started(fixture, request_for(fixture, HostFixture::Program::listens, "node-1", port)));
    for (int i = 0; i < 400 && !probed(fixture).is_listening(port); ++i) {
      fixture.pause();
    }
    const auto second = await(
        fixture,
        fixture.host().start(request_for(fixture, HostFixture::Program::listens, "node-2", port)));
    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().code == ErrorCode::already_exists);
    CHECK(second.error().message.find(std::to_string(port)) != std::string::npos);
  }
  SECTION("a program that is not there") {
    StartRequest request = request_for(fixture, HostFixture::Program::waits);
    request.argv = {fixture.folder() + "/no-such-program"};
    auto result = await(fixture, fixture.host().start(request));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::not_found);
    request.argv = {"no-such-program-on-any-path"};
    result = await(fixture, fixture.host().start(request));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::not_found);
  }
  SECTION("a program that ends at once leaves its last words, and can be started again") {
    const StartRequest request = request_for(fixture, HostFixture::Program::exits_at_once);
    const ProcessIdentity first = started(fixture, request);
    for (int i = 0; i < 400 && lives(fixture, first); ++i) {
      fixture.pause();
    }
    CHECK_FALSE(lives(fixture, first));
    const std::string words = expect(await(fixture, fixture.host().last_words("node-1")));
    CHECK(words.find("stand-in ends") != std::string::npos);
    const HostFacts facts = probed(fixture);
    CHECK(facts.process_of(*facts.slot("node-1")) == nullptr);
    CHECK_FALSE(started(fixture, request) == first);
  }
  SECTION("no log, no words") {
    CHECK(expect(await(fixture, fixture.host().last_words("node-9"))).empty());
  }
}

inline void check_stopping(HostFixture& fixture) {
  Cleaner cleaner(fixture);
  SECTION("SIGTERM is enough") {
    const ProcessIdentity process =
        started(fixture, request_for(fixture, HostFixture::Program::waits));
    CHECK(stopped(fixture, "node-1", process) == StopOutcome::gone);
    CHECK_FALSE(lives(fixture, process));
    CHECK(stopped(fixture, "node-1", process) == StopOutcome::gone);
  }
  SECTION("SIGKILL after the patience") {
    const std::uint16_t port = fixture.free_port();
    const ProcessIdentity process = cleaner(
        started(fixture, request_for(fixture, HostFixture::Program::ignores_term, "node-1", port)));
    for (int i = 0; i < 400 && !probed(fixture).is_listening(port); ++i) {
      fixture.pause();
    }
    CHECK(stopped(fixture, "node-1", process, std::chrono::milliseconds{200}) ==
          StopOutcome::killed);
    CHECK_FALSE(lives(fixture, process));
  }
  SECTION("a process that only has the pid is left alone") {
    const ProcessIdentity process =
        cleaner(started(fixture, request_for(fixture, HostFixture::Program::waits)));
    ProcessIdentity forged = process;
    forged.start_ticks += 1;
    CHECK_FALSE(lives(fixture, forged));
    CHECK(stopped(fixture, "node-1", forged) == StopOutcome::gone);
    forged = process;
    forged.boot_id = "00000000-0000-0000-0000-000000000000";
    CHECK_FALSE(lives(fixture, forged));
    CHECK(stopped(fixture, "node-1", forged) == StopOutcome::gone);
    CHECK(lives(fixture, process));
  }
}

inline void check_forgetting(HostFixture& fixture) {
  Cleaner cleaner(fixture);
  const ProcessIdentity process =
      cleaner(started(fixture, request_for(fixture, HostFixture::Program::waits)));
  const auto refused = await(fixture, fixture.host().forget("node-1"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::failed_precondition);
  CHECK(lives(fixture, process));
  stopped(fixture, "node-1", process);
  expect(await(fixture, fixture.host().forget("node-1")));
  CHECK(probed(fixture).slots.empty());
  expect(await(fixture, fixture.host().forget("node-1")));
}

/// Every change that a host can be told. It overrides all of HostWriter, so one that is added there
/// must be added here too, or this does not compile; all() says each of them.
class EveryChange final : public HostWriter {
 public:
  explicit EveryChange(HostFixture& fixture, ProcessIdentity process)
      : host_(fixture.host()), fixture_(fixture), process_(process) {}

  void fence(Fence fence) override { host_.fence(fence); }
  Awaitable<Result<void>> obey() override { return host_.obey(); }
  Awaitable<Result<void>> write_files(std::vector<FileWrite> files) override {
    return host_.write_files(std::move(files));
  }
  Awaitable<Result<ProcessIdentity>> start(StartRequest request) override {
    return host_.start(std::move(request));
  }
  Awaitable<Result<StopOutcome>> stop(StopRequest request) override {
    return host_.stop(std::move(request));
  }
  Awaitable<Result<std::string>> tell(std::uint16_t port, std::string command, std::string end,
                                      std::chrono::milliseconds patience) override {
    return host_.tell(port, std::move(command), std::move(end), patience);
  }
  Awaitable<Result<void>> raise_open_files(ProcessIdentity process, std::uint64_t files) override {
    return host_.raise_open_files(process, files);
  }
  Awaitable<Result<void>> adopt(AdoptRequest request) override {
    return host_.adopt(std::move(request));
  }
  Awaitable<Result<void>> forget(std::string slot) override {
    return host_.forget(std::move(slot));
  }
  Awaitable<Result<void>> set_aside(std::string slot,
                                    std::vector<std::string> directories) override {
    return host_.set_aside(std::move(slot), std::move(directories));
  }
  Awaitable<Result<void>> install(InstallRequest request) override {
    return host_.install(std::move(request));
  }
  Awaitable<Result<void>> remove_release(RemoveRequest request) override {
    return host_.remove_release(std::move(request));
  }

  /// What each of them said.
  std::vector<std::pair<std::string, std::optional<ErrorCode>>> all() {
    const std::string archive =
        (std::filesystem::temp_directory_path() / fmt::format("arcform-one-byte-{}", ::getpid()))
            .string();
    std::ofstream(archive) << "x";
    note("obey", obey());
    note("write_files", write_files({{"late/file", "late", 0644}}));
    note("start", start(request_for(fixture_, HostFixture::Program::waits, "node-2")));
    note("stop", stop({"node-1", process_}));
    note("tell", tell(1, "shutdown\r\n", "", std::chrono::milliseconds{200}));
    note("raise_open_files", raise_open_files(process_, 1));
    note("adopt", adopt({"node-3", process_, fixture_.argv(HostFixture::Program::waits, 0), "d1"}));
    note("forget", forget("node-2"));
    note("set_aside", set_aside("server-1", {fixture_.folder() + "/data"}));
    InstallRequest request;
    request.package = "arcus";
    request.folder = fixture_.folder() + "/late";
    request.release = "arcus-0123456789ab";
    request.archive = archive;
    request.sha256 = std::string(64, '0');
    request.size = 1;
    note("install", install(request));
    note("remove_release",
         remove_release({"arcus", fixture_.folder() + "/late", "arcus-0123456789ab"}));
    std::filesystem::remove(archive);
    return std::move(said_);
  }

 private:
  template <class T>
  void note(const std::string& name, Awaitable<Result<T>> work) {
    const Result<T> result = await(fixture_, std::move(work));
    said_.emplace_back(name, result ? std::nullopt : std::optional(result.error().code));
  }

  Host& host_;
  HostFixture& fixture_;
  ProcessIdentity process_;
  std::vector<std::pair<std::string, std::optional<ErrorCode>>> said_;
};

inline void check_fencing(HostFixture& fixture) {
  Host& host = fixture.host();
  const auto write = [&](Fence fence) {
    host.fence(fence);
    std::vector<FileWrite> files{{"fenced/file", std::to_string(fence.epoch), 0644}};
    return await(fixture, host.write_files(std::move(files)));
  };
  SECTION("a later epoch ends the earlier ones, of its own tree only") {
    CHECK(write({7, 9}));
    CHECK(write({7, 10}));
    CHECK(write({7, 10}));
    const Result<void> late = write({7, 9});
    REQUIRE_FALSE(late);
    CHECK(late.error().code == ErrorCode::failed_precondition);
    CHECK(write({8, 1}));
    CHECK(write({}));
    CHECK_FALSE(write({7, 9}));
    host.fence({7, 9});
    const auto started =
        await(fixture, host.start(request_for(fixture, HostFixture::Program::waits)));
    REQUIRE_FALSE(started);
    CHECK(started.error().code == ErrorCode::failed_precondition);
    host.fence({});
  }
  SECTION("whoever is late can change nothing at all") {
    Cleaner cleaner(fixture);
    const ProcessIdentity process =
        cleaner(started(fixture, request_for(fixture, HostFixture::Program::waits)));
    CHECK(write({7, 10}));
    const HostFacts before = probed(fixture);
    EveryChange late(fixture, process);
    late.fence({7, 9});
    const auto said = late.all();
    host.fence({});
    CHECK(said.size() == 11);
    for (const auto& [what, code] : said) {
      INFO(what);
      CHECK(code == ErrorCode::failed_precondition);
    }
    CHECK(probed(fixture).slots == before.slots);
    CHECK(lives(fixture, process));
  }
}

inline void check_asking(HostFixture& fixture) {
  const std::uint16_t port = fixture.free_port();
  const auto answer = await(
      fixture, fixture.host().ask(port, "version\r\n", "\r\n", std::chrono::milliseconds{1000}));
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == ErrorCode::not_found);
}

inline void check_host_contract(HostFixture& fixture) {
  check_probing(fixture);
  check_starting(fixture);
  check_failing_starts(fixture);
  check_stopping(fixture);
  check_fencing(fixture);
  SECTION("forget") {
    check_forgetting(fixture);
  }
  SECTION("ask where nobody listens") {
    check_asking(fixture);
  }
}

}  // namespace arcform

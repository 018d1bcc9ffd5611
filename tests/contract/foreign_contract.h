// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/contract/host_contract.h"

/// What every Host must do with processes and files that it did not make itself, real or simulated:
/// adopt, read_file and set_aside. A process in the slot node-1 stands for somebody else's.
namespace arcform {

inline ErrorCode code_of(const Result<void>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().code;
}

inline Result<void> adopted(HostFixture& fixture, const AdoptRequest& request) {
  return await(fixture, fixture.host().adopt(request));
}

/// Whether the slot's process runs its program by now: start() does not wait for that.
inline bool runs(HostFixture& fixture, const StartRequest& request) {
  const HostFacts facts = probed(fixture);
  const ObservedSlot* const slot = facts.slot(request.slot);
  const ObservedProcess* const process = slot == nullptr ? nullptr : facts.process_of(*slot);
  return process != nullptr && process->argv == request.argv;
}

/// A process that runs, and the request to have it in the slot node-2.
inline AdoptRequest adoption_of(HostFixture& fixture, Cleaner& cleaner) {
  const StartRequest start = request_for(fixture, HostFixture::Program::waits);
  AdoptRequest request;
  request.slot = "node-2";
  request.process = cleaner(started(fixture, start));
  request.argv = start.argv;
  request.digest = "d2";
  bool running = runs(fixture, start);
  for (int i = 0; i < 400 && !running; ++i) {
    fixture.pause();
    running = runs(fixture, start);
  }
  REQUIRE(running);
  return request;
}

inline void check_adopted(HostFixture& fixture) {
  Cleaner cleaner(fixture);
  AdoptRequest request = adoption_of(fixture, cleaner);
  SECTION("what runs is in the slot, with its digest; twice is as once") {
    for (int times = 0; times < 2; ++times) {
      expect(adopted(fixture, request));
      const HostFacts facts = probed(fixture);
      REQUIRE(facts.slot("node-2") != nullptr);
      CHECK(facts.slot("node-2")->identity == request.process);
      CHECK(facts.slot("node-2")->digest == "d2");
    }
  }
  SECTION("an adopted process is stopped like one of ours") {
    request.answering = request.process.pid;
    expect(adopted(fixture, request));
    CHECK(stopped(fixture, "node-2", request.process) == StopOutcome::gone);
    CHECK_FALSE(lives(fixture, request.process));
  }
  SECTION("nothing is started in its slot while it lives") {
    expect(adopted(fixture, request));
    const StartRequest again = request_for(fixture, HostFixture::Program::waits, "node-2");
    CHECK(started(fixture, again) == request.process);
  }
}

inline void check_adoption_refused(HostFixture& fixture) {
  Cleaner cleaner(fixture);
  AdoptRequest request = adoption_of(fixture, cleaner);
  ErrorCode wanted = ErrorCode::aborted;
  SECTION("it runs with another command line") {
    request.argv.emplace_back("--more");
  }
  SECTION("it is gone") {
    stopped(fixture, "node-1", request.process);
  }
  SECTION("its pid is somebody else's by now") {
    ++request.process.start_ticks;
  }
  SECTION("somebody else answers its port") {
    request.answering =
        cleaner(started(fixture, request_for(fixture, HostFixture::Program::waits, "node-3"))).pid;
  }
  SECTION("a bad slot, no argv, no pid") {
    wanted = ErrorCode::invalid_argument;
    SECTION("slot") {
      request.slot = "../node-2";
    }
    SECTION("argv") {
      request.argv.clear();
    }
    SECTION("pid") {
      request.process.pid = 1;
    }
  }
  CHECK(code_of(adopted(fixture, request)) == wanted);
  const HostFacts facts = probed(fixture);
  CHECK((facts.slot("node-2") == nullptr || !facts.slot("node-2")->identity));
}

inline void check_slot_taken(HostFixture& fixture) {
  Cleaner cleaner(fixture);
  const AdoptRequest request = adoption_of(fixture, cleaner);
  const ProcessIdentity other =
      cleaner(started(fixture, request_for(fixture, HostFixture::Program::waits, "node-2")));
  CHECK(code_of(adopted(fixture, request)) == ErrorCode::already_exists);
  CHECK(probed(fixture).slot("node-2")->identity == other);
}

inline Result<std::optional<std::string>> file_at(HostFixture& fixture, const std::string& path) {
  return await(fixture, fixture.host().read_file(path));
}

inline void check_read_file(HostFixture& fixture) {
  const std::string path = fixture.folder() + "/somebody's/zoo.cfg";
  SECTION("no file, no folder") {
    CHECK(expect(file_at(fixture, path)) == std::nullopt);
  }
  SECTION("every byte of it") {
    const std::string content = GENERATE(as<std::string>{}, "", "x", "a=1\nb=$(x) '\"\n\n",
                                         "no newline at the end\ttab", std::string(65536, 'x'));
    expect(await(fixture, fixture.host().write_files({{path, content, 0644}})));
    CHECK(expect(file_at(fixture, path)) == content);
  }
  SECTION("more than 64 kB") {
    expect(await(fixture, fixture.host().write_files({{path, std::string(65537, 'x'), 0644}})));
    const auto result = file_at(fixture, path);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::resource_exhausted);
  }
  SECTION("no absolute path") {
    const auto result = file_at(fixture, "zoo.cfg");
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::invalid_argument);
  }
}

inline void put_data(HostFixture& fixture, const std::string& folder, const std::string& words) {
  expect(await(fixture, fixture.host().write_files({{folder + "/myid", "1\n", 0644},
                                                    {folder + "/version-2/log.1", words, 0644}})));
}

inline void check_set_aside(HostFixture& fixture) {
  Cleaner cleaner(fixture);
  const std::string data = fixture.folder() + "/data";
  put_data(fixture, data, "first");
  const auto aside = [&](const std::string& slot, const std::string& folder) {
    return await(fixture, fixture.host().set_aside(slot, {folder}));
  };
  const auto content = [&](const std::string& path) {
    return expect(file_at(fixture, data + path));
  };
  SECTION("without the slot the data is not ours, and stays") {
    expect(aside("server-1", data));
    CHECK(content("/myid") == "1\n");
    CHECK(content("/version-2/log.1") == "first");
  }
  SECTION("names that are no server's, and paths that are not absolute") {
    CHECK(code_of(aside("node-1", data)) == ErrorCode::invalid_argument);
    CHECK(code_of(aside("server-1", "data")) == ErrorCode::invalid_argument);
  }
  SECTION("while the server lives nothing is moved; then all is, each time beside the last") {
    const ProcessIdentity server =
        cleaner(started(fixture, request_for(fixture, HostFixture::Program::waits, "server-1")));
    CHECK(code_of(aside("server-1", data)) == ErrorCode::failed_precondition);
    CHECK(content("/version-2/log.1") == "first");
    stopped(fixture, "server-1", server);
    for (int times = 0; times < 2; ++times) {  // The second time there is nothing to move.
      expect(aside("server-1", data));
      CHECK(content("/myid") == std::nullopt);
      CHECK(content("/version-2/log.1") == std::nullopt);
      CHECK(content("/removed-1/myid") == "1\n");
      CHECK(content("/removed-1/version-2/log.1") == "first");
    }
    put_data(fixture, data, "second");
    expect(aside("server-1", data));
    CHECK(content("/removed-1/version-2/log.1") == "first");
    CHECK(content("/removed-2/version-2/log.1") == "second");
  }
}

inline void check_foreign_contract(HostFixture& fixture) {
  SECTION("adopted") {
    check_adopted(fixture);
  }
  SECTION("not adopted") {
    check_adoption_refused(fixture);
  }
  SECTION("the slot has another process") {
    check_slot_taken(fixture);
  }
  SECTION("files") {
    check_read_file(fixture);
  }
  SECTION("data that is set aside") {
    check_set_aside(fixture);
  }
}

}  // namespace arcform

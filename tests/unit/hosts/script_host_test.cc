// SPDX-License-Identifier: Apache-2.0
// What the host contract does not say: how it looks on a real host.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/hosts.h"
#include "tests/support/on_loop.h"
#include "tests/unit/hosts/shell_fixture.h"

namespace arcform {
namespace {

using Program = HostFixture::Program;

std::string await_log(ShellFixture& fixture, const std::string& slot, const std::string& words) {
  std::string log;
  for (int i = 0; i < 400 && log.find(words) == std::string::npos; ++i) {
    fixture.pause();
    log = read_text(fixture.directory() + "/" + slot + "/log");
  }
  return log;
}

StartRequest stand_in(const std::string& slot, std::vector<std::string> arguments) {
  StartRequest request;
  request.slot = slot;
  request.argv = {ARCFORM_STAND_IN};
  request.argv.insert(request.argv.end(), arguments.begin(), arguments.end());
  return request;
}

ErrorCode code(const Result<ProcessIdentity>& result) {
  return result ? ErrorCode::internal : result.error().code;
}

}  // namespace

TEST_CASE("a started process has a clean environment and outlives its shell", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  ::setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22", 1);
  ::setenv("SECRET", "password", 1);
  const auto identity = cleaner(started(fixture, stand_in("node-1", {"environment"})));
  ::unsetenv("SSH_CONNECTION");
  ::unsetenv("SECRET");
  const std::string log = await_log(fixture, "node-1", "complete");
  CHECK(log.find("SSH_") == std::string::npos);
  CHECK(log.find("SECRET") == std::string::npos);
  CHECK(log.find("env LANG=C\n") != std::string::npos);
  CHECK(log.find("env PATH=/usr/sbin:") != std::string::npos);
  CHECK(log.find("fd 0\nfd 1\nfd 2\nsession 1\n") != std::string::npos);
  CHECK(std::filesystem::read_symlink(fmt::format("/proc/{}/fd/0", identity.pid)) == "/dev/null");
  CHECK(std::filesystem::read_symlink(fmt::format("/proc/{}/cwd", identity.pid)) ==
        fixture.directory() + "/node-1");
  CHECK(lives(fixture, identity));
}

TEST_CASE("arguments arrive as they are", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  StartRequest request = stand_in("node-1", {"wait", "a b", "$HOME", "`id`", "", "it's\n", "-n"});
  const auto identity = cleaner(started(fixture, request));
  HostFacts facts = probed(fixture);
  const auto argv = [&] {
    const ObservedProcess* found = facts.process_of(facts.slots.at("node-1"));
    return found == nullptr ? Argv() : found->argv;
  };
  for (int i = 0; i < 400 && argv() != request.argv; ++i) {
    fixture.pause();
    facts = probed(fixture);
  }
  CHECK(argv() == request.argv);
  CHECK(facts.slots.at("node-1").identity == identity);
  CHECK(read_text(fixture.directory() + "/node-1/id") ==
        fmt::format("1 {} {} {} -\n", identity.boot_id, identity.pid, identity.start_ticks));
}

TEST_CASE("three starters at once make one process", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  StartRequest request = stand_in("node-1", {"wait"});
  ScriptPlace place;
  place.directory = fixture.directory();
  place.shell = shell_name;
  for (int round = 0; round < 5; ++round) {
    request.slot = fmt::format("node-{}", round);
    const std::string input = frame_script(start_script(request, place), "n1");
    std::vector<std::string> answers(3);
    std::vector<std::thread> starters;
    for (std::string& answer : answers) {
      starters.emplace_back([&answer, &input, shell = fixture.shell()] {
        const auto output = shell.run(input, std::chrono::seconds{30});
        const auto reply = output ? parse_reply(*output, "n1") : output.error();
        answer = reply ? reply->output + reply->errors : reply.error().message;
      });
    }
    for (std::thread& starter : starters) {
      starter.join();
    }
    INFO(fmt::format("{} / {} / {}", answers[0], answers[1], answers[2]));
    int starts = 0;
    for (const std::string& answer : answers) {
      starts += answer.starts_with("started ") ? 1 : 0;
      REQUIRE(answer.size() > 8);
      CHECK(answer.substr(8) == answers[0].substr(8));
    }
    CHECK(starts == 1);
    cleaner(*probed(fixture).slots.at(request.slot).identity);
    CHECK_FALSE(std::filesystem::exists(fixture.directory() + "/" + request.slot + "/id.new"));
  }
}

TEST_CASE("what dead starters left does not hold up a start", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const std::string boot = probed(fixture).boot_id;
  const std::string slot = fixture.directory() + "/node-1/";
  write_text(slot + "starting-" + boot + "-999999999-5", "");
  write_text(slot + "starting-" + boot + "-1-123456789", "");
  write_text(slot + "starting-00000000-1111-4222-8333-444444444444-1-1", "");
  cleaner(started(fixture, stand_in("node-1", {"wait"})));
  for (const auto& entry : std::filesystem::directory_iterator(slot)) {
    CHECK(entry.path().filename().string().rfind("starting", 0) != 0);
  }
}

TEST_CASE("a start that is cut off starts nothing", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  ScriptPlace place;
  place.directory = fixture.directory();
  const std::string script = frame_script(start_script(stand_in("node-1", {"wait"}), place), "n1");
  const std::size_t closing = script.rfind('}');
  for (std::size_t size = 1; size <= closing; size += size + 97 < closing ? 97 : 1) {
    INFO(size);
    const auto output =
        expect(fixture.shell().run(script.substr(0, size), std::chrono::seconds{9}));
    CHECK_FALSE(parse_reply(output, "n1").has_value());
    REQUIRE_FALSE(std::filesystem::exists(fixture.directory()));
  }
}

TEST_CASE("the listener on a taken port is named", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const std::uint16_t port = fixture.free_port();
  const auto first =
      cleaner(started(fixture, stand_in("node-1", {"listen", std::to_string(port), "spa ce"})));
  for (int i = 0; i < 400 && !probed(fixture).is_listening(port); ++i) {
    fixture.pause();
  }
  StartRequest request = stand_in("node-2", {"wait"});
  request.port = port;
  const auto result = await(fixture, fixture.host().start(request));
  REQUIRE(code(result) == ErrorCode::already_exists);
  CHECK(result.error().message ==
        fmt::format("start node-2 on host testhost: something else listens on port {} "
                    "(pid {}: {} listen {} spa ce )",
                    port, first.pid, ARCFORM_STAND_IN, port));
  CHECK_FALSE(probed(fixture).slots.at("node-2").identity.has_value());
}

TEST_CASE("a process lives until its last thread has ended", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const std::uint16_t port = fixture.free_port();
  StartRequest request = stand_in("node-1", {"linger", std::to_string(port)});
  request.port = port;
  const auto identity = cleaner(started(fixture, request));
  for (int i = 0; i < 400 && !probed(fixture).is_listening(port); ++i) {
    fixture.pause();
  }
  SECTION("a stop waits for it") {
    CHECK(stopped(fixture, "node-1", identity) == StopOutcome::gone);
    CHECK_FALSE(probed(fixture).is_listening(port));
  }
  const auto end_first_thread = [&] {
    REQUIRE(::kill(static_cast<pid_t>(identity.pid), SIGTERM) == 0);
    const std::string stat = fmt::format("/proc/{}/stat", identity.pid);
    for (int i = 0; i < 400 && read_text(stat).find(") Z ") == std::string::npos; ++i) {
      fixture.pause();
    }
    REQUIRE(probed(fixture).is_listening(port));
  };
  SECTION("a start waits for it") {
    end_first_thread();
    CHECK_FALSE(cleaner(started(fixture, request)) == identity);
  }
  SECTION("a look waits for it") {
    end_first_thread();
    CHECK_FALSE(lives(fixture, identity));
    CHECK_FALSE(probed(fixture).is_listening(port));
  }
}

TEST_CASE("a fence that cannot be written is an error with its cause", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const Fence fence{7, 9};
  std::filesystem::create_directories(fixture.directory() + "/fence/0000000000000007-9");
  fixture.host().fence(fence);
  const auto result = await(fixture, fixture.host().start(stand_in("node-1", {"wait"})));
  fixture.host().fence({});
  REQUIRE_FALSE(result.has_value());
  INFO(result.error().message);
  CHECK(code(result) != ErrorCode::unavailable);
  CHECK(result.error().message.find("did not report its end") == std::string::npos);
  CHECK(result.error().message.find("fence/0000000000000007-9: ") != std::string::npos);
}

TEST_CASE("a program that cannot be executed says so in its log", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const std::string path = fixture.folder() + "/script";
  write_text(path, "#!/no/such/interpreter\n");
  StartRequest request;
  request.slot = "node-1";
  request.argv = {path};
  CHECK(code(await(fixture, fixture.host().start(request))) == ErrorCode::not_found);
  ::chmod(path.c_str(), 0755);
  const auto identity = started(fixture, request);
  for (int i = 0; i < 400 && lives(fixture, identity); ++i) {
    fixture.pause();
  }
  CHECK_FALSE(lives(fixture, identity));
  const std::string words = expect(await(fixture, fixture.host().last_words("node-1")));
  CHECK(words.find("No such file or directory") != std::string::npos);
}

TEST_CASE("open files are raised, or refused above the hard limit", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  std::vector<std::string> command{"prlimit", "--nofile=256:1024"};
  for (const std::string& word : shell_command(shell_name)) {
    command.push_back(word);
  }
  ScriptPlace place;
  place.directory = fixture.directory();
  ScriptHost host("testhost", std::make_unique<BlockingTestShell>(command), place,
                  seeded_nonces(1));
  StartRequest request = stand_in("node-1", {"wait"});
  request.open_files = 1000;
  const auto identity = cleaner(expect(await(fixture, host.start(request))));
  const std::string limits = read_text(fmt::format("/proc/{}/limits", identity.pid));
  CHECK(limits.find("Max open files            1000 ") != std::string::npos);
  request.slot = "node-2";
  request.open_files = std::uint64_t{1} << 40U;  // more than any kernel allows, root or not
  const auto refused = await(fixture, host.start(request));
  REQUIRE(code(refused) == ErrorCode::resource_exhausted);
  CHECK(refused.error().message.find("the hard limit is 1024") != std::string::npos);
  CHECK(expect(await(fixture, host.probe({}))).open_files_hard == 1024);
}

TEST_CASE("the log of an earlier life is put aside, last words are the end of it", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const std::string slot = fixture.directory() + "/node-1/";
  write_text(slot + "log", std::string(1'048'577, 'x'));
  cleaner(started(fixture, stand_in("node-1", {"wait"})));
  CHECK(std::filesystem::file_size(slot + "log.1") == 1'048'577);
  CHECK(std::filesystem::file_size(slot + "log") == 0);
  write_text(fixture.directory() + "/node-2/log", std::string(5000, 'a') + "the end\n");
  const std::string words = expect(await(fixture, fixture.host().last_words("node-2")));
  CHECK(words.size() == 2048);
  CHECK(words.ends_with("the end\n"));
}

TEST_CASE("forget removes one folder of ours and follows nothing", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const std::string kept = fixture.folder() + "/kept/file";
  write_text(kept, "x");
  write_text(fixture.directory() + "/node-1/log", "x");
  std::filesystem::create_directory_symlink(fixture.folder() + "/kept",
                                            fixture.directory() + "/node-1/link");
  std::filesystem::create_directory_symlink(fixture.folder() + "/kept",
                                            fixture.directory() + "/node-2");
  expect(await(fixture, fixture.host().forget("node-1")));
  CHECK_FALSE(std::filesystem::exists(fixture.directory() + "/node-1"));
  const auto link = await(fixture, fixture.host().forget("node-2"));
  REQUIRE_FALSE(link.has_value());
  CHECK(link.error().code == ErrorCode::failed_precondition);
  for (const std::string slot :
       {"", ".", "..", "data-1", "node-", "node-1/..", "node-1x", "node 1"}) {
    INFO(slot);
    const auto result = await(fixture, fixture.host().forget(slot));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::invalid_argument);
  }
  CHECK(std::filesystem::exists(kept));
}

TEST_CASE("dangerous pids and bad names are refused before anything runs", "[hosts]") {
  ShellFixture fixture("dash");
  for (const std::uint32_t pid : {0U, 1U, 0x80000000U, 0xffffffffU}) {
    StopRequest request;
    request.slot = "node-1";
    request.process = ProcessIdentity{"b", pid, 1};
    const auto result = await(fixture, fixture.host().stop(request));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ErrorCode::invalid_argument);
  }
  StartRequest request = stand_in("../node-1", {"wait"});
  CHECK(code(await(fixture, fixture.host().start(request))) == ErrorCode::invalid_argument);
  request.slot = "node-1";
  request.digest = "two words";
  CHECK(code(await(fixture, fixture.host().start(request))) == ErrorCode::invalid_argument);
}

TEST_CASE("ask reaches a port of the host", "[hosts]") {
  ShellFixture fixture("dash");
  Cleaner cleaner(fixture);
  const std::uint16_t port = fixture.free_port();
  cleaner(started(fixture, stand_in("node-1", {"listen", std::to_string(port)})));
  for (int i = 0; i < 400 && !probed(fixture).is_listening(port); ++i) {
    fixture.pause();
  }
  CHECK(expect(await(fixture, fixture.host().ask(port, "version\r\n", "\r\n",
                                                 std::chrono::milliseconds{5000}))) ==
        "VERSION stand-in\r\n");
}

/// Of a host that nobody reaches.
class NoWay final : public Shell {
 public:
  Awaitable<Result<ShellOutput>> execute(std::string /*input*/,
                                         std::chrono::milliseconds /*patience*/) override {
    co_return lost();
  }
  Awaitable<Result<ShellOutput>> upload(std::string /*script*/,
                                        std::shared_ptr<ByteSource> /*data*/,
                                        std::chrono::milliseconds /*patience*/) override {
    co_return lost();
  }
  Awaitable<Result<void>> stream(std::string /*input*/,
                                 std::function<bool(std::string_view)> /*on_output*/,
                                 std::chrono::milliseconds /*silence*/) override {
    co_return lost();
  }
  Awaitable<Result<std::string>> exchange(Endpoint /*at*/, std::string /*question*/,
                                          std::string /*end*/,
                                          std::chrono::milliseconds /*patience*/) override {
    co_return lost();
  }

 private:
  static Error lost() { return {ErrorCode::unavailable, "connect to h9 10.0.0.9:22: no route"}; }
};

TEST_CASE("a host that is not reached says so of no process", "[hosts]") {
  asio::io_context loop;
  ScriptHost host("h9", std::make_unique<NoWay>(), {"/tmp/none", {}}, seeded_nonces(3));
  const Result<void> done = on_loop(loop, host.answers());
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "run a command: connect to h9 10.0.0.9:22: no route");
}

TEST_CASE("hosts are kept by name and deployment", "[hosts]") {
  int made = 0;
  ScriptHosts hosts(
      [&made](const DesiredHost&) {
        ++made;
        return std::make_unique<BlockingTestShell>(shell_command("dash"));
      },
      seeded_nonces(3));
  DesiredHost access;
  access.name = "one";
  Host& first = hosts.host(access, "d");
  CHECK(&hosts.host(access, "d") == &first);
  CHECK(&hosts.host(access, "e") != &first);
  CHECK(made == 2);
  // Another way to the same host is another connection; back on the old one nothing is made anew.
  DesiredHost moved = access;
  moved.at.line = 7;
  CHECK(&hosts.host(moved, "d") == &first);
  moved.ssh.port = 2222;
  CHECK(&hosts.host(moved, "d") != &first);
  CHECK(&hosts.host(access, "d") == &first);
  CHECK(made == 3);
  ShellFixture fixture("dash");
  CHECK(probed(fixture).directory == fixture.directory());
  CHECK(expect(await(fixture, first.probe({}))).directory ==
        std::string(std::getenv("HOME")) + "/.arcform/d");
}

}  // namespace arcform

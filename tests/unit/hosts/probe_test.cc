// SPDX-License-Identifier: Apache-2.0
// The probe on this machine, under every shell.
#include "drivers/probe.h"

#include <filesystem>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/hosts/shell_fixture.h"

namespace arcform {
namespace {

using Program = HostFixture::Program;

/// Sends the rest of a test through every shell.
const ObservedProcess* process(const HostFacts& facts, std::uint32_t pid) {
  for (const ObservedProcess& found : facts.processes) {
    if (found.pid == pid) {
      return &found;
    }
  }
  return nullptr;
}

ProcessIdentity start_named(ShellFixture& fixture, const std::string& slot, const std::string& comm,
                            const std::string& argument) {
  StartRequest request;
  request.slot = slot;
  request.argv = {ARCFORM_STAND_IN, "--name", comm, "wait"};
  if (!argument.empty()) {
    request.argv.push_back(argument);
  }
  return started(fixture, request);
}

/// Starts and waits until the program has taken its name.
ProcessIdentity named(ShellFixture& fixture, const std::string& slot, const std::string& comm,
                      const std::string& argument = "") {
  const ProcessIdentity identity = start_named(fixture, slot, comm, argument);
  for (int i = 0; i < 400; ++i) {
    const HostFacts facts = probed(fixture);
    const ObservedProcess* found = process(facts, identity.pid);
    if (found != nullptr && found->comm == comm) {
      break;
    }
    fixture.pause();
  }
  return identity;
}

}  // namespace

TEST_CASE("processes with odd names are parsed as they are", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  int slot = 0;
  for (const std::string comm : {"we ird) (x", ") R 1 2 (", "a\nb) S 3", "\xff\x01 '\""}) {
    const auto identity = cleaner(named(fixture, fmt::format("node-{}", ++slot), comm));
    const HostFacts facts = probed(fixture);
    const ObservedProcess* found = process(facts, identity.pid);
    REQUIRE(found != nullptr);
    CHECK(found->comm == comm);
    CHECK(found->start_ticks == identity.start_ticks);
    CHECK(lives(fixture, identity));
    CHECK(stopped(fixture, "node-1", identity) == StopOutcome::gone);
  }
}

TEST_CASE("a foreign memcached is seen, other foreign processes are not", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const auto node = cleaner(named(fixture, "node-1", "memcached"));
  const auto other = cleaner(named(fixture, "node-2", "something"));
  const auto java = cleaner(named(fixture, "node-3", "java"));
  std::filesystem::remove_all(fixture.directory());
  const HostFacts facts = probed(fixture);
  REQUIRE(process(facts, node.pid) != nullptr);
  CHECK(process(facts, node.pid)->argv ==
        std::vector<std::string>{ARCFORM_STAND_IN, "--name", "memcached", "wait"});
  CHECK(process(facts, other.pid) == nullptr);
  CHECK(process(facts, java.pid) == nullptr);
  CHECK(facts.slots.empty());
}

TEST_CASE("strangers' arguments, whatever they are, leave the rest of the host to be seen",
          "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  std::string boot = read_text("/proc/sys/kernel/random/boot_id");
  const auto liar = cleaner(named(fixture, "node-1", "memcached", boot + "uptime 1.00"));
  for (int i = 2; i < 22; ++i) {
    cleaner(named(fixture, fmt::format("node-{}", i), "java", std::string(60'000, 'x')));
    std::filesystem::remove_all(fixture.directory());  // from now on a stranger
  }
  const auto ours = cleaner(started(fixture, request_for(fixture, Program::waits, "node-1")));
  const HostFacts facts = probed(fixture);
  CHECK(process(facts, ours.pid) != nullptr);
  REQUIRE(process(facts, liar.pid) != nullptr);
  CHECK(process(facts, liar.pid)->argv.back() == boot + "uptime 1.00");
}

TEST_CASE("a host without ss tells its ports too", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const std::uint16_t port = fixture.free_port();
  cleaner(started(fixture, request_for(fixture, Program::listens, "node-1", port)));
  for (int i = 0; i < 400 && !probed(fixture).is_listening(port); ++i) {
    fixture.pause();
  }
  const std::string body = "ss() { return 127; }\n" + probe_script({}, fixture.directory());
  CHECK(expect(parse_probe(fixture.script(body), {})).is_listening(port));
}

TEST_CASE("slots with live, dead, reused and rebooted identities", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  Cleaner cleaner(fixture);
  const auto live = cleaner(started(fixture, request_for(fixture, Program::waits, "node-1")));
  const auto dead = started(fixture, request_for(fixture, Program::waits, "node-2"));
  stopped(fixture, "node-2", dead);
  const std::string other_boot = "00000000-1111-4222-8333-444444444444";
  const auto identity = [&](const std::string& slot, const std::string& boot, std::uint64_t ticks) {
    write_text(fixture.directory() + "/" + slot + "/id",
               fmt::format("1 {} {} {} d\n", boot, live.pid, ticks));
  };
  identity("node-3", live.boot_id, live.start_ticks + 1);
  identity("node-4", other_boot, live.start_ticks);
  write_text(fixture.directory() + "/node-5/id", "");
  write_text(fixture.directory() + "/node-6/log", "never started");
  write_text(fixture.directory() + "/node-x/id", "not ours");
  write_text(fixture.directory() + "/lost+found/id", "not ours");
  std::filesystem::create_directory_symlink("node-1", fixture.directory() + "/node-7");
  const HostFacts facts = probed(fixture);
  REQUIRE(facts.slots.size() == 6);
  CHECK(facts.process_of(facts.slots.at("node-1")) != nullptr);
  CHECK(facts.slots.at("node-2").identity == dead);
  for (const char* slot : {"node-2", "node-3", "node-4", "node-5", "node-6"}) {
    INFO(slot);
    CHECK(facts.process_of(facts.slots.at(slot)) == nullptr);
  }
  CHECK_FALSE(facts.slots.at("node-5").identity.has_value());
  CHECK_FALSE(facts.slots.at("node-6").identity.has_value());
}

TEST_CASE("an identity file that makes no sense makes no facts", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  for (const std::string text : {"1 2 3\n", "garbage", "1 boot 5 6 7\n", "\n", "1 2 3 4 5 6\n"}) {
    INFO(text);
    write_text(fixture.directory() + "/node-1/id", text);
    const auto result = await(fixture, fixture.host().probe({}));
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().message.find("testhost") != std::string::npos);
  }
}

TEST_CASE("packages by their layout", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  const std::string root = fixture.folder() + "/it's a \"prefix\" $HOME `x` *";
  write_text(root + "/bin/memcached", "");
  ::chmod((root + "/bin/memcached").c_str(), 0755);
  write_text(root + "/lib/default_engine.so", "");
  write_text(root + "/lib/ascii_scrub.so", "");
  const std::string apache = fixture.folder() + "/apache";
  write_text(apache + "/lib/zookeeper-jute-3.8.0.jar", "");
  write_text(apache + "/lib/zookeeper-3.8.0.jar", "");
  const std::string old = fixture.folder() + "/old";
  write_text(old + "/zookeeper-3.5.9.jar", "");
  ProbeRequest request;
  request.prefixes = {root, apache, old};
  const HostFacts facts = probed(fixture, request);
  CHECK(facts.packages.at(root) ==
        ObservedPackage{true, root + "/lib/default_engine.so", {root + "/lib/ascii_scrub.so"}, ""});
  CHECK(facts.packages.at(apache).zookeeper_classpath == fmt::format("{0}/conf:{0}/lib/*", apache));
  CHECK(facts.packages.at(old).zookeeper_classpath == fmt::format("{0}/conf:{0}/*:{0}/lib/*", old));
}

TEST_CASE("a home directory is found, and what may not be seen is not absent", "[hosts]") {
  FOR_EACH_SHELL(fixture);
  ScriptPlace place;
  place.directory = "~/.arcform/it's";
  ScriptHost host("homely", std::make_unique<BlockingTestShell>(shell_command(shell_name)), place,
                  seeded_nonces(1));
  const HostFacts facts = expect(await(fixture, host.probe({})));
  CHECK(facts.directory == std::string(std::getenv("HOME")) + "/.arcform/it's");
  place.directory = "relative/path";
  ScriptHost bad("bad", std::make_unique<BlockingTestShell>(shell_command(shell_name)), place,
                 seeded_nonces(1));
  CHECK(await(fixture, bad.probe({})).error().code == ErrorCode::invalid_argument);
  const auto relative = await(fixture, fixture.host().probe(ProbeRequest{{}, "data"}));
  CHECK(relative.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a data directory that may not be read is an error", "[hosts][integration]") {
  REQUIRE(::geteuid() == 0);
  FOR_EACH_SHELL(fixture);
  write_text(fixture.folder() + "/closed/data/version-2/log.1", "x");
  std::filesystem::permissions(fixture.folder() + "/closed", std::filesystem::perms::owner_all);
  std::vector<std::string> command{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  for (const std::string& word : shell_command(shell_name)) {
    command.push_back(word);
  }
  ScriptPlace place;
  place.directory = fixture.directory();
  ScriptHost host("testhost", std::make_unique<BlockingTestShell>(command), place,
                  seeded_nonces(1));
  const auto result =
      await(fixture, host.probe(ProbeRequest{{}, fixture.folder() + "/closed/data"}));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::permission_denied);
  const HostFacts facts = expect(await(fixture, host.probe({})));
  CHECK_FALSE(facts.directory_writable);
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
// What a probe costs a host: CPU of the shell and its children, and how many children.
#include <fmt/format.h>
#include <sys/resource.h>

#include "drivers/probe.h"
#include "tests/unit/hosts/shell_fixture.h"

namespace arcform {
namespace {

double cpu_ms_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

double cpu_ms(const ShellFixture& fixture, const std::string& body, int runs) {
  const double before = cpu_ms_of_children();
  for (int i = 0; i < runs; ++i) {
    const auto output =
        expect(fixture.shell().run(frame_script(body, "n1"), std::chrono::seconds{10}));
    REQUIRE(expect(parse_reply(output, "n1")).status == 0);
  }
  return (cpu_ms_of_children() - before) / runs;
}

}  // namespace

TEST_CASE("what a probe costs the host", "[hosts][bench][integration]") {
  constexpr int kRuns = 200;  // under dash; the others are for comparison
  constexpr int kProcesses = 80;
  for (const std::string& shell : shells_to_test()) {
    const int runs = shell == "dash" ? kRuns : kRuns / 10;
    ShellFixture fixture(shell);
    Cleaner cleaner(fixture);
    // As many processes as a small server has.
    for (int i = 1; i <= kProcesses; ++i) {
      cleaner(started(
          fixture, request_for(fixture, HostFixture::Program::waits, fmt::format("node-{}", i))));
    }
    ProbeRequest request;
    request.prefixes = {"/usr/share/zookeeper", "/opt/arcus"};
    request.data_directory = fixture.folder() + "/data";
    const std::string full = probe_script(request, fixture.directory());
    const std::string empty = probe_script(request, fixture.folder() + "/none");
    const double nothing = cpu_ms(fixture, ":", runs);
    const double bare = cpu_ms(fixture, empty, runs);
    const double slots = cpu_ms(fixture, full, runs);
    fmt::print("{}: empty script {:.2f} ms, probe {:.2f} ms, with {} slots {:.2f} ms of CPU\n",
               shell, nothing, bare, kProcesses, slots);
    if (shell == "dash") {
      CHECK(bare < 40 * nothing);  // 6 to 22 by machine; its milliseconds are for tests/bench
    }
  }
}

/// With a PATH that leads nowhere, everything else that the probe would run fails; and a command
/// substitution, a pipe or a background command, which fork without a name, is not in the text.
TEST_CASE("a probe has two children, and one more where strangers run what we run", "[hosts]") {
  ShellFixture fixture("dash");
  ProbeRequest request;
  request.prefixes = {"/usr/share/zookeeper"};
  request.data_directory = fixture.folder();
  const std::string body = probe_script(request, fixture.directory());
  std::string commands = body;  // without the arithmetic
  for (std::size_t at = 0; (at = commands.find("$((")) != std::string::npos;) {
    commands.erase(at, 3);
  }
  for (const char* fork : {"$(", "`", " | tr", " | sed", " &\n"}) {
    CHECK(commands.find(fork) == std::string::npos);
  }
  const std::string children = fixture.folder() + "/children";
  std::string counted = "PATH=/nonexistent\n";
  for (const std::string tool : {"ss", "grep", "env"}) {
    counted += tool + "() { printf " + tool + " >>" + shell_quote(children) +
               "; PATH=/usr/bin:/bin:/usr/sbin command " + tool + " \"$@\"; }\n";
  }
  const auto output =
      expect(fixture.shell().run(frame_script(counted + body, "n1"), std::chrono::seconds{10}));
  const ScriptReply reply = expect(parse_reply(output, "n1"));
  CHECK(reply.errors.empty());
  CHECK(parse_probe(reply.output, request).has_value());
  const std::string ran = read_text(children);  // grep: this machine has no ss
  CHECK((ran == "ssenv" || ran == "ssgrepenv" || ran == "ssenvenv" || ran == "ssgrepenvenv"));
}

}  // namespace arcform

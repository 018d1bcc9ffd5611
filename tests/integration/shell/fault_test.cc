// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>

#include <sys/resource.h>

#include "tests/integration/shell/lab.h"
#include "tests/support/text_file.h"

namespace arcform {
namespace {

using std::chrono::milliseconds;

std::string told(const Result<ShellOutput>& output) {
  return output ? output->out
                : std::string(name_of(output.error().code)) + ": " + output.error().message;
}

double cpu_ms() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

double resident_kb() {
  const std::string status = content_of("/proc/self/status");
  return std::stod(status.substr(status.find("VmRSS:") + 6));
}

TEST_CASE("a server that dies in mid-command makes it unavailable, and the next call works") {
  ShellLab lab;
  const Transport transport = GENERATE(Transport::ssh, Transport::openssh);
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host(transport));
  CHECK(output_of(controller.loop, *shell, "printf before").out == "before");
  const auto running =
      start_on(controller.loop, shell->execute("printf half; sleep 20", milliseconds(10'000)));
  const auto beside = start_on(controller.loop, shell->execute("sleep 20", milliseconds(10'000)));
  controller.loop.run_for(milliseconds(600));
  lab.sshd.kill();
  for (const auto& each : {running, beside}) {
    const Result<ShellOutput> output = finish_on(controller.loop, each);
    REQUIRE_FALSE(output.has_value());
    CHECK(output.error().code == ErrorCode::unavailable);
  }
  const Result<ShellOutput> down = run_script(controller.loop, *shell, "printf down");
  REQUIRE_FALSE(down.has_value());
  CHECK(down.error().code == ErrorCode::unavailable);
  lab.sshd.start();
  CHECK(output_of(controller.loop, *shell, "printf after").out == "after");
}

TEST_CASE("a kept connection that was lost while idle is made again without a word") {
  ShellLab lab;
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host());
  CHECK(output_of(controller.loop, *shell, "printf before").out == "before");
  lab.sshd.kill();
  lab.sshd.start();
  CHECK(output_of(controller.loop, *shell, "printf after").out == "after");
}

TEST_CASE("a frozen server ends at the deadline, cold or warm") {
  ShellLab lab;
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host());
  const bool warm = GENERATE(false, true);
  if (warm) {
    CHECK(output_of(controller.loop, *shell, "printf before").out == "before");
  }
  lab.sshd.freeze(true);
  const auto started = std::chrono::steady_clock::now();
  const Result<ShellOutput> output =
      run_script(controller.loop, *shell, "printf frozen", milliseconds(400));
  const auto took = std::chrono::steady_clock::now() - started;
  lab.sshd.freeze(false);
  REQUIRE_FALSE(output.has_value());
  CHECK(output.error().code == ErrorCode::deadline_exceeded);
  CHECK(took < milliseconds(1500));
  CHECK(output_of(controller.loop, *shell, "printf after").out == "after");
}

TEST_CASE("nobody listens, nobody is there, nobody speaks SSH") {
  asio::io_context loop;
  Secrets secrets("/");
  const Shells shells(loop, Controller::environment("/", ""), secrets);
  DesiredHost host;
  host.name = "cache1";
  host.ssh.known_hosts = "/nonexistent";
  SECTION("refused") {
    host.address = "127.0.0.1";
    host.ssh.port = unused_port();
    const std::unique_ptr<Shell> shell = shells.make_shell(host);
    CHECK(told(run_script(loop, *shell, "")) ==
          "unavailable: ssh to cache1 (127.0.0.1:" + std::to_string(host.ssh.port) +
              "): Connection refused; is sshd running, and is the port right?");
  }
  SECTION("no route") {
    host.address = "240.0.0.1";  // reserved: Linux has no way there
    const std::unique_ptr<Shell> shell = shells.make_shell(host);
    const Result<ShellOutput> output = run_script(loop, *shell, "", milliseconds(15'000));
    REQUIRE_FALSE(output.has_value());
    INFO(output.error().message);
    CHECK((output.error().code == ErrorCode::unavailable ||
           output.error().code == ErrorCode::deadline_exceeded));
  }
  SECTION("something that says nothing") {
    const TinyServer server(loop);
    host.address = "127.0.0.1";
    host.ssh.port = server.port();
    const std::unique_ptr<Shell> shell = shells.make_shell(host);
    CHECK(told(run_script(loop, *shell, "", milliseconds(300))) ==
          "deadline exceeded: ssh to cache1 (127.0.0.1:" + std::to_string(server.port()) +
              "): not logged in in time");
  }
}

TEST_CASE("where sshd does not forward, ports are asked straight") {
  static const ShellLab lab("AllowTcpForwarding no");
  const Transport transport = GENERATE(Transport::ssh, Transport::openssh);
  Controller controller(lab);
  const std::unique_ptr<Shell> shell = controller.shells.make_shell(lab.host(transport));
  const TinyServer server(controller.loop);
  const Result<std::string> answer =
      ask(controller.loop, *shell, server.port(), "hello\n", "END\r\n");
  INFO((answer ? std::string() : answer.error().message));
  REQUIRE(answer.has_value());
  CHECK(*answer == "you said: hello\r\nEND\r\n");
  const std::uint16_t port = unused_port();
  const Result<std::string> refused = ask(controller.loop, *shell, port, "hello\n", "END\r\n");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == ErrorCode::unavailable);
  const std::string reason =
      "sshd does not forward connections (AllowTcpForwarding), and straight to 127.0.0.1: "
      "connection refused";
  CHECK(refused.error().message.ends_with(": " + reason));
}

/// `count` hosts that are one sshd; all must answer.
void ask_many(Controller& controller, const DesiredHost& host, std::size_t count,
              std::vector<std::unique_ptr<Shell>>& shells) {
  std::vector<Later<Result<ShellOutput>>> answers;
  for (std::size_t i = 0; i < count; ++i) {
    shells.push_back(controller.shells.make_shell(host));
    answers.push_back(
        start_on(controller.loop, shells.back()->execute("printf ok", milliseconds(60'000))));
  }
  for (const auto& answer : answers) {
    CHECK(told(finish_on(controller.loop, answer)) == "ok");
  }
}

TEST_CASE("a server that admits two logins at a time still admits twenty hosts") {
  const ShellLab lab("MaxStartups 2:100:2");
  Controller controller(lab);
  std::vector<std::unique_ptr<Shell>> shells;
  ask_many(controller, lab.host(), 20, shells);
  CHECK(lab.sshd.log().find("MaxStartups") != std::string::npos);
}

#ifdef __SANITIZE_ADDRESS__
constexpr double kCpuMaxMs = 50;
constexpr double kMemoryMaxKb = 2000;
#else
constexpr double kCpuMaxMs = 8;  // 1.2 in an optimised build on a quiet machine
constexpr double kMemoryMaxKb = 100;
#endif

/// The median of nine, in milliseconds.
template <class Work>
double median_ms(Work work) {
  std::vector<double> times;
  for (int i = 0; i < 9; ++i) {
    const auto started = std::chrono::steady_clock::now();
    work();
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started)
            .count());
  }
  std::sort(times.begin(), times.end());
  return times[4];
}

TEST_CASE("what a connection costs") {
  const ShellLab lab;
  DesiredHost host = lab.host();
  Controller controller(lab);
  std::vector<std::unique_ptr<Shell>> shells;
  ask_many(controller, host, 1, shells);
  const double cold = median_ms([&] {
    const std::unique_ptr<Shell> shell = controller.shells.make_shell(host);
    CHECK(output_of(controller.loop, *shell, "printf ok").out == "ok");
  });
  const double warm =
      median_ms([&] { CHECK(output_of(controller.loop, *shells[0], "printf ok").out == "ok"); });
  std::cout << "one host, login and script: " << cold << " ms; script alone: " << warm << " ms\n";
  const double cpu_before = cpu_ms();
  const double memory_before = resident_kb();
  const auto started = std::chrono::steady_clock::now();
  constexpr std::size_t kHosts = 50;
  ask_many(controller, host, kHosts, shells);
  const double wall =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
  const double cpu = (cpu_ms() - cpu_before) / kHosts;
  const double memory = (resident_kb() - memory_before) / kHosts;
  std::cout << kHosts << " cold logins and scripts: " << wall << " ms wall, " << cpu
            << " ms of our CPU and " << memory << " kB each\n";
  CHECK(cpu < kCpuMaxMs);
  CHECK(memory < kMemoryMaxKb);
}

}  // namespace
}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "controller/cli_hooks.h"
#include "controller/commands.h"

namespace arcform {
namespace {

Options options_of(std::vector<std::string> arguments) {
  const auto read = read_command_line(std::move(arguments));
  REQUIRE(std::holds_alternative<Options>(read));
  return std::get<Options>(read);
}

Answer answer_to(std::vector<std::string> arguments) {
  const auto read = read_command_line(std::move(arguments));
  REQUIRE(std::holds_alternative<Answer>(read));
  return std::get<Answer>(read);
}

TEST_CASE("apply takes its options, and has sensible ones without") {
  const Options plain = options_of({"apply"});
  CHECK(plain.command == Command::apply);
  CHECK(plain.spec == "arcform.json");
  CHECK_FALSE(plain.yes);
  CHECK(plain.parallel == 32);
  const Options full = options_of({"apply", "a.json", "--yes", "--parallel", "4", "--timeout", "2h",
                                   "--lock-timeout", "45", "--allow-removal", "shop"});
  CHECK(full.spec == "a.json");
  CHECK(full.yes);
  CHECK(full.parallel == 4);
  CHECK(full.timeout == std::chrono::hours(2));
  CHECK(full.lock_timeout == std::chrono::seconds(45));
  CHECK(full.allow_removal == std::vector<std::string>{"shop"});
}

TEST_CASE("an option that may be repeated leaves the spec alone") {
  const Options options =
      options_of({"apply", "--allow-removal", "shop", "--allow-removal", "news", "a.json"});
  CHECK(options.allow_removal == std::vector<std::string>{"shop", "news"});
  CHECK(options.spec == "a.json");
}

TEST_CASE("formats and documents are chosen by name") {
  CHECK(options_of({"plan"}).format == Format::text);
  CHECK(options_of({"plan", "--format", "markdown"}).format == Format::markdown);
  CHECK(options_of({"plan", "--format", "dot", "a.json"}).spec == "a.json");
  CHECK(options_of({"status", "--format", "json"}).format == Format::json);
  CHECK(options_of({"plan", "--out", "x", "--from", "y"}).out == "x");
  CHECK(options_of({"observe", "-o", "x", "a.json"}).out == "x");
  CHECK(options_of({"schema"}).schema == "spec");
  CHECK(options_of({"schema", "plan"}).schema == "plan");
  CHECK(answer_to({"status", "--format", "dot"}).status == ExitStatus::invalid);
  CHECK(answer_to({"schema", "cloud"}).status == ExitStatus::invalid);
}

TEST_CASE("hooks of the command line: each named, all with the same kinds") {
  const Options options =
      options_of({"watch", "--hook-url", "http://a/x", "--hook-exec", "/bin/b", "--hook-event",
                  "alarm", "--hook-event", "action failed", "--hook-token", "~/t", "s.json"});
  CHECK(options.spec == "s.json");
  const std::vector<WatchHook> hooks = hooks_of(options);
  REQUIRE(hooks.size() == 2);
  CHECK(hooks[0] ==
        WatchHook{
            "command-line-1", "", {"/bin/b"}, std::nullopt, {"action failed", "alarm"}, 10, 3600});
  CHECK(hooks[1] == WatchHook{"command-line-2",
                              "http://a/x",
                              {},
                              SecretSource{"~/t", ""},
                              {"action failed", "alarm"},
                              10,
                              3600});
  CHECK(answer_to({"watch", "--hook-url", "a/x"}).status == ExitStatus::invalid);
  CHECK(answer_to({"watch", "--hook-exec", "b"}).status == ExitStatus::invalid);
  CHECK(answer_to({"watch", "--hook-event", "alarms"}).status == ExitStatus::invalid);
}

TEST_CASE("a time that is none is a usage error that says how to write one") {
  const auto* const text = GENERATE("", "x", "10d", "-1", "1.5h", "m", "99999999s");
  CAPTURE(text);
  const Answer answer = answer_to({"apply", "--timeout", text});
  CHECK(answer.status == ExitStatus::invalid);
  CHECK(answer.text.find("write for example 90s, 10m or 2h") != std::string::npos);
}

TEST_CASE("what is not understood is a usage error") {
  const auto words = GENERATE(std::vector<std::string>{}, std::vector<std::string>{"destroy"},
                              std::vector<std::string>{"plan", "--yes"},
                              std::vector<std::string>{"apply", "--parallel", "0"});
  CHECK(answer_to(words).status == ExitStatus::invalid);
}

TEST_CASE("help and the version are answers, not errors") {
  CHECK(answer_to({"--version"}).status == ExitStatus::done);
  const Answer help = answer_to({"--help"});
  CHECK(help.status == ExitStatus::done);
  CHECK(help.text.find("Exit status: 0 done") != std::string::npos);
}

TEST_CASE("every outcome has its exit status") {
  const Plan plan;
  CHECK(status_of(Outcome::converged, plan) == ExitStatus::done);
  CHECK(status_of(Outcome::declined, plan) == ExitStatus::refused);
  CHECK(status_of(Outcome::blocked, plan) == ExitStatus::refused);
  CHECK(status_of(Outcome::failed, plan) == ExitStatus::steps_failed);
  CHECK(status_of(Outcome::unknown, plan) == ExitStatus::incomplete);
  CHECK(status_of(Outcome::lock_held, plan) == ExitStatus::lock_held);
  CHECK(status_of(Outcome::timed_out, plan) == ExitStatus::not_converged);
  CHECK(status_of(Outcome::interrupted, plan) == ExitStatus::interrupted);
  CHECK(status_of(Outcome::stale, plan) == ExitStatus::stale_plan);
  CHECK(status_of(Outcome::pending, plan) == ExitStatus::changes_pending);
}

}  // namespace
}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
// Readers that go away, and terminals that are none.
#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/bad_input/here.h"

namespace arcform {
namespace {

bool has_escapes(const std::string& text) {
  return text.find('\x1b') != std::string::npos;
}

TEST_CASE("a reader that goes away does not stop or crash anything") {
  const Here here;
  here.write_spec();
  const std::string run = fmt::format("cd {}; {{ {} apply --yes spec.json; echo $? >status; }}",
                                      here.folder(), ARCFORM_BINARY);
  run_or_throw({"sh", "-c", run + " | head -1"});
  const ProcessResult status = run_process({"cat", here.folder() + "/status"});
  CHECK(status.out == "0\n");
  const ProcessResult after = here.arcform({"plan", "--exit-code", "spec.json"});
  INFO(after.out << after.err);
  CHECK(after.status == 0);
  for (const char* const redirected : {">&-", "2>&-", ">&- 2>&- <&-", ">/dev/full"}) {
    for (const char* const command : {"plan", "status", "apply --yes", "validate", "schema"}) {
      const bool whole = std::string(command) == "schema";
      const ProcessResult result =
          run_process({"sh", "-c",
                       fmt::format("{} {} {} {}", ARCFORM_BINARY, command,
                                   whole ? "" : here.folder() + "/spec.json", redirected)});
      INFO(command << " " << redirected);
      CHECK(result.status == 0);
    }
  }
}

TEST_CASE("colour only on a terminal, and not with NO_COLOR") {
  const Here here;
  here.write_spec();
  const std::string spec = here.folder() + "/spec.json";
  const ProcessResult piped = run_process({ARCFORM_BINARY, "plan", spec});
  CHECK_FALSE(has_escapes(piped.out + piped.err));
  StartedProcess seen({ARCFORM_BINARY, "plan", spec}, StartedProcess::Input::terminal);
  CHECK(has_escapes(seen.finish(std::chrono::seconds(30)).out));
  StartedProcess plain({"env", "NO_COLOR=1", ARCFORM_BINARY, "plan", spec},
                       StartedProcess::Input::terminal);
  CHECK_FALSE(has_escapes(plain.finish(std::chrono::seconds(30)).out));
}

TEST_CASE("without a terminal and without --yes nothing is done") {
  const Here here;
  here.write_spec();
  const ProcessResult result = here.arcform({"apply", "spec.json"});
  CHECK(result.status == 3);
  CHECK(result.err ==
        "arcform: refused: nobody is there to say yes (no terminal); check the plan and run it "
        "with --yes\n");
}

}  // namespace
}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
// Files that are no spec: nothing of the world is looked at.
#include <filesystem>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/bad_input/here.h"
#include "tests/support/golden.h"

namespace arcform {
namespace {

TEST_CASE("a spec that is missing, unreadable or no JSON") {
  const Here here;
  here.write_file("empty.json", "");
  here.write_file("blank.json", " \n\n");
  here.write_file("cut.json", "{\n  \"apiVersion\": \"arcform/v1\",\n  \"deployment\": \"a");
  here.write_file("words.json", "clouds: all of them\n");
  here.write_file("binary.json", std::string("\0\x1b[31mred\x07", 10));
  here.write_file("latin.json", "{ \"deployment\": \"\xe9t\xe9\" }\n");
  here.write_file("secret/locked.json", "{}", 0600);
  std::filesystem::permissions(here.folder() + "/secret", std::filesystem::perms(0755));
  std::string seen;
  for (const char* const file :
       {"missing.json", "no/such/folder.json", ".", "empty.json", "blank.json", "cut.json",
        "words.json", "binary.json", "latin.json"}) {
    for (const char* const command : {"validate", "plan", "apply", "status"}) {
      const ProcessResult result = here.arcform({command, file});
      CHECK(result.out == "");
      const std::string text = here.essence(result);
      if (std::string(command) == "validate") {
        seen += fmt::format("$ arcform COMMAND {}\n{}", file, text);
      } else {
        CHECK(seen.ends_with(fmt::format("$ arcform COMMAND {}\n{}", file, text)));
      }
    }
  }
  const ProcessResult locked =
      here.arcform({"validate", "secret/locked.json"},
                   {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"});
  seen += "$ arcform COMMAND secret/locked.json   (as nobody)\n" + here.essence(locked);
  seen += "$ arcform plan   (without arcform.json)\n" + here.essence(here.arcform({"plan"}));
  CHECK(compare_golden("bad_input/files.txt", seen) == "");
}

TEST_CASE("everything that is wrong in a spec is told at once") {
  Here here;
  here.host =
      R"({ "name": "here", "adress": "127.0.0.1", "transport": "telnet" }, { "name": "here" })";
  here.clouds =
      R"([ { "serviceCode": "a b", "package": "arcsu", "nodes": [ { "host": "their", "port": 0 } ],
    "config": { "memlimit": "much" } } ])";
  const ProcessResult result = here.apply();
  CHECK(result.out == "");
  CHECK(compare_golden("bad_input/many_errors.txt", here.essence(result)) == "");
}

TEST_CASE("a command line that makes no sense") {
  const Here here;
  here.write_spec();
  std::string seen;
  const std::vector<std::vector<std::string>> lines{{},
                                                    {"aply", "spec.json"},
                                                    {"apply", "--timeout", "soon", "spec.json"},
                                                    {"apply", "--parallel", "0", "spec.json"},
                                                    {"plan", "--exitcode", "spec.json"},
                                                    {"plan", "spec.json", "other.json"}};
  for (const std::vector<std::string>& words : lines) {
    const ProcessResult result = here.arcform(words);
    CHECK(result.out == "");
    seen += fmt::format("$ arcform {}\n{}", fmt::join(words, " "), here.essence(result));
  }
  CHECK(compare_golden("bad_input/usage.txt", seen) == "");
}

}  // namespace
}  // namespace arcform

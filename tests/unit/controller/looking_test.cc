// SPDX-License-Identifier: Apache-2.0
// The command line of ping, status and --only; the redraw of --watch; ping in a simulated world.
#include <catch2/catch.hpp>

#include "controller/frames.h"
#include "controller/status.h"
#include "tests/support/builders.h"

namespace arcform {
namespace {

using Words = std::vector<std::string>;

Options options_of(Words arguments) {
  const auto read = read_command_line(std::move(arguments));
  REQUIRE(std::holds_alternative<Options>(read));
  return std::get<Options>(read);
}

std::string error_of(Words arguments) {
  const auto read = read_command_line(std::move(arguments));
  REQUIRE(std::holds_alternative<Answer>(read));
  CHECK(std::get<Answer>(read).status == ExitStatus::invalid);
  return std::get<Answer>(read).text;
}

TEST_CASE("option --only takes one selector at a time and leaves the spec alone") {
  const Options options =
      options_of({"plan", "--only", "cloud:a", "--only", "node:10.0.0.1:1", "spec.txt"});
  CHECK(options.spec == "spec.txt");
  REQUIRE(options.only.size() == 2);
  CHECK(options.only[0] == Selector{Selector::Kind::cloud, "a"});
  CHECK(options.only[1] == Selector{Selector::Kind::node, "10.0.0.1:1"});
  CHECK(options_of({"apply", "--allow-removal", "a", "x.json"}).spec == "x.json");
  CHECK(error_of({"apply", "--only", "a"}).find("write cloud:NAME") != std::string::npos);
}

TEST_CASE("status tells a spec from a cloud by what is written") {
  CHECK(options_of({"status"}).spec == "arcform.json");
  CHECK(options_of({"status", "a.json"}).spec == "a.json");
  CHECK(options_of({"status", "./a"}).spec == "./a");
  const Options both = options_of({"status", "shop", "a.json", "search"});
  CHECK(both.spec == "a.json");
  CHECK(both.clouds == Words{"shop", "search"});
  CHECK(options_of({"status", "--cloud", "odd.json", "a.json"}).clouds == Words{"odd.json"});
  CHECK(error_of({"status", "a.json", "b.json"}).find("name one") != std::string::npos);
}

TEST_CASE("option --watch takes a time, and nothing that is none") {
  CHECK(options_of({"status"}).watch.count() == 0);
  CHECK(options_of({"status", "--watch"}).watch.count() == 2);
  CHECK(options_of({"status", "--watch", "5"}).watch.count() == 5);
  CHECK(options_of({"status", "--watch=1m", "shop"}).watch.count() == 60);
  const Options spec = options_of({"status", "--watch", "a.json"});
  CHECK(spec.watch.count() == 2);
  CHECK(spec.spec == "a.json");
  const Options cloud = options_of({"status", "--watch", "shop"});
  CHECK(cloud.watch.count() == 2);
  CHECK(cloud.clouds == Words{"shop"});
  CHECK(error_of({"status", "--watch=x"}).find("write for example") != std::string::npos);
  CHECK(error_of({"status", "--watch=0"}).find("write for example") != std::string::npos);
}

TEST_CASE("a cloud that the spec does not have is an error that says what may be meant") {
  const DesiredState desired = a_spec().with_hosts(1).with_ensemble(1).with_cloud("search").build();
  CHECK(check_clouds({"search"}, desired));
  CHECK(check_clouds({"serch"}, desired).error().message.find("did you mean \"search\"?") !=
        std::string::npos);
  CHECK(check_clouds({"arcform"}, desired).error().message.find("write ./arcform") !=
        std::string::npos);
}

TEST_CASE("a redraw begins at home, erases what was there, and never scrolls") {
  CHECK(redrawn("a\nb\n", 10) == "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
  const std::string cut = redrawn("1\n2\n3\n4\n5\n", 4);
  CHECK(cut == "\x1b[H1\x1b[K\n2\x1b[K\n... 3 more lines; the window is too small\x1b[K\n\x1b[J");
}

}  // namespace
}  // namespace arcform

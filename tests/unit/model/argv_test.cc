// SPDX-License-Identifier: Apache-2.0
#include "model/argv.h"

#include <catch2/catch.hpp>

using namespace arcform;
using namespace std::string_literals;

namespace {

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a command line gives back the words it was made of") {
  const auto words = GENERATE(Words{}, Words{""}, Words{"", ""}, Words{"a"}, Words{"a", ""},
                              Words{"", "a"}, Words{"/bin/java", "-cp", "a b", "", "it's"});
  CAPTURE(words);
  const Argv argv = words;
  CHECK(argv.words() == words);
  CHECK(argv.empty() == words.empty());
  CHECK(static_cast<std::size_t>(std::distance(argv.begin(), argv.end())) == words.size());
  if (!words.empty()) {
    CHECK(argv.front() == words.front());
    CHECK(argv.back() == words.back());
  }
}

TEST_CASE("command lines are equal when their words are") {
  CHECK(Argv{"a", "b"} == Words{"a", "b"});
  CHECK(Argv{"a", "b"} != Argv{"ab"});
  CHECK(Argv{"a"} != Argv{"a", ""});
  CHECK(Argv() != Argv{""});
}

TEST_CASE("a cmdline file is read, also one whose process has cut its end") {
  CHECK(Argv::of("a\0b c\0"s) == Words{"a", "b c"});
  CHECK(Argv::of("a\0\0"s) == Words{"a", ""});
  CHECK(Argv::of("nginx: worker"s) == Words{"nginx: worker"});
  CHECK(Argv::of("a\0b"s) == Words{"a", "b"});
  CHECK(Argv::of("\0"s) == Words{""});
  CHECK(Argv::of("").empty());
}

TEST_CASE("what stands behind the last of a flag") {
  CHECK(Argv{"m", "-z", "one", "-m", "8"}.behind("-z") == "one");
  CHECK(Argv{"m", "-z", "one", "-z", "two"}.behind("-z") == "two");
  CHECK(Argv{"m", "-z", "one", "-z"}.behind("-z").empty());
  CHECK(Argv{"m", "-z", ""}.behind("-z").empty());
  CHECK(Argv{"m", "-zone", "x-z", "one"}.behind("-z").empty());
  CHECK(Argv().behind("-z").empty());
}

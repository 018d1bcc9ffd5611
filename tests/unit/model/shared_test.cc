// SPDX-License-Identifier: Apache-2.0
#include "model/shared.h"

#include <vector>

#include <catch2/catch.hpp>

#include "model/boxed.h"

using namespace arcform;

TEST_CASE("a boxed value is missing until it is given, and is copied with its owner") {
  Boxed<std::string> none;
  CHECK_FALSE(none);
  CHECK(none == Boxed<std::string>());
  Boxed<std::string> one = std::string("one");
  Boxed<std::string> other = one;
  CHECK(other == one);
  *other += " more";
  CHECK(*one == "one");
  CHECK_FALSE(other == one);
  CHECK_FALSE(none == one);
  one = none;
  CHECK_FALSE(one.has_value());
  other = std::move(none);
  CHECK_FALSE(other);
  CHECK(Boxed<std::string>(std::optional<std::string>("x"))->size() == 1);
  CHECK_FALSE(Boxed<std::string>(std::optional<std::string>()));
}

TEST_CASE("a shared container is one, however often it is copied") {
  using Ids = std::vector<int>;
  const Shared<Ids> first = Ids{1, 2};
  const Shared<Ids> copy = first;
  CHECK(&copy.value() == &first.value());
  CHECK(copy == first);
  CHECK(copy == Shared<Ids>(Ids{1, 2}));
  CHECK(copy == Ids{1, 2});
  CHECK_FALSE(copy == Shared<Ids>());
  CHECK(copy.size() == 2);
  int sum = 0;
  for (const int id : copy) {
    sum += id;
  }
  CHECK(sum == 3);
}

TEST_CASE("an empty shared container is the one that was never given") {
  const Shared<std::vector<int>> none = std::vector<int>{};
  CHECK(none.empty());
  CHECK(none == Shared<std::vector<int>>());
  CHECK(none.begin() == none.end());
}

TEST_CASE("a reason reads like text") {
  const Reason reason = "not running";
  const std::string text = reason;
  const std::string_view view = reason;
  CHECK(text == "not running");
  CHECK(view == "not running");
  CHECK(reason == "not running");
  CHECK(reason + ", its process is gone" == "not running, its process is gone");
  CHECK(fmt::format("{}", reason) == "not running");
  CHECK(Reason("").empty());
  CHECK(Reason() == "");
}

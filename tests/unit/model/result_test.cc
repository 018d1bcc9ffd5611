// SPDX-License-Identifier: Apache-2.0
#include "model/result.h"

#include <catch2/catch.hpp>

using namespace arcform;

TEST_CASE("an error reads from outside in") {
  const Error error{ErrorCode::unavailable, "ssh: connection refused"};
  CHECK(error.with("probe cache001").message == "probe cache001: ssh: connection refused");
  CHECK(error.with("x").code == ErrorCode::unavailable);
}

TEST_CASE("a result holds a value or an error") {
  Result<int> good(7);
  REQUIRE(good.has_value());
  CHECK(*good == 7);
  Result<int> bad(Error{ErrorCode::not_found, "no"});
  CHECK_FALSE(bad.has_value());
  CHECK(bad.error().code == ErrorCode::not_found);
  CHECK(std::move(bad).with("a").error().message == "a: no");
  CHECK(Result<void>().has_value());
}

TEST_CASE("every code asks for something") {
  const auto [code, wanted] = GENERATE(table<ErrorCode, Advice>({
      {ErrorCode::unavailable, Advice::retry},
      {ErrorCode::deadline_exceeded, Advice::retry},
      {ErrorCode::aborted, Advice::replan},
      {ErrorCode::not_found, Advice::replan},
      {ErrorCode::already_exists, Advice::replan},
      {ErrorCode::failed_precondition, Advice::stop},
      {ErrorCode::invalid_argument, Advice::stop},
      {ErrorCode::permission_denied, Advice::stop},
      {ErrorCode::unauthenticated, Advice::stop},
      {ErrorCode::resource_exhausted, Advice::stop},
      {ErrorCode::unsupported, Advice::stop},
      {ErrorCode::internal, Advice::stop},
  }));
  CHECK(advice(code) == wanted);
  CHECK_FALSE(std::string(name_of(code)).empty());
}

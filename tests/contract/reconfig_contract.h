// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <catch2/catch.hpp>

#include "model/membership.h"
#include "tests/contract/znodes_contract.h"

/// What a change of an ensemble's members must do, on simulated and on real servers.
namespace arcform::contract {

struct ListSeen {
  Members members;
  std::uint64_t version = 0;
};

inline ListSeen list_of(Fixture& fixture, ZnodeSession& session) {
  REQUIRE(fixture.run(session.sync()).has_value());
  const auto found = fixture.run(session.read("/zookeeper/config"));
  REQUIRE(found.has_value());
  REQUIRE(found->has_value());
  return {members_of((*found)->data), members_version_of((*found)->data)};
}

inline ErrorCode refused(Fixture& fixture, ZnodeSession& session, const std::string& joining,
                         const std::string& leaving, std::uint64_t version) {
  const Result<void> changed = fixture.run(session.reconfigure(joining, leaving, version));
  REQUIRE_FALSE(changed.has_value());
  return changed.error().code;
}

/// Three servers with dynamic reconfiguration; server 1 is a follower, `line` is its own.
inline void members_change_under_a_version(Fixture& fixture, const std::string& line) {
  const auto session = fixture.open();
  const ListSeen before = list_of(fixture, *session);
  REQUIRE(before.members.size() == 3);
  REQUIRE(before.version > 0);
  CHECK(refused(fixture, *session, "", "1", before.version - 1) == ErrorCode::aborted);
  CHECK(list_of(fixture, *session).members == before.members);

  const Result<void> left = fixture.run(session->reconfigure("", "1", before.version));
  INFO((left ? "" : left.error().message));
  REQUIRE(left.has_value());
  const ListSeen between = list_of(fixture, *session);
  CHECK(between.members.size() == 2);
  CHECK_FALSE(between.members.contains(1));
  CHECK(between.version > before.version);
  CHECK(refused(fixture, *session, "server.1=" + line, "", before.version) == ErrorCode::aborted);

  const Result<void> joined =
      fixture.run(session->reconfigure("server.1=" + line, "", between.version));
  INFO((joined ? "" : joined.error().message));
  REQUIRE(joined.has_value());
  CHECK(list_of(fixture, *session).members == before.members);
  CHECK(list_of(fixture, *session).version > between.version);
}

/// Servers whose zoo.cfg does not turn it on.
inline void members_stay_where_it_is_off(Fixture& fixture) {
  const auto session = fixture.open();
  const ListSeen before = list_of(fixture, *session);
  CHECK(refused(fixture, *session, "", "1", before.version) == ErrorCode::unsupported);
  CHECK(list_of(fixture, *session).members == before.members);
}

}  // namespace arcform::contract

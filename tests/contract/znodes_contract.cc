// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/znodes_contract.h"

#include <chrono>

#include <catch2/catch.hpp>

namespace arcform::contract {

namespace {

using std::chrono::milliseconds;
using Kind = ZnodeChange::Kind;
using Names = std::vector<std::string>;

constexpr milliseconds kPatience{20'000};

ZnodeChange create(std::string path, std::string data = "") {
  return {Kind::create, std::move(path), std::move(data), -1};
}
ZnodeChange create_ephemeral(std::string path, std::string data = "") {
  return {Kind::create_ephemeral, std::move(path), std::move(data), -1};
}
ZnodeChange set(std::string path, std::string data, std::int32_t version = -1) {
  return {Kind::set, std::move(path), std::move(data), version};
}
ZnodeChange remove(std::string path, std::int32_t version = -1) {
  return {Kind::remove, std::move(path), "", version};
}
ZnodeChange check(std::string path, std::int32_t version) {
  return {Kind::check, std::move(path), "", version};
}

Result<void> commit(Fixture& fixture, ZnodeSession& session, std::vector<ZnodeChange> changes) {
  return fixture.run(session.commit(std::move(changes)));
}

void must_commit(Fixture& fixture, ZnodeSession& session, std::vector<ZnodeChange> changes) {
  const Result<void> done = commit(fixture, session, std::move(changes));
  INFO((done ? "" : done.error().message));
  REQUIRE(done.has_value());
}

// The code, and the path of the operation that failed in the message.
void must_fail(Fixture& fixture, ZnodeSession& session, std::vector<ZnodeChange> changes,
               ErrorCode code, const std::string& path) {
  const Result<void> done = commit(fixture, session, std::move(changes));
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == code);
  CHECK_THAT(done.error().message, Catch::Contains(path));
}

std::optional<Znode> read(Fixture& fixture, ZnodeSession& session, const std::string& path) {
  const Result<std::optional<Znode>> znode = fixture.run(session.read(path));
  INFO((znode ? "" : znode.error().message));
  REQUIRE(znode.has_value());
  return *znode;
}

Znode must_read(Fixture& fixture, ZnodeSession& session, const std::string& path) {
  const std::optional<Znode> znode = read(fixture, session, path);
  REQUIRE(znode.has_value());
  return *znode;
}

void must_sync(Fixture& fixture, ZnodeSession& session) {
  const Result<void> done = fixture.run(session.sync());
  INFO((done ? "" : done.error().message));
  REQUIRE(done.has_value());
}

std::optional<Names> children(Fixture& fixture, ZnodeSession& session, const std::string& path) {
  const Result<std::optional<Names>> names = fixture.run(session.children(path));
  INFO((names ? "" : names.error().message));
  REQUIRE(names.has_value());
  return *names;
}

// Reading, listing, syncing and writing all say so.
void must_be_over(Fixture& fixture, ZnodeSession& session) {
  CHECK_FALSE(session.alive());
  const auto znode = fixture.run(session.read("/over"));
  REQUIRE_FALSE(znode.has_value());
  CHECK(znode.error().code == ErrorCode::unavailable);
  CHECK_THAT(znode.error().message, Catch::Contains("/over"));
  const auto names = fixture.run(session.children("/over"));
  REQUIRE_FALSE(names.has_value());
  CHECK(names.error().code == ErrorCode::unavailable);
  const Result<void> synced = fixture.run(session.sync());
  REQUIRE_FALSE(synced.has_value());
  CHECK(synced.error().code == ErrorCode::unavailable);
  must_fail(fixture, session, {create("/over")}, ErrorCode::unavailable, "/over");
}

}  // namespace

std::unique_ptr<ZnodeSession> Fixture::open() {
  Result<std::unique_ptr<ZnodeSession>> session =
      run(zookeeper().connect(connect_string(), kPatience));
  INFO((session ? "" : session.error().message));
  REQUIRE(session.has_value());
  CHECK((*session)->alive());
  CHECK((*session)->session_id() != 0);
  CHECK((*session)->session_timeout() > milliseconds(0));
  return std::move(*session);
}

void reads_what_was_written(Fixture& fixture) {
  const auto session = fixture.open();
  CHECK_FALSE(read(fixture, *session, "/a").has_value());
  must_commit(fixture, *session, {create("/a", "one")});
  Znode znode = must_read(fixture, *session, "/a");
  CHECK(znode.data == "one");
  CHECK(znode.version == 0);
  CHECK(znode.czxid != 0);
  CHECK(znode.ephemeral_owner == 0);
  CHECK(znode.children == 0);
  must_commit(fixture, *session, {set("/a", "two")});
  const Znode after = must_read(fixture, *session, "/a");
  CHECK(after.data == "two");
  CHECK(after.version == 1);
  CHECK(after.czxid == znode.czxid);
  must_commit(fixture, *session, {remove("/a")});
  CHECK_FALSE(read(fixture, *session, "/a").has_value());
}

void lists_children_sorted(Fixture& fixture) {
  const auto session = fixture.open();
  CHECK_FALSE(children(fixture, *session, "/p").has_value());
  must_commit(fixture, *session, {create("/p")});
  CHECK(children(fixture, *session, "/p") == Names{});
  must_commit(fixture, *session, {create("/p/b"), create("/p/c"), create("/p/a")});
  must_commit(fixture, *session, {create("/p/a/deeper"), create("/p/B"), create("/p/10")});
  CHECK(children(fixture, *session, "/p") == Names{"10", "B", "a", "b", "c"});
  CHECK(must_read(fixture, *session, "/p").children == 5);
  CHECK(must_read(fixture, *session, "/p").version == 0);
  must_commit(fixture, *session, {remove("/p/b")});
  CHECK(children(fixture, *session, "/p") == Names{"10", "B", "a", "c"});
  CHECK(must_read(fixture, *session, "/p").children == 4);
}

void refuses_what_does_not_fit(Fixture& fixture) {
  const auto session = fixture.open();
  must_fail(fixture, *session, {create("/x/y")}, ErrorCode::not_found, "/x/y");
  must_fail(fixture, *session, {set("/x", "1")}, ErrorCode::not_found, "/x");
  must_fail(fixture, *session, {remove("/x")}, ErrorCode::not_found, "/x");
  must_fail(fixture, *session, {check("/x", 0)}, ErrorCode::not_found, "/x");
  must_commit(fixture, *session, {create("/x"), create("/x/y")});
  must_fail(fixture, *session, {create("/x")}, ErrorCode::already_exists, "/x");
  must_fail(fixture, *session, {create_ephemeral("/x")}, ErrorCode::already_exists, "/x");
  must_fail(fixture, *session, {remove("/x")}, ErrorCode::failed_precondition, "/x");
  must_commit(fixture, *session, {create_ephemeral("/e")});
  must_fail(fixture, *session, {create("/e/f")}, ErrorCode::failed_precondition, "/e/f");
}

void versions_guard_set_and_remove(Fixture& fixture) {
  const auto session = fixture.open();
  must_commit(fixture, *session, {create("/v", "0")});
  must_commit(fixture, *session, {set("/v", "1", 0)});
  must_fail(fixture, *session, {set("/v", "x", 0)}, ErrorCode::aborted, "/v");
  must_fail(fixture, *session, {remove("/v", 0)}, ErrorCode::aborted, "/v");
  CHECK(must_read(fixture, *session, "/v").data == "1");
  must_commit(fixture, *session, {set("/v", "1")});
  CHECK(must_read(fixture, *session, "/v").version == 2);
  must_commit(fixture, *session, {remove("/v", 2)});
  CHECK_FALSE(read(fixture, *session, "/v").has_value());
}

void transactions_are_all_or_nothing(Fixture& fixture) {
  const auto session = fixture.open();
  must_commit(fixture, *session, {create("/t", "old"), create("/gone")});
  must_fail(
      fixture, *session,
      {create("/t/a"), set("/t", "new"), remove("/gone"), create("/nowhere/b"), create("/t/c")},
      ErrorCode::not_found, "/nowhere/b");
  CHECK(children(fixture, *session, "/t") == Names{});
  CHECK(must_read(fixture, *session, "/t").data == "old");
  CHECK(must_read(fixture, *session, "/t").version == 0);
  CHECK(read(fixture, *session, "/gone").has_value());
  // The first failing operation is named, not the last.
  must_fail(fixture, *session, {set("/t", "x", 7), create("/nowhere/b")}, ErrorCode::aborted,
            "set /t");
}

void transactions_see_their_own_changes(Fixture& fixture) {
  const auto session = fixture.open();
  must_commit(fixture, *session,
              {create("/o"), create("/o/a", "1"), set("/o/a", "2", 0), check("/o/a", 1),
               create("/o/b"), remove("/o/b")});
  CHECK(children(fixture, *session, "/o") == Names{"a"});
  CHECK(must_read(fixture, *session, "/o/a").data == "2");
  must_commit(fixture, *session, {remove("/o/a"), remove("/o")});
  must_fail(fixture, *session, {create("/o"), create("/o")}, ErrorCode::already_exists, "/o");
  CHECK_FALSE(read(fixture, *session, "/o").has_value());
  const Znode sibling = [&] {
    must_commit(fixture, *session, {create("/s"), create("/s/1"), create("/s/2")});
    return must_read(fixture, *session, "/s/1");
  }();
  // One transaction, one zxid.
  CHECK(must_read(fixture, *session, "/s/2").czxid == sibling.czxid);
}

void checks_fence_a_transaction(Fixture& fixture) {
  const auto session = fixture.open();
  must_commit(fixture, *session, {create("/epoch"), create("/work")});
  must_commit(fixture, *session, {check("/epoch", 0), set("/work", "a")});
  must_commit(fixture, *session, {set("/epoch", "")});
  must_fail(fixture, *session, {check("/epoch", 0), set("/work", "b")}, ErrorCode::aborted,
            "/epoch");
  CHECK(must_read(fixture, *session, "/work").data == "a");
  must_commit(fixture, *session, {check("/epoch", 1), set("/work", "c")});
  must_commit(fixture, *session, {check("/epoch", -1), set("/work", "d")});
  CHECK(must_read(fixture, *session, "/epoch").version == 1);
}

void ephemerals_belong_to_their_session(Fixture& fixture) {
  const auto watcher = fixture.open();
  auto owner = fixture.open();
  CHECK(owner->session_id() != watcher->session_id());
  must_commit(fixture, *owner, {create("/keep"), create_ephemeral("/keep/mine", "me")});
  must_commit(fixture, *watcher, {create_ephemeral("/keep/other")});
  must_sync(fixture, *watcher);
  CHECK(must_read(fixture, *watcher, "/keep/mine").ephemeral_owner == owner->session_id());
  CHECK(must_read(fixture, *watcher, "/keep/mine").data == "me");
  fixture.run(owner->close());
  must_sync(fixture, *watcher);
  CHECK(children(fixture, *watcher, "/keep") == Names{"other"});
}

void recreated_znodes_are_other_znodes(Fixture& fixture) {
  const auto session = fixture.open();
  must_commit(fixture, *session, {create("/r", "x")});
  const Znode before = must_read(fixture, *session, "/r");
  must_commit(fixture, *session, {remove("/r")});
  must_commit(fixture, *session, {create("/r", "x")});
  const Znode after = must_read(fixture, *session, "/r");
  CHECK(after.version == before.version);
  CHECK(after.czxid > before.czxid);
}

void any_bytes_are_data(Fixture& fixture) {
  const auto session = fixture.open();
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all.push_back(static_cast<char>(byte));
  }
  std::string large(200'000, 'x');
  large.back() = 'y';
  must_commit(fixture, *session, {create("/all", all), create("/empty"), create("/large", large)});
  CHECK(must_read(fixture, *session, "/all").data == all);
  CHECK(must_read(fixture, *session, "/empty").data.empty());
  CHECK(must_read(fixture, *session, "/large").data == large);
  must_commit(fixture, *session, {set("/all", "")});
  CHECK(must_read(fixture, *session, "/all").data.empty());
}

void sessions_see_each_other_after_sync(Fixture& fixture) {
  const auto one = fixture.open();
  const auto two = fixture.open();
  for (int i = 0; i < 5; ++i) {
    const std::string path = "/seen" + std::to_string(i);
    must_commit(fixture, *one, {create(path, "by one")});
    must_sync(fixture, *two);
    CHECK(must_read(fixture, *two, path).data == "by one");
    must_commit(fixture, *two, {set(path, "by two", 0)});
    must_sync(fixture, *one);
    CHECK(must_read(fixture, *one, path).data == "by two");
    must_fail(fixture, *one, {set(path, "late", 0)}, ErrorCode::aborted, path);
  }
}

void invalid_requests_are_not_sent(Fixture& fixture) {
  const auto session = fixture.open();
  const Names bad{"",
                  "/",
                  "a",
                  "/a/",
                  "//a",
                  "/a//b",
                  "/./a",
                  "/a/..",
                  "/a\nb",
                  std::string("/a\0b", 4),
                  "/a\x7f",
                  "relative/path",
                  "/" + std::string(512, 'a')};
  for (const std::string& path : bad) {
    INFO("path \"" << path << '"');
    const auto znode = fixture.run(session->read(path));
    REQUIRE_FALSE(znode.has_value());
    CHECK(znode.error().code == ErrorCode::invalid_argument);
    const auto names = fixture.run(session->children(path));
    REQUIRE_FALSE(names.has_value());
    CHECK(names.error().code == ErrorCode::invalid_argument);
    const Result<void> done =
        commit(fixture, *session, {create("/never"), create(path), create("/never2")});
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code == ErrorCode::invalid_argument);
  }
  must_fail(fixture, *session, {create("/never", std::string(256 * 1024, 'x'))},
            ErrorCode::invalid_argument, "/never");
  const Result<void> many =
      commit(fixture, *session, std::vector<ZnodeChange>(129, check("/zookeeper", -1)));
  REQUIRE_FALSE(many.has_value());
  CHECK(many.error().code == ErrorCode::invalid_argument);
  CHECK_FALSE(read(fixture, *session, "/never").has_value());
  CHECK(session->alive());
}

void the_largest_transaction_works(Fixture& fixture) {
  const auto session = fixture.open();
  std::vector<ZnodeChange> changes{create("/big")};
  for (int i = 1; i < 128; ++i) {
    changes.push_back(create("/big/" + std::to_string(1000 + i), std::string(2'000, 'd')));
  }
  must_commit(fixture, *session, changes);
  CHECK(must_read(fixture, *session, "/big").children == 127);
  changes.clear();
  for (int i = 1; i < 128; ++i) {
    changes.push_back(remove("/big/" + std::to_string(1000 + i)));
  }
  changes.push_back(remove("/big"));
  must_commit(fixture, *session, changes);
  CHECK_FALSE(read(fixture, *session, "/big").has_value());
}

void a_closed_session_is_over(Fixture& fixture) {
  const auto session = fixture.open();
  fixture.run(session->close());
  must_be_over(fixture, *session);
  fixture.run(session->close());
  const auto next = fixture.open();
  CHECK_FALSE(read(fixture, *next, "/over").has_value());
}

void an_expired_session_is_over(Fixture& fixture) {
  const auto session = fixture.open();
  must_commit(fixture, *session, {create("/stays"), create_ephemeral("/goes")});
  fixture.expire_sessions();
  must_be_over(fixture, *session);
  const auto next = fixture.open();
  CHECK(next->session_id() != session->session_id());
  must_sync(fixture, *next);
  CHECK(read(fixture, *next, "/stays").has_value());
  CHECK_FALSE(read(fixture, *next, "/goes").has_value());
}

void requests_outlive_the_session_object(Fixture& fixture) {
  auto session = fixture.open();
  must_commit(fixture, *session, {create("/here", "x")});
  Awaitable<Result<std::optional<Znode>>> task = session->read("/here");
  session.reset();
  const Result<std::optional<Znode>> znode = fixture.run(std::move(task));
  REQUIRE_FALSE(znode.has_value());
  CHECK(znode.error().code == ErrorCode::unavailable);
}

void connecting_to_nobody_is_unavailable(Fixture& fixture) {
  const auto session =
      fixture.run(fixture.zookeeper().connect(fixture.dead_connect_string(), milliseconds(300)));
  REQUIRE_FALSE(session.has_value());
  CHECK(session.error().code == ErrorCode::unavailable);
  CHECK_THAT(session.error().message, Catch::Contains(fixture.dead_connect_string()));
}

}  // namespace arcform::contract

// SPDX-License-Identifier: Apache-2.0
#include "drivers/zookeeper_codes.h"

#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "drivers/zookeeper_survey.h"

namespace arcform::zookeeper {
namespace {

const std::map<int, ErrorCode> kExpected{{-1, ErrorCode::unavailable},
                                         {-2, ErrorCode::internal},
                                         {-3, ErrorCode::internal},
                                         {-4, ErrorCode::unavailable},
                                         {-5, ErrorCode::internal},
                                         {-6, ErrorCode::unsupported},
                                         {-7, ErrorCode::deadline_exceeded},
                                         {-8, ErrorCode::invalid_argument},
                                         {-9, ErrorCode::unavailable},
                                         {-13, ErrorCode::failed_precondition},
                                         {-14, ErrorCode::failed_precondition},
                                         {-15, ErrorCode::unauthenticated},
                                         {-100, ErrorCode::internal},
                                         {-101, ErrorCode::not_found},
                                         {-102, ErrorCode::permission_denied},
                                         {-103, ErrorCode::aborted},
                                         {-108, ErrorCode::failed_precondition},
                                         {-110, ErrorCode::already_exists},
                                         {-111, ErrorCode::failed_precondition},
                                         {-112, ErrorCode::unavailable},
                                         {-113, ErrorCode::internal},
                                         {-114, ErrorCode::invalid_argument},
                                         {-115, ErrorCode::unauthenticated},
                                         {-116, ErrorCode::unavailable},
                                         {-117, ErrorCode::internal},
                                         {-118, ErrorCode::unavailable},
                                         {-119, ErrorCode::unavailable},
                                         {-120, ErrorCode::failed_precondition},
                                         {-121, ErrorCode::internal},
                                         {-122, ErrorCode::deadline_exceeded},
                                         {-123, ErrorCode::unsupported},
                                         {-124, ErrorCode::unauthenticated},
                                         {-125, ErrorCode::resource_exhausted},
                                         {-127, ErrorCode::unavailable}};

TEST_CASE("every return code has a meaning and words of its own, unknown ones are our bug") {
  std::set<std::string_view> texts;
  for (int rc = -130; rc < 0; ++rc) {
    INFO("rc " << rc);
    const auto expected = kExpected.find(rc);
    const bool known = expected != kExpected.end();
    CHECK(code_of(static_cast<Rc>(rc)) == (known ? expected->second : ErrorCode::internal));
    const std::string_view text = text_of(static_cast<Rc>(rc));
    CHECK((text == "unknown error") != known);
    CHECK((!known || texts.insert(text).second));
  }
}

TEST_CASE("only what a server said proves that the session lives") {
  const std::set<int> answers{0,    -101, -102, -103, -108, -110, -111, -114,
                              -119, -120, -121, -122, -123, -124, -125, -127};
  for (const auto& [rc, code] : kExpected) {
    INFO("rc " << rc);
    CHECK(is_answer(static_cast<Rc>(rc)) == answers.contains(rc));
  }
  CHECK(is_answer(Rc::ok));
}

TEST_CASE("a connect string is numeric, exact and gives itself back") {
  for (const std::string text : {"10.0.0.1:2181", "10.0.0.1:2181,10.0.0.2:2181,10.0.0.1:2182"}) {
    const Result<std::vector<Endpoint>> servers = parse_connect_string(text);
    REQUIRE(servers.has_value());
    CHECK(connect_string(*servers) == text);
  }
}

TEST_CASE("a connect string that the client would take wrongly is refused") {
  for (const std::string text :
       {"", ",", "10.0.0.1:2181,", ",10.0.0.1:2181", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0",
        "10.0.0.1:99999", "10.0.0.1:02181", "zk1:2181", "[::1]:2181", "::1:2181",
        "10.0.0.1:2181, 10.0.0.2:2181", "10.0.0.1:2181/chroot", "10.0.0.1:2181;10.0.0.2:2181",
        "10.0.0.256:2181", "10.0.0.1:2181\n", "10.0.0.1:2181,10.0.0.1:2181"}) {
    INFO('"' << text << '"');
    const Result<std::vector<Endpoint>> servers = parse_connect_string(text);
    REQUIRE_FALSE(servers.has_value());
    CHECK(servers.error().code == ErrorCode::invalid_argument);
  }
  CHECK(parse_connect_string("a\x1b:1").error().message ==
        "zookeeper servers \"a\\x1B:1\": \"a\\x1B:1\" is not an IPv4 address and a port such as "
        "10.0.0.1:2181");
  CHECK(parse_connect_string("10.0.0.1:1,10.0.0.1:1").error().message ==
        "zookeeper servers \"10.0.0.1:1,10.0.0.1:1\": \"10.0.0.1:1\" is there twice");
  std::string many = "10.0.0.1:1";
  for (int port = 2; port <= 65; ++port) {
    many += ",10.0.0.1:" + std::to_string(port);
  }
  CHECK_FALSE(parse_connect_string(many).has_value());
  CHECK(parse_connect_string(many.substr(0, many.rfind(','))).has_value());
}

ZnodeChange change(std::string path, std::size_t size = 0, std::int32_t version = -1) {
  return {ZnodeChange::Kind::set, std::move(path), std::string(size, 'x'), version};
}

TEST_CASE("transactions are held to their limits before anything is sent") {
  CHECK(check_changes({change("/a")}).has_value());
  CHECK(check_changes(std::vector<ZnodeChange>(128, change("/a"))).has_value());
  CHECK(check_changes({change("/a", 256 * 1024 - 2)}).has_value());
  CHECK(check_changes({}).error().message == "transaction: 0 operations, must be 1 to 128");
  CHECK(check_changes(std::vector<ZnodeChange>(129, change("/a"))).error().message ==
        "transaction: 129 operations, must be 1 to 128");
  CHECK(check_changes({change("/a", 256 * 1024 - 1)}).error().message ==
        "transaction: set /a: 262145 bytes, at most 262144 are allowed");
  CHECK(check_changes({change("/a"), change("/b//c")}).error().message ==
        "transaction: znode \"/b//c\": not a valid path");
  CHECK(check_changes({change("/a", 0, -2)}).error().message == "transaction: set /a: version -2");
  CHECK(check_changes({change("/a/")}).error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a server's answer to srvr says whether it serves") {
  CHECK(state_of("Zookeeper version: 3.8.0-\nLatency min/avg/max: 0/0/0\nMode: leader\n") ==
        ServerState::serving);
  CHECK(state_of("srvr is not executed because it is not in the whitelist.\n") ==
        ServerState::serving);
  CHECK(state_of("This ZooKeeper instance is not currently serving requests\n") ==
        ServerState::not_serving);
  CHECK(state_of("") == ServerState::closed);
  CHECK(state_of("SSH-2.0-OpenSSH_9.2p1\r\n") == ServerState::closed);
}

TEST_CASE("a survey puts servers that serve first and names the trouble") {
  const Endpoint a{1, 1};
  const Endpoint b{1, 2};
  const Endpoint c{1, 3};
  const std::vector<SurveyedServer> found{
      {a, ServerState::refused}, {b, ServerState::silent}, {c, ServerState::serving}};
  CHECK(best_first(found) == std::vector<Endpoint>{c, a, b});
  CHECK(diagnosis(found) ==
        "a server answers but gives no session (0.0.0.1:1 refuses the connection, 0.0.0.1:2 does "
        "not answer, 0.0.0.1:3 serves)");
  CHECK(diagnosis({{a, ServerState::not_serving}, {b, ServerState::closed}}) ==
        "no quorum (0.0.0.1:1 has no quorum, 0.0.0.1:2 closes the connection)");
  CHECK(diagnosis({{a, ServerState::silent}}) == "no server answers (0.0.0.1:1 does not answer)");
  const auto merged = merge({{a, ServerState::not_serving}, {b, ServerState::refused}},
                            {{a, ServerState::silent}, {b, ServerState::serving}});
  CHECK(merged[0].state == ServerState::not_serving);
  CHECK(merged[1].state == ServerState::serving);
}

}  // namespace
}  // namespace arcform::zookeeper

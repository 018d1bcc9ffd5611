// SPDX-License-Identifier: Apache-2.0
#include "drivers/zookeeper_survey.h"

#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <catch2/catch.hpp>

#include "tests/support/on_loop.h"

namespace arcform::zookeeper {
namespace {

using asio::ip::tcp;

/// Listens on 127.0.0.1 and the given loop, and says `answer` to whoever connects; "": nothing,
/// and stays.
class ServerDouble {
 public:
  ServerDouble(asio::io_context& loop, std::string answer)
      : acceptor_(loop, {asio::ip::address_v4::loopback(), 0}), answer_(std::move(answer)) {
    accept();
  }
  Endpoint endpoint() const {
    const tcp::endpoint own = acceptor_.local_endpoint();
    return {own.address().to_v4().to_uint(), own.port()};
  }
  int questions() const { return questions_; }

 private:
  void accept() {
    acceptor_.async_accept([this](std::error_code error, tcp::socket socket) {
      if (error) {
        return;
      }
      ++questions_;
      sockets_.push_back(std::move(socket));
      if (!answer_.empty()) {
        asio::write(sockets_.back(), asio::buffer(answer_));
        sockets_.back().shutdown(tcp::socket::shutdown_send);
      }
      accept();
    });
  }

  tcp::acceptor acceptor_;
  std::string answer_;
  std::vector<tcp::socket> sockets_;
  int questions_ = 0;
};

constexpr const char* kServes = "Zookeeper version: 3.8.0\nMode: follower\n";
constexpr const char* kNoQuorum = "This ZooKeeper instance is not currently serving requests\n";
/// Longer than any of these tests takes unless it fails.
constexpr std::chrono::seconds kPatience{20};

TEST_CASE("a survey ends with the first server that serves, and asks no other") {
  asio::io_context loop;
  const ServerDouble first(loop, kServes);
  const ServerDouble second(loop, kServes);
  const auto found = on_loop(loop, survey(loop, {first.endpoint(), second.endpoint()}, kPatience));
  CHECK(found.at(0).state == ServerState::serving);
  CHECK(found.at(1).state == ServerState::silent);
  CHECK(first.questions() == 1);
  CHECK(second.questions() == 0);
}

TEST_CASE("a survey goes on past servers that say nothing or do not serve") {
  asio::io_context loop;
  const ServerDouble mute(loop, "");
  const ServerDouble lonely(loop, kNoQuorum);
  const ServerDouble serving(loop, kServes);
  const auto found = on_loop(
      loop, survey(loop, {mute.endpoint(), lonely.endpoint(), serving.endpoint()}, kPatience));
  CHECK(found.at(0).state == ServerState::silent);
  CHECK(found.at(1).state == ServerState::not_serving);
  CHECK(found.at(2).state == ServerState::serving);
  CHECK(mute.questions() == 1);
}

TEST_CASE("the only server is asked once, and its silence ends with the patience") {
  asio::io_context loop;
  const ServerDouble mute(loop, "");
  const auto found = on_loop(loop, survey(loop, {mute.endpoint()}, std::chrono::milliseconds(100)));
  CHECK(found.at(0).state == ServerState::silent);
  CHECK(mute.questions() == 1);
}

}  // namespace
}  // namespace arcform::zookeeper

// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <catch2/catch.hpp>

#include "drivers/script_host.h"
#include "drivers/waiting.h"

namespace arcform {
namespace {

using OnOutput = std::function<bool(std::string_view)>;

/// Streams and never ends.
class EndlessShell final : public Shell {
 public:
  EndlessShell(asio::io_context& loop, OnOutput& kept) : loop_(loop), kept_(kept) {}
  Awaitable<Result<ShellOutput>> execute(std::string, std::chrono::milliseconds) override {
    co_return Error{ErrorCode::unavailable, "not here"};
  }
  Awaitable<Result<ShellOutput>> upload(std::string, std::shared_ptr<ByteSource>,
                                        std::chrono::milliseconds) override {
    co_return Error{ErrorCode::unavailable, "not here"};
  }
  Awaitable<Result<void>> stream(std::string, OnOutput on_output,
                                 std::chrono::milliseconds) override {
    kept_ = on_output;
    LoopTimer never(loop_, std::chrono::hours(1));
    co_await never.async_wait(kAwait);
    co_return Result<void>{};
  }
  Awaitable<Result<std::string>> exchange(Endpoint, std::string, std::string,
                                          std::chrono::milliseconds) override {
    co_return Error{ErrorCode::unavailable, "not here"};
  }

 private:
  asio::io_context& loop_;
  OnOutput& kept_;
};

Awaitable<void> follow(ScriptHost& host, std::function<bool(const HostNews&)> tell) {
  static_cast<void>(co_await host.follow(std::move(tell)));
}

}  // namespace

TEST_CASE("a loop that goes while a host is followed destroys everything once", "[hosts]") {
  auto token = std::make_shared<int>();
  OnOutput kept;
  std::optional<asio::io_context> loop(std::in_place, 1);
  ScriptHost host("h", std::make_unique<EndlessShell>(*loop, kept), ScriptPlace{},
                  [] { return std::string("nonce"); });
  std::function<bool(const HostNews&)> tell = [token](const HostNews&) { return true; };
  asio::co_spawn(*loop, follow(host, std::move(tell)), asio::detached);
  loop->poll();
  REQUIRE(kept);
  loop.reset();
  CHECK(token.use_count() == 2);  // Ours, and the one behind what the shell has kept.
  kept = nullptr;
  CHECK(token.use_count() == 1);
}

}  // namespace arcform

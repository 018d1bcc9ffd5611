// SPDX-License-Identifier: Apache-2.0
// Goal: an event is posted whole, what the other side does wrong is told from what it will never
// take, no attempt outlasts its time, and no secret is shown. Method: a real server, also with TLS.
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "drivers/hook_call.h"
#include "tests/support/hook_receiver.h"
#include "tests/support/on_loop.h"
#include "tests/support/run_process.h"
#include "tests/support/tiny_server.h"

namespace arcform {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFine = "HTTP/1.1 204 No Content\r\n\r\n";

/// A server, and a hook that posts to it.
struct Stage {
  explicit Stage(HookReceiver::Answer its_answer, const HookReceiver::Tls* tls = nullptr)
      : answer(std::move(its_answer)),
        receiver(
            loop, "127.0.0.1", 0,
            [this](const ReceivedPost& post) {
              received.push_back(post);
              return answer;
            },
            tls) {
    std::string pattern = fs::temp_directory_path() / "arcform-hooks.XXXXXX";
    folder = ::mkdtemp(pattern.data());
    hook.name = "pager";
    hook.url = fmt::format("{}://127.0.0.1:{}/s3cret?x=1", tls == nullptr ? "http" : "https",
                           receiver.port());
  }
  ~Stage() { fs::remove_all(folder); }
  Result<void> post() {
    return on_loop(loop, call_hook(loop, secrets, HookCall{hook, "{\"id\":1}\n", "abc-1"}));
  }
  /// What is wrong, without the part that changes.
  std::string error() {
    const Result<void> result = post();
    REQUIRE_FALSE(result);
    CHECK(result.error().message.find("s3cret") == std::string::npos);
    return result.error().message;
  }
  std::string origin() const {
    return fmt::format("hook pager: http://127.0.0.1:{}: ", receiver.port());
  }
  void write_token(const std::string& text) {
    hook.token = SecretSource{folder + "/token", ""};
    std::ofstream(folder + "/token") << text;
    ::chmod((folder + "/token").c_str(), 0600);
  }

  asio::io_context loop;
  Secrets secrets{"/nowhere"};
  HookReceiver::Answer answer;
  std::vector<ReceivedPost> received;
  HookReceiver receiver;
  WatchHook hook;
  std::string folder;
};

TEST_CASE("an event is posted with its key and its token") {
  Stage stage({kFine});
  stage.write_token("t0ken\n");
  REQUIRE(stage.post());
  REQUIRE(stage.received.size() == 1);
  CHECK(stage.received[0].head ==
        fmt::format("POST /s3cret?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
                    "Content-Type: application/json\r\nUser-Agent: arcform\r\n"
                    "Idempotency-Key: \"abc-1\"\r\nAuthorization: Bearer t0ken\r\n"
                    "Connection: close\r\nContent-Length: 9\r\n\r\n",
                    stage.receiver.port()));
  CHECK(stage.received[0].body == "{\"id\":1}\n");
}

TEST_CASE("a token that was replaced in its file is read again once it was refused") {
  Stage stage({"HTTP/1.1 401 No\r\n\r\n"});
  stage.write_token("old\n");
  CHECK(stage.error() == stage.origin() + "answers with status 401");
  stage.write_token("new\n");
  stage.answer.bytes = kFine;
  REQUIRE(stage.post());
  CHECK(stage.received[1].head.find("Bearer new\r\n") != std::string::npos);
}

TEST_CASE("a token that is none is said without it, and nothing is sent") {
  Stage stage({kFine});
  stage.write_token("s3cret and more\n");
  CHECK(stage.error() == "hook pager: its token is not one word of visible ASCII");
  fs::remove(stage.folder + "/token");
  stage.hook.token->file += ".other";
  CHECK(stage.error().find("hook pager: ") == 0);
  CHECK(stage.received.empty());
}

TEST_CASE("what the other side answers decides whether it is tried again") {
  const auto code_of = [](const std::string& status) {
    Stage stage({"HTTP/1.1 " + status + "\r\n\r\n"});
    const Result<void> result = stage.post();
    REQUIRE_FALSE(result);
    return result.error().code;
  };
  CHECK(code_of("404 Not Found") == ErrorCode::invalid_argument);
  CHECK(code_of("302 Found") == ErrorCode::invalid_argument);
  CHECK(code_of("500 Oops") == ErrorCode::unavailable);
  CHECK(code_of("429 Too Many") == ErrorCode::unavailable);
  CHECK(code_of("403 No") == ErrorCode::unauthenticated);
  Stage stage({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"});
  CHECK(stage.post());
}

TEST_CASE("what does not speak HTTP, closes, or says without end") {
  const auto* const bytes = GENERATE("", "HTTP/1.1 2", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n");
  CAPTURE(bytes);
  Stage stage({bytes});
  CHECK(stage.error().find(stage.origin()) == 0);
  Stage endless({"HTTP/1.1 200 OK\r\nX: " + std::string(1U << 20U, 'x'), true});
  CHECK(endless.error().find(endless.origin()) == 0);
}

TEST_CASE("a server that says nothing costs the attempt its time and no more") {
  Stage stage({"", true});
  stage.hook.timeout_s = 1;
  const auto begun = std::chrono::steady_clock::now();
  CHECK(stage.error() == stage.origin() + "no answer in time");
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(3));
}

TEST_CASE("nobody listens, or the name is none") {
  Stage stage({kFine});
  stage.hook.url = fmt::format("http://127.0.0.1:{}/s3cret", unused_port());
  CHECK(stage.error().find("connect: Connection refused") != std::string::npos);
  stage.hook.url = "http://no-such-host.invalid/s3cret";
  CHECK(stage.error().find("hook pager: http://no-such-host.invalid:80: ") == 0);
}

/// A certificate for 127.0.0.1, or for another name.
HookReceiver::Tls make_certificate(const std::string& folder, const std::string& name) {
  HookReceiver::Tls tls{folder + "/cert.pem", folder + "/key.pem"};
  const ProcessResult made = run_process({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                                          "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                                          "-subj", "/CN=test", "-addext", "subjectAltName=" + name,
                                          "-keyout", tls.key, "-out", tls.certificate});
  INFO(made.err);
  REQUIRE(made.status == 0);
  return tls;
}

TEST_CASE("https: whom the system trusts under its own name, and nobody else") {
  std::string pattern = fs::temp_directory_path() / "arcform-hooks.XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  const HookReceiver::Tls right = make_certificate(folder, "IP:127.0.0.1");
  {
    Stage stage({kFine}, &right);
    CHECK(stage.error().find(fmt::format("https://127.0.0.1:{}: TLS: ", stage.receiver.port())) !=
          std::string::npos);
    ::setenv("SSL_CERT_FILE", right.certificate.c_str(), 1);
    CHECK(stage.post());
    REQUIRE(stage.received.size() == 1);
    CHECK(stage.received[0].body == "{\"id\":1}\n");
  }
  const HookReceiver::Tls wrong = make_certificate(folder, "DNS:other.example");
  Stage stage({kFine}, &wrong);
  CHECK(stage.error().find("TLS: ") != std::string::npos);
  CHECK(stage.received.empty());
  ::unsetenv("SSL_CERT_FILE");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace arcform

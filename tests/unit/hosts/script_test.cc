// SPDX-License-Identifier: Apache-2.0
#include "drivers/script.h"

#include <filesystem>
#include <random>

#include "tests/unit/hosts/shell_fixture.h"

namespace arcform {
namespace {

std::string random_text(std::mt19937_64& random) {
  static constexpr std::string_view kNasty =
      "'\"\\$`!*?[](){};&|<>#~=%\n\r\t \x01\x1b\x7f\xc3\xa9-";
  std::string text;
  const std::size_t size = random() % 40;
  while (text.size() < size) {
    const auto any = static_cast<char>(1 + random() % 255);
    text += random() % 2 == 0 ? kNasty[random() % kNasty.size()] : any;
  }
  return text;
}

Result<ScriptReply> parsed(std::string out, std::string err = "") {
  return parse_reply(ShellOutput{std::move(out), std::move(err)}, "n1");
}

}  // namespace

TEST_CASE("quoted text arrives byte by byte in every shell", "[hosts]") {
  std::mt19937_64 random(20260131);
  std::string body;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string text = random_text(random);
    body += "printf '%s|' " + shell_quote(text) + "\n";
    expected += text + "|";
  }
  for (const std::string& shell : shells_to_test()) {
    INFO(shell);
    ShellFixture fixture(shell);
    CHECK(fixture.script(body) == expected);
  }
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("it's") == "'it'\\''s'");
}

TEST_CASE("nonces are letters and digits, differ, and follow the seed", "[hosts]") {
  NonceSource one = seeded_nonces(1);
  NonceSource same = seeded_nonces(1);
  const std::string first = one();
  CHECK(first.size() == 16);
  CHECK(first.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(same() == first);
  CHECK(one() != first);
}

TEST_CASE("a reply is what stands between the markers", "[hosts]") {
  const auto reply = parsed("noise\n@@ARC n1 begin\nhello\n\n@@ARC n1 3\nlogout\n",
                            "bashrc: oops\n\n@@ARC n1 begin\nreal\n");
  CHECK(expect(reply).status == 3);
  CHECK(reply->output == "hello\n");
  CHECK(reply->errors == "real\n");
  CHECK(expect(parsed("\n@@ARC n1 begin\n\n@@ARC n1 0\n")).output.empty());
}

TEST_CASE("without the end sentinel a script's fate is unknown", "[hosts]") {
  const std::string whole = "\n@@ARC n1 begin\nhello\n@@ARC n1 0\n";
  REQUIRE(parsed(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    const auto reply = parsed(whole.substr(0, size));
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().code == ErrorCode::unavailable);
  }
  CHECK_FALSE(parsed("\n@@ARC n1 begin\nhello\n@@ARC n2 0\n").has_value());
  CHECK_FALSE(parsed("\n@@ARC n1 begin\nhello\n@@ARC n1 256\n").has_value());
  CHECK_FALSE(parsed("\n@@ARC n1 begin\nhello\n@@ARC n1 -1\n").has_value());
  CHECK_FALSE(parsed("\n@@ARC n1 begin\nhello\n@@ARC n1 0x\n").has_value());
  CHECK_FALSE(parsed("hello\n@@ARC n1 0\n").has_value());
}

TEST_CASE("a script that is cut off anywhere does nothing", "[hosts]") {
  for (const std::string& shell : shells_to_test()) {
    ShellFixture fixture(shell);
    const std::string mark = fixture.folder() + "/mark";
    const std::string script = frame_script(
        ": >" + shell_quote(mark + "1") + "\n: >" + shell_quote(mark + "2") + "\n", "n1");
    const std::size_t closing = script.rfind('}');
    for (std::size_t size = 0; size <= closing; size += 1 + size % 7) {
      INFO(shell << " " << size);
      const auto output =
          expect(fixture.shell().run(script.substr(0, size), std::chrono::seconds{10}));
      CHECK_FALSE(parse_reply(output, "n1").has_value());
      CHECK(std::filesystem::is_empty(fixture.folder()));
    }
    CHECK(expect(fixture.shell().run(script.substr(0, closing + 1), std::chrono::seconds{10}))
              .out.ends_with("\n@@ARC n1 0\n"));
    CHECK(std::filesystem::exists(mark + "2"));
  }
}

TEST_CASE("a script's status, locale, PATH and input", "[hosts]") {
  for (const std::string& shell : shells_to_test()) {
    INFO(shell);
    ShellFixture fixture(shell);
    CHECK(fixture.script("printf '%s %s ' \"$LC_ALL\" \"${PATH%%:/bin:*}\"; cat; umask") ==
          "C /usr/sbin:/usr/bin:/sbin 0027\n");
    const auto output = expect(fixture.shell().run(
        frame_script("say nothing 2>/dev/null\nreturn 9", "n1"), std::chrono::seconds{10}));
    CHECK(expect(parse_reply(output, "n1")).status == 9);
  }
}

TEST_CASE("NUL is refused before anything runs", "[hosts]") {
  ShellFixture fixture("dash");
  const auto result = await(fixture, fixture.host().write_files({{"a", std::string("x\0y", 3)}}));
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::invalid_argument);
  CHECK_FALSE(std::filesystem::exists(fixture.directory()));
}

}  // namespace arcform

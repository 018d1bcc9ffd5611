// SPDX-License-Identifier: Apache-2.0
#include "drivers/known_hosts.h"

#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include "drivers/ssh_wire.h"

namespace arcform {
namespace {

// Made with ssh-keygen, thrown away with their private halves.
const std::string kFirst = "AAAAC3NzaC1lZDI1NTE5AAAAID9K4uryDuqWdWDZ8IA3zofIHSMjFC+xh75gIrH+OYGB";
const std::string kSecond = "AAAAC3NzaC1lZDI1NTE5AAAAIC0GLCxDr2hwUtO2djUHdAy0KcLL9cgWhLySII/bfhuD";
const std::string kEcdsa =
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHyJSVncsB8zOdrH45znJqVFMOpnbcadTUQX3Bk0ex"
    "/JYzYsTP9K4dijKQwk62tK0ZnAtLANZtUCt34/EVu8nvU=";
const std::string kFirstPrint = "SHA256:q3G9hy5cZRQgPhpFxVJn+5eNAI7ENM5K6CJ2T6BB3qM";
// By ssh-keygen -H, of "cache1.arcus" and of "[cache1.arcus]:2200".
const std::string kHashed = "|1|9eRRUA8gNdrC02ohsknucD+bu+I=|fVLyAkIae+CjndCaNU7o+LZV2sQ=";
const std::string kHashedPort = "|1|9jl95WRb88dNdj5m3+Vx5WjzIsA=|wyYtKGQIjWd0aT0zHTcjCY35Iak=";

const KnownName kHost{"cache1.arcus", "10.0.0.1", 22};
const KnownName kOtherPort{"cache1.arcus", "10.0.0.1", 2200};

KnownKeys found(const std::string& content, const KnownName& host = kHost) {
  KnownHosts hosts;
  hosts.add(content, "kh");
  return hosts.find(host);
}

std::vector<int> lines(const std::string& content, const KnownName& host = kHost) {
  std::vector<int> numbers;
  for (const KnownKey& key : found(content, host).keys) {
    numbers.push_back(key.line);
  }
  return numbers;
}

std::string key_line(const std::string& hosts) {
  return hosts + " ssh-ed25519 " + kFirst + "\n";
}

TEST_CASE("host patterns of known_hosts match as ssh matches them") {
  const auto [hosts, matches] = GENERATE(table<std::string, bool>({
      {"cache1.arcus", true},
      {"CACHE1.arcus", true},
      {"10.0.0.1", true},
      {"other,10.0.0.1", true},
      {"cache1.arcus,other", true},
      {"*.arcus", true},
      {"cache?.arcus", true},
      {"cache??.arcus", false},
      {"10.0.0.*", true},
      {"*", true},
      {"*.arcus,!cache1.*", false},
      {"!cache1.arcus,*", true},  // the address still matches: each name is looked up by itself
      {"!cache1.arcus,*.arcus", false},
      {"!other,*.arcus", true},
      {"cache1", false},
      {"cache1.arcus.evil", false},
      {"[cache1.arcus]:2200", false},
      {"10.0.0.10", false},
      {",", false},
      {kHashed, true},
      {kHashedPort, false},
      {"|1|bad|hash", false},
      {"|1|", false},
  }));
  INFO(hosts);
  CHECK(lines(key_line(hosts)) == (matches ? std::vector<int>{1} : std::vector<int>{}));
}

TEST_CASE("another port has entries of its own, the others are second best") {
  CHECK(lines(key_line("[cache1.arcus]:2200"), kOtherPort) == std::vector<int>{1});
  CHECK(lines(key_line(kHashedPort), kOtherPort) == std::vector<int>{1});
  CHECK(lines(key_line("[10.0.0.1]:2200"), kOtherPort) == std::vector<int>{1});
  CHECK(lines(key_line("[*]:2200"), kOtherPort) == std::vector<int>{1});
  CHECK(lines(key_line("[cache1.arcus]:2201"), kOtherPort).empty());
  const KnownKeys plain = found(key_line("cache1.arcus"), kOtherPort);
  REQUIRE(plain.keys.size() == 1);
  CHECK_FALSE(plain.keys[0].exact_port);
}

TEST_CASE("an entry without a port says nothing where the port has one of its own") {
  const std::string first = *ssh_wire::decode_base64(kFirst);
  const std::string plain = key_line("cache1.arcus");
  const std::string own = "[cache1.arcus]:2200 ssh-ed25519 " + kSecond + "\n";
  CHECK(check_host_key(found(plain, kOtherPort), kOtherPort, first, "kh").has_value());
  const Result<void> believed =
      check_host_key(found(plain + own, kOtherPort), kOtherPort, first, "kh");
  REQUIRE_FALSE(believed.has_value());
  CHECK(believed.error().message.find("which is not the ssh-ed25519 key in kh:2") !=
        std::string::npos);
  const std::string revoked = "@revoked cache1.arcus ssh-ed25519 " + kSecond + "\n";
  const std::string second = *ssh_wire::decode_base64(kSecond);
  CHECK_FALSE(check_host_key(found(revoked + own, kOtherPort), kOtherPort, second, "kh"));
}

TEST_CASE("lines that make no sense are skipped one by one") {
  const std::string content = "# comment\n\n   \n" + key_line("cache1.arcus") +
                              "cache1.arcus\ncache1.arcus ssh-ed25519\n"
                              "cache1.arcus ssh-ed25519 !!!notbase64\n"
                              "cache1.arcus ssh-rsa " +
                              kFirst +
                              "\n"  // the blob says ed25519
                              "@unknown cache1.arcus ssh-ed25519 " +
                              kFirst + "\n" + std::string("\0\x01\xff garbage\n", 12) +
                              "\t cache1.arcus\tssh-ed25519 " + kSecond + " a comment\r\n" +
                              "cache1.arcus ecdsa-sha2-nistp256 " + kEcdsa;  // no newline
  CHECK(lines(content) == std::vector<int>{4, 11, 12});
}

TEST_CASE("a key of a type that we do not know is only a key that never matches") {
  std::string blob;
  ssh_wire::put_string(blob, "sk-ssh-ed25519@openssh.com");
  const KnownKeys known =
      found("cache1.arcus sk-ssh-ed25519@openssh.com " + ssh_wire::encode_base64(blob) + "\n");
  REQUIRE(known.keys.size() == 1);
  CHECK(known.keys[0].blob == blob);
}

std::string verdict(const std::string& content, const std::string& key,
                    const KnownName& host = kHost) {
  const auto blob = ssh_wire::decode_base64(key);
  REQUIRE(blob);
  const Result<void> checked =
      check_host_key(found(content, host), host, *blob, "~/.ssh/known_hosts");
  return checked ? "accepted"
                 : std::string(name_of(checked.error().code)) + ": " + checked.error().message;
}

TEST_CASE("the key that known_hosts has is accepted") {
  CHECK(verdict(key_line("cache1.arcus"), kFirst) == "accepted");
  CHECK(verdict("10.0.0.1 ssh-ed25519 " + kSecond + "\n" + key_line("cache1.arcus"), kFirst) ==
        "accepted");
  CHECK(verdict(key_line("cache1.arcus"), kFirst, kOtherPort) == "accepted");
}

TEST_CASE("a changed key is refused with the line that says otherwise") {
  CHECK(verdict("# mine\ncache1.arcus ssh-ed25519 " + kSecond + "\n", kFirst) ==
        "unauthenticated: host key of cache1.arcus (10.0.0.1): it offers ssh-ed25519 " +
            kFirstPrint +
            ", which is not the ssh-ed25519 key in kh:2; somebody may be in between: find out why, "
            "then remove that line and add the new key");
}

TEST_CASE("an unknown key is refused with its fingerprint and what to do") {
  CHECK(verdict("", kFirst) ==
        "unauthenticated: host key of cache1.arcus (10.0.0.1): ssh-ed25519 " + kFirstPrint +
            " is not in known_hosts; compare the fingerprint on the host itself, then add the key "
            "(ssh-keyscan 10.0.0.1 >> ~/.ssh/known_hosts)");
  CHECK(verdict("cache1.arcus ssh-ed25519 " + kSecond + "\n", kFirst, kOtherPort) ==
        "unauthenticated: host key of cache1.arcus ([10.0.0.1]:2200): ssh-ed25519 " + kFirstPrint +
            " is not in known_hosts; compare the fingerprint on the host itself, then add the key "
            "(ssh-keyscan -p 2200 10.0.0.1 >> ~/.ssh/known_hosts)");
}

TEST_CASE("a revoked key is refused even when another line has it") {
  const std::string content = key_line("cache1.arcus") + "@revoked " + key_line("*");
  CHECK(verdict(content, kFirst) ==
        "unauthenticated: host key of cache1.arcus (10.0.0.1): ssh-ed25519 " + kFirstPrint +
            " is revoked by kh:2; do not trust that machine until its key was replaced");
  CHECK(verdict("@revoked * ssh-ed25519 " + kSecond + "\n" + key_line("cache1.arcus"), kFirst) ==
        "accepted");
}

TEST_CASE("a certificate authority is told as not supported") {
  CHECK(verdict("@cert-authority *.arcus ssh-ed25519 " + kSecond + "\n", kFirst)
            .find("(the @cert-authority line at kh:1 is not supported)") != std::string::npos);
}

TEST_CASE("a pattern full of stars costs no time") {
  std::string stars;
  for (int i = 0; i < 400; ++i) {
    stars += "*a";
  }
  const KnownName host{std::string(250, 'a'), "10.0.0.1", 22};
  CHECK(lines(key_line(stars + "b"), host).empty());
}

TEST_CASE("the home folder stands for a leading tilde only") {
  CHECK(expand_home("~/.ssh/id", "/home/a") == "/home/a/.ssh/id");
  CHECK(expand_home("~", "/home/a") == "/home/a");
  CHECK(expand_home("~b/id", "/home/a") == "~b/id");
  CHECK(expand_home("/x/~/id", "/home/a") == "/x/~/id");
}

}  // namespace
}  // namespace arcform

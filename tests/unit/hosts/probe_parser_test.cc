// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <random>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "drivers/probe.h"

namespace arcform {
namespace {

const std::string kBoot = "0a1b2c3d-0000-4000-8000-0123456789ab";
const std::string kMark = "aaaaaaaa-0000-4000-8000-0123456789ab";

std::string stat_of(int pid, const std::string& comm, char state = 'S', int ticks = 777) {
  return fmt::format("{} ({}) {} 1 5 5 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 {} 100 200\n", pid,
                     comm, state, ticks);
}

/// The parts of an answer, so that a test can spoil one.
struct Answer {
  std::string head =
      "arcform-probe 1\nboot " + kBoot +
      "\nmemory 2000 1000\nuser 1001\nfiles 4096\njava 1\ndirectory /home/a/.arcform/d\n"
      "writable 1\n";
  std::string packages = "package 0 1 1 1 0 n\n";
  std::string data = "data 1 1 3\n";
  std::string slots = "slot node-11211 1 " + kBoot + " 42 777 abc\nslot server-1 -\n";
  std::string pids = "pids 42 9\n";
  std::string sockets =
      "listening\n"
      "   0: 0100007F:2BCB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 55 1\n"
      "   1: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0\n"
      "LISTEN 0      128          [::]:22          [::]:*          \n"
      "LISTEN 0 5 127.0.0.1%lo:5300 0.0.0.0:*\n"
      "listened 0\n";
  std::string config = "tickTime=2000\n";
  std::string stat = stat_of(42, "memcached");
  std::string cmdline{
      "/opt/bin/memcached\0-p\0"
      "11211\0",
      28};
  std::string other_stat = stat_of(9, "memcached", 'S', 5);
  std::string other_cmdline = std::string("memcached\0", 10);
  std::string uptime = "uptime 123.45\n";

  std::string text() const {
    const std::string b = "mark=" + kMark + std::string(1, '\0');
    return head + packages + data + slots + pids + sockets + "mark " + kMark + "\n" + b + config +
           b + stat + b + cmdline + b + other_stat + b + other_cmdline + b + uptime;
  }
};

ProbeRequest request() {
  return ProbeRequest{{"/opt/arcus"}, "/var/zk"};
}

Result<HostFacts> parsed(const Answer& answer) {
  return parse_probe(answer.text(), request());
}

}  // namespace

TEST_CASE("a whole answer becomes facts", "[hosts]") {
  const Result<HostFacts> result = parsed(Answer{});
  REQUIRE(result.has_value());
  const HostFacts& facts = *result;
  CHECK(facts.boot_id == kBoot);
  CHECK(facts.uptime_ticks == 12345);
  CHECK(facts.ticks_per_second == 100);
  CHECK(facts.directory == "/home/a/.arcform/d");
  CHECK(facts.memory_total_kb == 2000);
  CHECK(facts.memory_available_kb == 1000);
  CHECK(facts.uid == 1001);
  CHECK(facts.open_files_hard == 4096);
  CHECK(facts.java);
  CHECK(facts.directory_writable);
  const ObservedPackage package{
      true, "/opt/arcus/lib/default_engine.so", {"/opt/arcus/lib/syslog_logger.so"}, ""};
  CHECK(facts.packages == std::map<std::string, ObservedPackage>{{"/opt/arcus", package}});
  CHECK(facts.listening == std::vector<std::uint16_t>{22, 5300, 11211});
  CHECK(facts.data == ObservedDataDirectory{true, "3", true});
  REQUIRE(facts.slots.size() == 2);
  CHECK(facts.slots.at("server-1").config == "tickTime=2000\n");
  CHECK_FALSE(facts.slots.at("server-1").identity.has_value());
  CHECK(facts.slots.at("node-11211").digest == "abc");
  REQUIRE(facts.processes.size() == 2);
  CHECK(facts.processes[0].pid == 9);
  CHECK(facts.processes[1].argv == std::vector<std::string>{"/opt/bin/memcached", "-p", "11211"});
  CHECK(facts.process_of(facts.slots.at("node-11211")) == &facts.processes[1]);
}

TEST_CASE("no truncated answer is accepted", "[hosts]") {
  const std::string whole = Answer{}.text();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    const auto result = parse_probe(std::string_view(whole).substr(0, size), request());
    REQUIRE_FALSE(result.has_value());
    REQUIRE(result.error().code == ErrorCode::unavailable);
  }
  CHECK_FALSE(parse_probe(whole + "x", request()).has_value());
}

TEST_CASE("a spoilt answer never crashes and keeps its invariants", "[hosts]") {
  std::mt19937_64 random(11);
  const std::string whole = Answer{}.text();
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text = whole;
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      const std::size_t at = random() % text.size();
      const auto byte = static_cast<char>(random() % 256);
      switch (random() % 3) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.erase(at, 1 + random() % 20);
          break;
        case 2:
          text.insert(at, 1, byte);
          break;
      }
    }
    const auto result = parse_probe(text, request());
    if (result) {
      ++accepted;  // a changed digit is still a number
      CHECK(result->packages.size() == 1);
      CHECK(result->boot_id.size() == 36);
      CHECK(result->directory.starts_with('/'));
    }
  }
  CHECK(accepted < 10000);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 300, ' ');
    for (char& c : text) {
      c = static_cast<char>(random() % 256);
    }
    CHECK_FALSE(parse_probe(text, request()).has_value());
  }
}

TEST_CASE("every line must be as it must be", "[hosts]") {
  const auto spoilt = [](std::string Answer::*part, std::string text) {
    Answer answer;
    answer.*part = std::move(text);
    return !parsed(answer).has_value();
  };
  REQUIRE(parsed(Answer{}).has_value());
  CHECK(spoilt(&Answer::packages, ""));
  CHECK(spoilt(&Answer::packages, "package 1 1 1 1 0 n\n"));
  CHECK(spoilt(&Answer::packages, "package 0 1 1 1 2 n\n"));
  CHECK(spoilt(&Answer::packages, "package 0 1 1 1 0 q\n"));
  CHECK(spoilt(&Answer::packages, "package 0 1 1 1 0\n"));
  CHECK(spoilt(&Answer::data, "data 1\n"));
  CHECK(spoilt(&Answer::data, ""));
  CHECK(spoilt(&Answer::slots, "slot node-1 2 " + kBoot + " 42 777 abc\n"));
  CHECK(spoilt(&Answer::slots, "slot node-1 1 " + kBoot + " 0 777 abc\n"));
  CHECK(spoilt(&Answer::slots, "slot node-1 1 " + kBoot + " 42 777\n"));
  CHECK(spoilt(&Answer::slots, "slot node-1 1 " + kBoot + " 42 777 abc more\n"));
  CHECK(spoilt(&Answer::slots, "slot node-1 1 boot 42 777 abc\n"));
  CHECK(spoilt(&Answer::slots, "slot server-1 -\nslot server-1 -\n"));
  CHECK(spoilt(&Answer::pids, "pids 42\n"));
  CHECK(spoilt(&Answer::pids, "pids 42 x\n"));
  CHECK(spoilt(&Answer::sockets, "listening\nlistened 2\n"));
  CHECK(spoilt(&Answer::sockets, "listening\n  0: 0:2BCB 0:0 01 0\nlistened 0\n"));
  CHECK(spoilt(&Answer::sockets, "listening\n  0: 0:12BCB 0:0 0A 0\nlistened 0\n"));
  CHECK(spoilt(&Answer::sockets, "listening\nLISTEN 0 5 *:70000 *:*\nlistened 0\n"));
  CHECK(spoilt(&Answer::sockets, "listening\nESTAB 0 5 *:70 *:*\nlistened 0\n"));
  CHECK(spoilt(&Answer::stat, stat_of(43, "memcached")));
  CHECK(spoilt(&Answer::stat, "42 (memcached) S 1 2\n"));
  CHECK(spoilt(&Answer::cmdline, "mark=" + kMark + std::string(1, '\0')));
  CHECK(spoilt(&Answer::uptime, "uptime 123\n"));
  CHECK(spoilt(&Answer::uptime, "uptime -1.00\n"));
}

TEST_CASE("processes that end, hide or look odd", "[hosts]") {
  Answer answer;
  SECTION("vanished before its files were read") {
    answer.stat = answer.cmdline = "";
    CHECK(parsed(answer)->processes.size() == 1);
  }
  SECTION("ended, and nobody has waited for it") {
    answer.stat = stat_of(42, "memcached", 'Z');
    CHECK(parsed(answer)->processes.size() == 1);
  }
  SECTION("a name that looks like the rest of the line") {
    answer.stat = stat_of(42, "we ird) R 1 (x\n) S");
    const auto facts = parsed(answer);
    REQUIRE(facts.has_value());
    CHECK(facts->processes[1].comm == "we ird) R 1 (x\n) S");
    CHECK(facts->processes[1].start_ticks == 777);
  }
  SECTION("an empty argument stays, no argv at all is still a process") {
    answer.cmdline = std::string("a\0\0", 3);
    CHECK(parsed(answer)->processes[1].argv == std::vector<std::string>{"a", ""});
    answer.cmdline = "";
    CHECK(parsed(answer)->processes[1].argv.empty());
  }
  SECTION("arguments that look like the answer") {
    answer.cmdline = kBoot + "\nuptime 1.00\nmark=" + kBoot + std::string(1, '\0');
    CHECK(parsed(answer)->processes.size() == 2);
  }
  SECTION("java is seen when it is a ZooKeeper server, or ours") {
    answer.other_stat = stat_of(9, "java");
    answer.other_cmdline = std::string("java\0-jar\0x.jar\0", 16);
    CHECK(parsed(answer)->processes.size() == 1);
    answer.other_cmdline =
        std::string("java\0org.apache.zookeeper.server.quorum.QuorumPeerMain\0/z.cfg\0", 62);
    CHECK(parsed(answer)->processes.size() == 2);
    answer.stat = stat_of(42, "java");
    answer.cmdline = "java";
    CHECK(parsed(answer)->processes.size() == 2);
  }
}

TEST_CASE("values with a meaning of their own", "[hosts]") {
  Answer answer;
  answer.sockets = "listening\nlistened 1\n";
  answer.data = "data 0 0 \n";
  answer.slots = "slot node-11211 1 " + kBoot + " 42 777 -\nslot server-1 -\n";
  answer.head.replace(answer.head.find("4096"), 4, "unlimited");
  const auto facts = parsed(answer);
  REQUIRE(facts.has_value());
  CHECK(facts->listening.empty());
  CHECK(facts->data == ObservedDataDirectory{});
  CHECK(facts->slots.at("node-11211").digest.empty());
  CHECK(facts->open_files_hard == std::numeric_limits<std::uint64_t>::max());
  for (const auto& [layout, classpath] : std::map<std::string, std::string>{
           {"a", "/opt/arcus/conf:/opt/arcus/lib/*"},
           {"s", "/opt/arcus/conf:/opt/arcus/*:/opt/arcus/lib/*"},
           {"d",
            "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar:"
            "/usr/share/java/slf4j-log4j12.jar:/usr/share/java/log4j-1.2.jar"}}) {
    answer.packages = "package 0 0 0 0 0 " + layout + "\n";
    CHECK(parsed(answer)->packages.at("/opt/arcus").zookeeper_classpath == classpath);
  }
}

}  // namespace arcform

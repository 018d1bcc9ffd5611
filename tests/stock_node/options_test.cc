// SPDX-License-Identifier: Apache-2.0
// The Arcus server's command line: what is read, what is refused and with which exit status, and
// what stock memcached gets of it.
#include "examples/stock-node/options.h"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace arcform::stock;

namespace {

using Words = std::vector<std::string>;

Options parsed(const Words& words) {
  return std::get<Options>(parse_command_line(words));
}

Failure refused(const Words& words) {
  return std::get<Failure>(parse_command_line(words));
}

std::string value_after(const Words& words, const std::string& flag) {
  const auto at = std::find(words.begin(), words.end(), flag);
  return at == words.end() || at + 1 == words.end() ? "" : *(at + 1);
}

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("an empty command line has the server's defaults") {
  const Options options = parsed({});
  CHECK(options == Options{});
  CHECK(options.port == 11211);
  CHECK(options.udp_port == 0);
  CHECK(options.memory_mb == 64);
  CHECK(options.max_connections == 1024);
  CHECK(options.session_timeout_s == 30);
}

TEST_CASE("the start line of arcus.sh is read") {
  const Options options = parsed({"-E",   "/a/default_engine.so",
                                  "-X",   "/a/syslog_logger.so",
                                  "-X",   "/a/ascii_scrub.so",
                                  "-d",   "-v",
                                  "-r",   "-R5",
                                  "-U",   "0",
                                  "-D:",  "-b",
                                  "8192", "-m100",
                                  "-p",   "11299",
                                  "-c",   "1000",
                                  "-t",   "6",
                                  "-z",   "10.0.0.1:2181,10.0.0.2:2181"});
  CHECK(options.engine == "/a/default_engine.so");
  CHECK(options.extensions == Words{"/a/syslog_logger.so", "/a/ascii_scrub.so"});
  CHECK(options.daemonize);
  CHECK(options.core_dumps);
  CHECK(options.verbosity == 1);
  CHECK(options.memory_mb == 100);
  CHECK(options.port == 11299);
  CHECK(options.max_connections == 1000);
  CHECK(options.threads == 6);
  CHECK(options.ensemble == "10.0.0.1:2181,10.0.0.2:2181");
  CHECK(engine_arguments(options) == Words{"-p",   "11299", "-U", "0",  "-m",      "100", "-c",
                                           "1000", "-t",    "6",  "-I", "1048576", "-r",  "-v",
                                           "-R",   "5",     "-D", ":",  "-b",      "8192"});
}

TEST_CASE("flags may be clustered and the last one may carry a value") {
  const Options options = parsed({"-drvvp", "11300", "-dm7"});
  CHECK(options.daemonize);
  CHECK(options.core_dumps);
  CHECK(options.verbosity == 2);
  CHECK(options.port == 11300);
  CHECK(options.memory_mb == 7);
}

TEST_CASE("words that are no options are ignored, everything after -- too") {
  CHECK(parsed({"stray", "-p", "1", "-", "-m", "5"}).memory_mb == 5);
  CHECK(parsed({"-p", "1", "--", "-m", "5"}).memory_mb == 64);
}

TEST_CASE("Arcus-only options do not reach stock memcached") {
  const Words words = engine_arguments(
      parsed({"-E", "/e.so", "-X", "/x.so,arg", "-z", "zk:1", "-o", "20", "-g", "10", "-e",
              "config_file=x", "-q", "-u", "nobody", "-P", "/pid", "-d"}));
  for (const char* letter : {"-E", "-X", "-z", "-o", "-g", "-e", "-q", "-u", "-P", "-d"}) {
    CHECK_FALSE(has(words, letter));
  }
}

TEST_CASE("an extension's arguments are not part of its file") {
  CHECK(parsed({"-X", "/x.so,a=b,c"}).extensions == Words{"/x.so"});
}

TEST_CASE("what stock memcached knows is passed on") {
  const Words words = engine_arguments(parsed({"-l", "10.0.0.2", "-f", "1.5", "-n", "64", "-B",
                                               "ascii", "-M", "-C", "-k", "-L", "-a", "0700"}));
  CHECK(value_after(words, "-l") == "10.0.0.2");
  CHECK(value_after(words, "-f") == "1.5");
  CHECK(value_after(words, "-n") == "64");
  CHECK(value_after(words, "-B") == "ascii");
  CHECK(value_after(words, "-a") == "0700");
  for (const char* flag : {"-M", "-C", "-k", "-L"}) {
    CHECK(has(words, flag));
  }
}

TEST_CASE("the item size takes k and m, 20 KB to 128 MB") {
  CHECK(parsed({"-I", "2m"}).item_size_max == 2 * 1024 * 1024);
  CHECK(parsed({"-I", "512K"}).item_size_max == 512 * 1024);
  CHECK(parsed({"-I20480"}).item_size_max == 20480);
  CHECK(refused({"-I", "19k"}).status == 1);
  CHECK(refused({"-I", "129m"}).status == 1);
}

TEST_CASE("stock memcached is never asked for items larger than half of its memory") {
  CHECK(value_after(engine_arguments(parsed({"-m", "1"})), "-I") == "524288");
  CHECK(value_after(engine_arguments(parsed({"-m", "2"})), "-I") == "1048576");
}

TEST_CASE("stock memcached is given the connections that it needs to start") {
  CHECK(value_after(engine_arguments(parsed({"-c", "3", "-t", "2"})), "-c") == "32");
  CHECK(value_after(engine_arguments(parsed({"-c", "33", "-t", "2"})), "-c") == "33");
}

TEST_CASE("a session timeout outside 10..2000 silently means 30") {
  const auto [text, seconds] = GENERATE(table<std::string, int>(
      {{"10", 10}, {"2000", 2000}, {"9", 30}, {"2001", 30}, {"5", 30}, {"abc", 30}, {"", 30}}));
  CHECK(parsed({"-o", text}).session_timeout_s == seconds);
}

TEST_CASE("a UDP port alone moves the TCP port too") {
  CHECK(parsed({"-U", "11400"}).port == 11400);
  CHECK(parsed({"-U", "11400", "-p", "11300"}).port == 11300);
  CHECK(parsed({"-U", "0"}).port == 11211);
}

TEST_CASE("bad values and unknown options end with 1") {
  const auto words = GENERATE(values<Words>({{"-m", "0"},
                                             {"-m", "x"},
                                             {"-t", "0"},
                                             {"-g", "0"},
                                             {"-R", "0"},
                                             {"-f", "1"},
                                             {"-n", "0"},
                                             {"-W"},
                                             {"-A"},
                                             {"-O"},
                                             {"--port=1"},
                                             {"-p"}}));
  CAPTURE(words);
  CHECK(refused(words).status == 1);
}

TEST_CASE("usage mistakes end with 64") {
  CHECK(refused({"-S"}).status == 64);
  CHECK(refused({"-B", "json"}).status == 64);
  CHECK(refused({"-x", "10.0.0.1:11211"}).status == 64);
  CHECK(check_limits(parsed({"-c", "2"}))->status == 64);
  CHECK(check_limits(parsed({"-p", "1", "-U", "1", "-t", "4", "-c", "10"}))->status == 64);
  CHECK(check_limits(parsed({"-s", "/sock", "-z", "zk:1"}))->status == 64);
  CHECK_FALSE(check_limits(parsed({"-c", "3"})));
}

TEST_CASE("a sticky limit above the memory limit ends with 1") {
  CHECK(check_limits(parsed({"-m", "10", "-g", "11"}))->status == 1);
  CHECK_FALSE(check_limits(parsed({"-m", "10", "-g", "10"})));
}

TEST_CASE("help, licence and version are answered before anything is checked") {
  CHECK(std::get<Inquiry>(parse_command_line(Words{"-h"})) == Inquiry::help);
  CHECK(std::get<Inquiry>(parse_command_line(Words{"--help"})) == Inquiry::help);
  CHECK(std::get<Inquiry>(parse_command_line(Words{"-di"})) == Inquiry::licence);
  CHECK(std::get<Inquiry>(parse_command_line(Words{"--version"})) == Inquiry::version);
}

TEST_CASE("the help names what is not there") {
  for (const char* word : {"not the Arcus server", "config", "zkensemble", "stats zookeeper"}) {
    CHECK(help_text().find(word) != std::string::npos);
  }
}

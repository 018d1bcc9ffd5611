// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/service/watch_service.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace arcform {
namespace {

std::string spec_text(const Lab& lab, const std::string& watch, int nodes) {
  return fmt::format(
      R"({{ "apiVersion": "arcform/v1", "deployment": "service",
  "ssh": {{ "user": "arcus", "identityFiles": ["{0}/keys/id_ed25519"], "agent": false,
           "knownHosts": "{0}/known_hosts" }},
  "hosts": [{{ "name": "cache001.arcus", "address": "10.0.0.1" }}],
  "packages": {{ "arcus": {{ "installed": "{1}" }},
                "zookeeper": {{ "installed": "/usr/share/zookeeper" }} }},
  "ensemble": {{ "package": "zookeeper", "servers": ["cache001.arcus"],
                "dataDirectory": "/home/arcus/zookeeper" }},
  "clouds": [{{ "serviceCode": "shop", "package": "arcus",
    "config": {{ "memlimit": 64, "threads": 1, "connections": 100, "sessionTimeout": 10 }},
    "nodes": [{{ "host": "cache001.arcus", "count": {2}, "port": 11211 }}] }}],
  "watch": {3} }}
)",
      lab.folder(), Lab::kPrefix, nodes, watch);
}

}  // namespace

WatchService::WatchService() : it_(1), manager_(it_.lab().scratch() + "/notify") {
  std::filesystem::create_directories(file("real"));
  std::filesystem::create_directories(file("linked"));
  std::filesystem::create_symlink(file("real/spec.json"), file("linked/spec.json"));
  set_spec("{}", 2);
  it_.converge();
}

void WatchService::write(const std::string& name, const std::string& text) const {
  std::ofstream out(file(name));
  out << text;
  out.close();
  REQUIRE(out);
}

std::string WatchService::read(const std::string& name) const {
  std::ostringstream text;
  text << std::ifstream(file(name)).rdbuf();
  return text.str();
}

void WatchService::set_spec(const std::string& watch, int nodes) {
  it_.set_spec(spec_text(it_.lab(), watch, nodes));
  write("real/spec.json", it_.spec());
}

void WatchService::break_spec() {
  write("real/spec.json", "{");
}

void WatchService::start(bool watchdog) {
  mark();
  const std::string command =
      fmt::format("NOTIFY_SOCKET={} WATCHDOG_USEC={} exec {} watch {} >>{} 2>&1", file("notify"),
                  watchdog ? 900'000 : 0, ARCFORM_BINARY, file("linked/spec.json"), file("log"));
  process_ = std::make_unique<StartedProcess>(it_.lab().at_operator({"sh", "-c", command}));
  must_say("leading", std::chrono::seconds(20));
}

bool WatchService::ends_within(std::chrono::milliseconds time) const {
  return eventually(
      [&] {
        std::ostringstream state;
        state << std::ifstream(fmt::format("/proc/{}/stat", process_->pid())).rdbuf();
        return contains(state.str(), ") Z ");  // Ended, and not collected yet.
      },
      time);
}

void WatchService::must_end(std::chrono::steady_clock::time_point begun) {
  const ProcessResult ended = process_->finish(std::chrono::seconds(100));
  INFO(news());
  require_status(ended, 0);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
}

void WatchService::must_say(const std::string& text, std::chrono::milliseconds limit) {
  // What the manager does not read is lost after ten messages.
  const bool said = eventually(
      [&] {
        manager_.messages();
        return contains(news(), text);
      },
      limit);
  INFO("looked for: " << text << "\nin: " << news());
  REQUIRE(said);
}

std::vector<std::string> WatchService::lines(const std::string& text) const {
  return lines_with(news(), text);
}

void WatchService::kill_node(int port) const {
  const std::string pid = it_.node_pid(1, port);
  REQUIRE_FALSE(pid.empty());
  REQUIRE(it_.lab().exec(1, "kill -9 " + pid).status == 0);
}

std::vector<std::string> lines_with(const std::string& text, const std::string& part) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (contains(line, part)) {
      found.push_back(line);
    }
  }
  return found;
}

std::string member(const std::string& line, const std::string& name) {
  const std::string key = "\"" + name + "\":";
  const std::size_t at = line.find(key);
  if (at == std::string::npos) {
    return "";
  }
  const std::size_t begin = at + key.size();
  const bool text = line[begin] == '"';
  const std::size_t end = text ? line.find('"', begin + 1) + 1 : line.find_first_of(",}", begin);
  return line.substr(begin, end - begin);
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/adopt/arcus_deployment.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace arcform {
namespace {

constexpr const char* kScript = "/home/arcus/arcus_sh.sh";

/// As arcus.sh re-dumps its file (naver/arcus scripts/lib/zk.py).
constexpr const char* kDocument =
    R"({"serviceCode": "test-cloud", "created": "2026-01-31 10:00:00.123456", "servers": [)"
    R"({"ip": "10.0.0.1", "hostname": "cache001.arcus", "config": {"port": "11211"}}, )"
    R"({"ip": "10.0.0.1", "hostname": "cache001.arcus", "config": {"port": "11212"}}, )"
    R"({"ip": "10.0.0.2", "hostname": "cache002.arcus", "config": {"port": "11211"}}, )"
    R"({"ip": "10.0.0.2", "hostname": "cache002.arcus", "config": {"port": "11212"}}, )"
    R"({"ip": "10.0.0.3", "hostname": "cache003.arcus", "config": {"port": "11211"}}, )"
    R"({"ip": "10.0.0.3", "hostname": "cache003.arcus", "config": {"port": "11212"}}], )"
    R"("config": {"threads": "3", "memlimit": "100", "connections": "1000"}})";

/// Waits for a condition on the other side; the test fails when it does not come true.
template <class Condition>
void await(const std::string& what, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    INFO("waited for: " << what);
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

ArcusDeployment::ArcusDeployment() : lab_(3) {
  for (int host = 1; host <= 3; ++host) {  // Hosts have a /tmp of their own.
    std::filesystem::copy_file(ARCFORM_ARCUS_SH, fmt::format("{}/hosts/{}/home/arcus_sh.sh",
                                                             lab_.folder(), Lab::host(host)));
  }
  start_ensemble();
  register_cloud();
  for (int host = 1; host <= 3; ++host) {
    for (const int port : {11211, 11212}) {
      on_host(host,
              fmt::format("memcached-start {} {} 100 1000 3 {}", Lab::kPrefix, port, kServers));
    }
  }
  await("six nodes", [this] {
    const std::string all = joined();
    return std::count(all.begin(), all.end(), '\n') == 6;
  });
}

void ArcusDeployment::on_host(int host, const std::string& words) const {
  const ProcessResult result = lab_.exec(host, fmt::format("sh {} {}", kScript, words), "arcus");
  INFO(words << ": " << result.out << result.err);
  REQUIRE(result.status == 0);
}

void ArcusDeployment::start_ensemble() const {
  for (int host = 1; host <= 3; ++host) {
    on_host(host, fmt::format("zookeeper-init {} {} {}", Lab::kPrefix, host, kServers));
  }
  std::vector<std::thread> starts;  // The script waits a second for each.
  std::vector<ProcessResult> results(4);
  for (int host = 1; host <= 3; ++host) {
    starts.emplace_back([this, host, &results] {
      results[static_cast<std::size_t>(host)] =
          lab_.exec(host, fmt::format("sh {} zookeeper-start {}", kScript, Lab::kPrefix), "arcus");
    });
  }
  for (std::thread& start : starts) {
    start.join();
  }
  for (int host = 1; host <= 3; ++host) {
    REQUIRE(results[static_cast<std::size_t>(host)].status == 0);
  }
  await("an ensemble", [this] { return zk("ls", "/zookeeper").status == 0; });
}

void ArcusDeployment::register_cloud() const {
  const auto create = [this](const std::string& path, const std::string& data) {
    REQUIRE(zk("create", path, data).status == 0);
  };
  for (const char* const path :
       {"/arcus", "/arcus/cache_list", "/arcus/client_list", "/arcus/cache_server_mapping"}) {
    create(path, "");
  }
  create("/arcus/cache_list/test-cloud", kDocument);
  create("/arcus/client_list/test-cloud", "");
  for (int host = 1; host <= 3; ++host) {
    for (const int port : {11211, 11212}) {
      const std::string key = fmt::format("/arcus/cache_server_mapping/10.0.0.{}:{}", host, port);
      create(key, fmt::format(R"({{"memlimit": "100", "connections": "1000", "threads": "3", )"
                              R"("port": "{}"}})",
                              port));
      create(key + "/test-cloud", "");
    }
  }
}

ProcessResult ArcusDeployment::arcform(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{ARCFORM_BINARY};
  argv.insert(argv.end(), words.begin(), words.end());
  return run_process(lab_.at_operator(argv), std::chrono::seconds(120));
}

std::vector<std::string> ArcusDeployment::access() const {
  return {"--ssh-user",    "arcus",
          "--identity",    lab_.folder() + "/keys/id_ed25519",
          "--known-hosts", lab_.folder() + "/known_hosts"};
}

std::string ArcusDeployment::read(const std::string& name) const {
  std::ifstream in(file(name));
  std::ostringstream text;
  text << in.rdbuf();
  REQUIRE(in);
  return text.str();
}

void ArcusDeployment::write(const std::string& name, const std::string& text) const {
  std::ofstream out(file(name));
  out << text;
  out.close();
  REQUIRE(out);
}

ProcessResult ArcusDeployment::zk(const std::string& command, const std::string& path,
                                  const std::string& data) const {
  return lab_.run({ARCFORM_ZK_TOOL, kServers, command, path, data});
}

std::string ArcusDeployment::processes() const {
  std::string all;
  for (int host = 1; host <= 3; ++host) {
    all += fmt::format("host {}\n{}", host,
                       lab_.exec(host,
                                 "for p in $(pgrep -x 'memcached|java|stock-node-engi'); do "
                                 "printf '%s ' $p; tr '\\0' ' ' </proc/$p/cmdline; echo; done")
                           .out);
  }
  return all;
}

std::string ArcusDeployment::joined() const {
  return zk("ephemerals", "/arcus/cache_list/test-cloud").out;
}

}  // namespace arcform

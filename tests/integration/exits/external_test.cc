// SPDX-License-Identifier: Apache-2.0
// A cloud on an ensemble that arcform does not manage: the cloud comes and goes, the ensemble stays
// exactly as it is.
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/integration/bad_input/here.h"
#include "tests/support/real_zookeeper.h"

namespace arcform {
namespace {

/// Milliseconds for which the server's process has been up.
long uptime(const RealZookeeper& ensemble) {
  const std::string words = ensemble.ask("mntr");
  const std::size_t at = words.find("zk_uptime\t");
  REQUIRE(at != std::string::npos);
  return std::strtol(words.c_str() + at + 10, nullptr, 10);
}

/// What the server runs with, but for how much it has written by now.
std::string configuration_of(const RealZookeeper& ensemble) {
  std::istringstream lines(ensemble.ask("conf"));
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    out += line.find("Size=") == std::string::npos ? line + "\n" : "";
  }
  REQUIRE(out.find("serverId=1") != std::string::npos);
  return out;
}

/// Names of files and folders of ours that have to do with a server.
std::vector<std::string> of_servers(const Here& here) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(here.folder())) {
    const std::string name = entry.path().filename();
    if (name.starts_with("server-") || name == "zoo.cfg" || name == "myid") {
      found.push_back(name);
    }
  }
  return found;
}

}  // namespace

TEST_CASE("a cloud on an external ensemble comes and goes, and the ensemble stays as it is") {
  const RealZookeeper ensemble;
  Here here;
  here.ensemble = fmt::format(R"({{ "external": "{}" }})", ensemble.connect_string());
  here.write_spec();
  const std::string configuration = configuration_of(ensemble);
  const long before = uptime(ensemble);

  const ProcessResult plan = here.plan();
  require(plan, 0, "external ensemble readable");
  CHECK(plan.out.find("server ") == std::string::npos);
  require(here.apply(), 0, "Converged");
  require(here.arcform({"plan", "--exit-code", "spec.json"}), 0, "No changes.");
  const ProcessResult status = here.arcform({"status", "spec.json"});
  require(status, 0, "ensemble (external)\n  " + ensemble.connect_string());
  CHECK(status.out.find("2 of 2 nodes joined") != std::string::npos);

  // It may not be stopped through arcform either.
  here.ensemble =
      fmt::format(R"({{ "external": "{}", "state": "stopped" }})", ensemble.connect_string());
  here.write_spec();
  require(here.arcform({"validate", "spec.json"}), 4, "external");

  here.ensemble = fmt::format(R"({{ "external": "{}" }})", ensemble.connect_string());
  here.clouds = "[]";
  here.write_spec();
  require(here.arcform({"apply", "--yes", "--allow-removal", Here::service_code(), "spec.json"}), 0,
          "Converged");
  CHECK(ensemble.is_running());
  CHECK(configuration_of(ensemble) == configuration);
  CHECK(uptime(ensemble) > before);  // The same process.
  CHECK(of_servers(here) == std::vector<std::string>{});
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/arcus/prefix.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

namespace arcform {

namespace fs = std::filesystem;

bool is_real() {
  return std::getenv("ARCFORM_TEST_ARCUS_PREFIX") != nullptr;
}

void install_arcus(const Deployment& it, int hosts) {
  const char* const real = std::getenv("ARCFORM_TEST_ARCUS_PREFIX");
  for (int host = 1; host <= hosts; ++host) {
    const std::string place =
        fmt::format("{}/hosts/{}/home/server", it.lab().folder(), Lab::host(host));
    fs::copy(real != nullptr ? real : ARCFORM_ARCUS_DOUBLE, place, fs::copy_options::recursive);
    require_status(
        it.lab().exec(host, fmt::format("mkdir -p {0}/var; chown -R arcus: {0}", kArcus)), 0);
  }
}

std::string ends(const Deployment& it, int host) {
  return it.lab().exec(host, fmt::format("cat {}/var/ended 2>/dev/null", kArcus)).out;
}

std::string told(const Deployment& it, int host, int port, const std::string& line) {
  const std::string ask = fmt::format(
      "exec 3<>/dev/tcp/127.0.0.1/{}; printf '{}\\r\\nquit\\r\\n' >&3; cat <&3", port, line);
  return it.lab().exec(host, "timeout 3 bash -c \"" + ask + "\"").out;
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/integration/three_hosts/deployment.h"

namespace arcform {

/// Where install_arcus() puts the server on a host.
inline constexpr const char* kArcus = "/home/arcus/server";

/// True when $ARCFORM_TEST_ARCUS_PREFIX names a real server to be used in place of the simulated.
bool is_real();
/// Puts the server on the hosts 1 to `hosts`.
void install_arcus(const Deployment& it, int hosts);
/// "11211 shutdown\n11212 SIGTERM\n": how nodes of the host have ended. Only of a simulated one.
std::string ends(const Deployment& it, int host);
/// What the node answers to one line of text.
std::string told(const Deployment& it, int host, int port, const std::string& line);

}  // namespace arcform

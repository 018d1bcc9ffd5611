// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "model/render_text.h"

namespace arcform {

std::string adoption_line(const Plan& plan) {
  constexpr std::size_t kNamed = 5;
  std::size_t servers = 0;
  std::size_t clouds = 0;
  std::size_t nodes = 0;
  std::string names;
  for (const Step& step : plan.steps) {
    servers += std::holds_alternative<AdoptServer>(step.action) ? 1U : 0U;
    nodes += std::holds_alternative<AdoptNode>(step.action) ? 1U : 0U;
    if (const auto* const cloud = std::get_if<AdoptCloud>(&step.action)) {
      if (++clouds <= kNamed) {
        names += (names.empty() ? "" : ", ") + printable(cloud->service_code, 128);
      }
    }
  }
  std::vector<std::string> parts;
  if (servers > 0) {
    parts.push_back(counted(servers, "server", "servers"));
  }
  if (clouds > 0) {
    parts.push_back(
        fmt::format("{} {}{}", clouds == 1 ? "cloud" : "clouds", names,
                    clouds > kNamed ? fmt::format(" and {} more", clouds - kNamed) : ""));
  }
  if (nodes > 0) {
    parts.push_back(counted(nodes, "node", "nodes"));
  }
  return parts.empty() ? ""
                       : fmt::format(
                             "The next apply adopts what runs already: {}; nothing is "
                             "restarted for it.\n",
                             fmt::join(parts, ", "));
}

}  // namespace arcform

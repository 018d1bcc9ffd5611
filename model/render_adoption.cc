// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "model/render_text.h"
#include "model/unadopted.h"

namespace arcform {

std::string adoption_line(const Plan& plan) {
  Adoption found;
  for (const Step& step : plan.steps) {
    if (const auto* const server = std::get_if<AdoptServer>(&step.action)) {
      found.servers.push_back(*server);
    } else if (const auto* const cloud = std::get_if<AdoptCloud>(&step.action)) {
      found.clouds.push_back(*cloud);
    } else if (const auto* const node = std::get_if<AdoptNode>(&step.action)) {
      found.nodes.push_back(*node);
    }
  }
  const std::string words = adoption_words(found, {});
  return words.empty() ? ""
                       : fmt::format(
                             "The next apply adopts what runs already: {}; nothing is "
                             "restarted for it.\n",
                             words);
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/render_formats.h"
#include "model/render_text.h"

namespace arcform {
namespace {

Cell sign_of(Hold hold) {
  switch (hold) {
    case Hold::unknown:
      return {"?", Ink::yellow};
    case Hold::unsupported:
    case Hold::guard:
    case Hold::foreign:
      return {"x", Ink::red};
    case Hold::waiting:
      return {"·", Ink::dim};
  }
  return {"?", Ink::yellow};
}

}  // namespace

std::string held_words(const std::vector<Held>& held) {
  std::string text;
  for (const Hold hold :
       {Hold::unknown, Hold::unsupported, Hold::guard, Hold::foreign, Hold::waiting}) {
    const auto count = std::count_if(held.begin(), held.end(),
                                     [hold](const Held& item) { return item.hold == hold; });
    if (count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name_of(hold));
    }
  }
  return text;
}

std::string render_held(const std::vector<Held>& held, const DesiredState& desired,
                        const RenderOptions& options) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < shown_of(held.size(), options); ++i) {
    const Held& item = held[i];
    rows.push_back({sign_of(item.hold),
                    {printable(item.subject)},
                    {fmt::format("{}: {}", name_of(item.hold), printable(item.reason))},
                    {place(desired, item.at), Ink::dim}});
  }
  return aligned(rows, options.colour, options.width) + rest_of(held.size(), options);
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"
#include "model/plan.h"
#include "model/render.h"

/// What the renderers share: ink, aligned rows, counted words.
namespace arcform {

struct Unadopted;  // In model/unadopted.h.

enum class Ink { plain, bold, dim, green, red, yellow, cyan };

/// `text` in that ink, or as it is.
std::string painted(std::string_view text, Ink ink, bool colour);

struct Cell {
  std::string text;  ///< harmless already, without newlines
  Ink ink = Ink::plain;
};
using Row = std::vector<Cell>;

/// What a server that answered says that it is.
Cell mode_cell(ServerMode mode);

/// Rows as lines of columns, two spaces apart, each line indented by two. The last column that has
/// text is not padded; one very long cell does not push every other row to the right.
/// On a `terminal` of so many columns, rows that do not fit are folded.
std::string aligned(const std::vector<Row>& rows, bool colour, std::size_t terminal = 0);

/// Terminal columns of harmless UTF-8 text.
std::size_t width_of(std::string_view text);
/// Columns that do not fit into `width` go to further lines; long texts are broken between words.
std::string folded(const std::vector<Row>& rows, bool colour, std::size_t width);

/// `text` in lines of at most `width` columns, broken between words; further lines are indented by
/// two. Width 0: as it is.
std::string wrapped(const std::string& text, std::size_t width);
/// The columns of the longest line.
std::size_t widest_line(std::string_view text);

/// "1 node", "3 nodes"
std::string counted(std::size_t count, std::string_view one, std::string_view many);

/// "examples/three-hosts.json:14", or empty for a position that is nowhere.
std::string place(const DesiredState& desired, SourcePosition at);

/// How many of `count` lines are shown: all, or the first hundred of more than two hundred.
std::size_t shown_of(std::size_t count, const RenderOptions& options);

/// "  ... and 900 more\n", or empty.
std::string rest_of(std::size_t count, const RenderOptions& options);

/// "examples/three-hosts.json · observed 3/3 hosts, ensemble 3/3 serving (leader a) in 0.2 s"
std::string observed_line(const DesiredState& desired, const ObservedState& observed,
                          const RenderOptions& options);

/// "seoul-prod: converged", or what differs in counted words: the whole state in one line, or that
/// of some clouds and what they stand on.
std::string verdict_line(const DesiredState& desired, const Unadopted& unadopted,
                         const ObservedState& observed,
                         const std::vector<std::string>& clouds = {});

/// "The next apply adopts what runs: 3 servers, cloud shop, 6 nodes; nothing is restarted for it."
/// and a newline; empty: the plan adopts nothing.
std::string adoption_line(const Plan& plan);

}  // namespace arcform

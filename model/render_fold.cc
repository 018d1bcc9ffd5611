// SPDX-License-Identifier: Apache-2.0
// Tables that are wider than the terminal.
#include <algorithm>

#include "model/render_text.h"

namespace arcform {
namespace {

constexpr std::size_t kMargin = 2;
constexpr std::size_t kHanging = 4;    ///< where further lines begin
constexpr std::size_t kFurther = 6;    ///< where they may begin after a broken text
constexpr std::size_t kProseMin = 24;  ///< longer texts are broken between words
constexpr std::size_t kRoomMin = 28;   ///< narrower than this, a text is not worth breaking

/// Where a column stands.
struct Place {
  std::size_t line = 0;
  std::size_t at = 0;
  std::size_t room = 0;
};

/// The longest text of each column.
std::vector<std::size_t> real_widths(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i].text));
    }
  }
  return widths;
}

/// Of the columns from `first` on, in one line.
std::size_t width_of_rest(const std::vector<std::size_t>& widths, std::size_t first) {
  std::size_t rest = 0;
  for (std::size_t i = first; i < widths.size(); ++i) {
    rest += widths[i] == 0 ? 0 : widths[i] + (rest == 0 ? 0 : 2);
  }
  return rest;
}

std::vector<Place> places_of(const std::vector<std::size_t>& widths, std::size_t width) {
  std::vector<Place> places(widths.size());
  std::size_t line = 0;
  std::size_t at = kMargin;
  std::size_t hanging = kHanging;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::size_t room = width > at ? width - at : 0;
    const bool prose = widths[i] > kProseMin && room >= kRoomMin;
    if (widths[i] > room && !prose && at > hanging) {
      ++line;
      at = hanging;
    }
    places[i] = {line, at, width > at ? width - at : 1};
    if (widths[i] > places[i].room) {
      // What comes after a broken text stands below it, or further left, where one line holds it.
      const std::size_t rest = width_of_rest(widths, i + 1);
      hanging = at + rest > width && kFurther + rest <= width ? std::min(at, kFurther) : at;
      at = hanging;
      ++line;
    } else if (widths[i] > 0) {
      at += widths[i] + (i == 0 && widths[i] == 1 ? 1 : 2);
    }
  }
  return places;
}

/// `text` in pieces of at most `room` columns, broken between words where there are any.
std::vector<std::string> broken(const std::string& text, std::size_t room) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(' ', from), text.size());
    const std::string word = text.substr(from, end - from);
    if (!line.empty() && width_of(line) + 1 + width_of(word) > room) {
      lines.push_back(std::move(line));
      line = word;
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
    from = end + 1;
  }
  lines.push_back(std::move(line));
  return lines;
}

/// One line of a row under way.
struct Line {
  std::string text;
  std::size_t used = 0;

  void put(const std::string& words, std::size_t at, Ink ink, bool colour) {
    const std::size_t from = std::max(at, used == 0 ? at : used + 1);
    text.append(from - used, ' ');
    text += painted(words, ink, colour);
    used = from + width_of(words);
  }
};

std::string folded_row(const Row& row, const std::vector<Place>& places, bool colour) {
  std::string out;
  for (std::size_t i = 0; i < row.size();) {
    std::vector<Line> lines(1);
    const std::size_t line = places[i].line;
    for (; i < row.size() && places[i].line == line; ++i) {
      const std::vector<std::string> pieces = broken(row[i].text, places[i].room);
      lines.resize(std::max(lines.size(), pieces.size()));
      for (std::size_t k = 0; k < pieces.size() && !row[i].text.empty(); ++k) {
        lines[k].put(pieces[k], places[i].at, row[i].ink, colour);
      }
    }
    for (const Line& each : lines) {
      out += each.used == 0 ? "" : each.text + "\n";
    }
  }
  return out;
}

}  // namespace

std::string folded(const std::vector<Row>& rows, bool colour, std::size_t width) {
  const std::vector<Place> places = places_of(real_widths(rows), width);
  std::string out;
  for (const Row& row : rows) {
    out += folded_row(row, places, colour);
  }
  return out;
}

std::string wrapped(const std::string& text, std::size_t width) {
  if (width <= kRoomMin || width_of(text) <= width) {
    return text;
  }
  std::string out;
  std::size_t room = width;
  for (std::string rest = text; !rest.empty();) {
    const std::string line = broken(rest, room).front();
    out += (out.empty() ? "" : "\n  ") + line;
    rest = rest.size() > line.size() ? rest.substr(line.size() + 1) : "";
    room = width - kMargin;
  }
  return out;
}

std::size_t widest_line(std::string_view text) {
  std::size_t widest = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    widest = std::max(widest, width_of(text.substr(from, end - from)));
    from = end + 1;
  }
  return widest;
}

/// One per code point: what we print beyond ASCII (arrows, dots, names) is narrow nearly always.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

}  // namespace arcform

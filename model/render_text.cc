// SPDX-License-Identifier: Apache-2.0
#include "model/render_text.h"

#include <algorithm>

#include <fmt/format.h>

namespace arcform {
namespace {

// Beyond this a column ends where its text ends, so that one long reason does not spread all.
constexpr std::size_t kColumnMax = 72;
constexpr std::size_t kLinesMax = 200;
constexpr std::size_t kLinesShown = 100;

const char* code_of(Ink ink) {
  switch (ink) {
    case Ink::plain:
      return "";
    case Ink::bold:
      return "\x1b[1m";
    case Ink::dim:
      return "\x1b[2m";
    case Ink::green:
      return "\x1b[32m";
    case Ink::red:
      return "\x1b[31m";
    case Ink::yellow:
      return "\x1b[33m";
    case Ink::cyan:
      return "\x1b[36m";
  }
  return "";
}

/// Whether a row, written in one line, does not fit.
bool is_wider(const std::vector<Row>& rows, const std::vector<std::size_t>& widths,
              std::size_t width) {
  return std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
    std::size_t used = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t size = width_of(row[i].text);
      used += (i + 1 < row.size() ? std::max(widths[i], size) : size) + 2;
    }
    return used > width;
  });
}

std::string ensemble_words(const DesiredState& desired, const ObservedState& observed) {
  if (!desired.ensemble.external.empty()) {
    return observed.tree.is_present() ? "external ensemble readable"
                                      : "external ensemble not readable";
  }
  std::size_t serving = 0;
  std::string leader;
  for (const auto& [id, answer] : observed.servers) {  // One that is to leave may lead.
    const auto& servers = desired.ensemble.servers;
    const bool listed = std::any_of(servers.begin(), servers.end(),
                                    [id = id](const DesiredServer& item) { return item.id == id; });
    if (!listed && answer.is_present() && answer.value().mode == ServerMode::leader) {
      leader = fmt::format("server {}, not in the spec", id);
    }
  }
  for (const DesiredServer& server : desired.ensemble.servers) {
    const auto answer = observed.servers.find(server.id);
    if (answer == observed.servers.end() || !answer->second.is_present() ||
        answer->second.value().mode == ServerMode::not_serving) {
      continue;
    }
    ++serving;
    if (answer->second.value().mode == ServerMode::leader) {
      leader += (leader.empty() ? "" : ", ") + printable(server.host);
    }
  }
  return fmt::format("ensemble {}/{} serving ({})", serving, desired.ensemble.servers.size(),
                     leader.empty() ? "no leader" : "leader " + leader);
}

}  // namespace

std::string painted(std::string_view text, Ink ink, bool colour) {
  if (!colour || ink == Ink::plain || text.empty()) {
    return std::string(text);
  }
  return fmt::format("{}{}\x1b[0m", code_of(ink), text);
}

std::string aligned(const std::vector<Row>& rows, bool colour, std::size_t terminal) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t width = width_of(row[i].text);
      widths[i] = std::max(widths[i], width <= kColumnMax ? width : 0);
    }
  }
  if (terminal > 0 && is_wider(rows, widths, terminal)) {
    return folded(rows, colour, terminal);
  }
  std::string out;
  for (const Row& row : rows) {
    std::size_t end = row.size();
    while (end > 0 && row[end - 1].text.empty()) {
      --end;
    }
    out += "  ";
    for (std::size_t i = 0; i < end; ++i) {
      out += painted(row[i].text, row[i].ink, colour);
      const std::size_t width = width_of(row[i].text);
      const bool empty_column = widths[i] == 0 && width == 0;
      if (i + 1 < end && !empty_column) {
        // The sign in front is one space away from what it stands for.
        out.append(std::max(widths[i], width) - width + (i == 0 && widths[i] == 1 ? 1 : 2), ' ');
      }
    }
    out += '\n';
  }
  return out;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string place(const DesiredState& desired, SourcePosition at) {
  return at.line == 0 ? "" : fmt::format("{}:{}", printable(desired.source), at.line);
}

std::size_t shown_of(std::size_t count, const RenderOptions& options) {
  return options.full || count <= kLinesMax ? count : kLinesShown;
}

std::string rest_of(std::size_t count, const RenderOptions& options) {
  const std::size_t shown = shown_of(count, options);
  return shown == count ? "" : fmt::format("  ... and {} more\n", count - shown);
}

std::string observed_line(const DesiredState& desired, const ObservedState& observed,
                          const RenderOptions& options) {
  std::size_t seen = 0;
  for (const auto& [name, facts] : observed.hosts) {
    if (facts.is_present()) {
      ++seen;
    }
  }
  const auto missing =
      std::count_if(desired.hosts.begin(), desired.hosts.end(),
                    [&](const DesiredHost& host) { return !observed.hosts.contains(host.name); });
  const std::size_t asked = observed.hosts.size() + static_cast<std::size_t>(missing);
  return fmt::format("{} · observed {}/{} hosts, {}{}", printable(desired.source), seen, asked,
                     ensemble_words(desired, observed),
                     options.elapsed.empty() ? "" : " in " + printable(options.elapsed));
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "model/render_formats.h"
#include "model/render_text.h"

namespace arcform {
namespace {

/// Kept free for what says how much was cut.
constexpr std::size_t kReserve = 600;
/// One line of a list; longer ones say nothing that a reviewer reads.
constexpr std::size_t kLineMax = 600;

/// A text outside of code blocks: nothing in it is markup, a mention, a link or an issue number.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : printable(text, 4096)) {
    const bool link =  // www. and ://
        (c == '.' && (out.ends_with('w') || out.ends_with('W'))) ||
        (c == '/' && out.ends_with(':'));
    if (link || std::string_view("&<>\"'`*_~[]|\\#@$").find(c) != std::string_view::npos) {
      out += fmt::format("&#{};", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out;
}

/// Longer than any row of backticks in the lines, so that none ends the block.
std::string fence_of(const std::vector<std::string>& lines) {
  std::size_t longest = 2;
  for (const std::string& line : lines) {
    std::size_t row = 0;
    for (const char c : line) {
      row = c == '`' ? row + 1 : 0;
      longest = std::max(longest, row);
    }
  }
  return std::string(longest + 1, '`');
}

/// At most `limit` bytes of a line, whole characters.
std::string shortened(const std::string& line, std::size_t limit) {
  if (line.size() <= limit) {
    return line;
  }
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return line.substr(0, end) + " ...";
}

/// A comment that grows as long as there is room.
class Comment {
 public:
  /// True: added. False: it does not fit, and the comment is as it was.
  bool add(const std::string& text) {
    if (text_.size() + text.size() > kMarkdownMax - kReserve) {
      return false;
    }
    text_ += text;
    return true;
  }
  /// A folded block with as many of the lines as there is room for.
  void fold(const std::string& heading, const std::vector<std::string>& lines, bool open);
  void cut(std::size_t lines) { cut_ += lines; }

  std::string take() && {
    if (cut_ > 0) {
      text_ += fmt::format(
          "\n**{} are not shown here: a comment has no room for them.** `arcform plan --full` "
          "shows "
          "all.\n",
          counted(cut_, "line", "lines"));
    }
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t cut_ = 0;
};

void Comment::fold(const std::string& heading, const std::vector<std::string>& lines, bool open) {
  if (lines.empty()) {
    return;
  }
  const std::string fence = fence_of(lines);
  const std::string begin =
      fmt::format("\n<details{}><summary>{}</summary>\n\n{}diff\n", open ? " open" : "",
                  escaped(shortened(heading, kLineMax)), fence);
  const std::string end = fmt::format("{}\n\n</details>\n", fence);
  const std::string more = "... and 1000000 more\n";
  std::string block = begin;
  std::size_t shown = 0;
  for (const std::string& line : lines) {
    const std::string next = shortened(line, kLineMax) + "\n";
    if (text_.size() + block.size() + next.size() + more.size() + end.size() >
        kMarkdownMax - kReserve) {
      break;
    }
    block += next;
    ++shown;
  }
  cut_ += lines.size() - shown;
  if (shown == 0) {
    return;
  }
  if (shown < lines.size()) {
    block += fmt::format("... and {} more\n", lines.size() - shown);
  }
  text_ += block + end;
}

std::string verdict_of(const Plan& plan) {
  if (plan.converged()) {
    return plan.alarms.empty() ? "no changes" : "no changes, but alarms";
  }
  std::string text =
      plan.steps.empty() ? "no changes are possible" : counted(plan.steps.size(), "step", "steps");
  std::size_t lost = 0;
  for (const CloudImpact& impact : plan.impact) {
    lost += impact.caches_lost;
  }
  if (lost > 0) {
    text += ", " + counted(lost, "cache lost", "caches lost");
  }
  if (!plan.held.empty()) {
    text += fmt::format(", {} left alone", counted(plan.held.size(), "difference", "differences"));
  }
  return text;
}

void add_impact(const Plan& plan, Comment& comment) {
  if (plan.impact.empty()) {
    return;
  }
  comment.add(
      "\n| cloud | nodes | joining | leaving | caches lost | down at once |\n"
      "|---|---:|---:|---:|---:|---:|\n");
  std::size_t left = plan.impact.size();
  constexpr std::size_t kRowsMax = 100;
  for (std::size_t i = 0; i < std::min(left, kRowsMax); ++i) {
    const CloudImpact& impact = plan.impact[i];
    comment.add(fmt::format("| {} | {} | {} | {} | {} | {} |\n", escaped(impact.service_code),
                            impact.nodes, impact.joining, impact.leaving, impact.caches_lost,
                            impact.down_at_once_max));
  }
  comment.cut(left - std::min(left, kRowsMax));
}

/// What a reviewer must see without unfolding anything.
void add_warnings(const Plan& plan, const DesiredState& desired, Comment& comment) {
  std::vector<std::string> alarms;
  for (const std::string& alarm : plan.alarms) {
    alarms.push_back("! " + printable(alarm));
  }
  comment.fold("alarms", alarms, true);
  std::vector<std::string> held;
  const std::string text = render_held(plan.held, desired, {"", false, true});
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    held.push_back(text.substr(begin + 2, end - begin - 2));
    begin = end + 1;
  }
  comment.fold("left alone", held, true);
}

}  // namespace

std::string render_markdown(const Plan& plan, const DesiredState& desired,
                            const ObservedState& observed, const std::string& note) {
  Comment comment;
  comment.add(fmt::format("{}\n<!-- arcform-deployment: {} -->\n", kMarkdownMarker,
                          escaped(desired.deployment)));
  comment.add(
      fmt::format("### arcform plan: {}: {}\n\n", escaped(desired.deployment), verdict_of(plan)));
  const std::string summary = plan_summary(plan, desired, observed);
  for (std::size_t begin = 0; begin < summary.size();) {
    const std::size_t end = std::min(summary.find('\n', begin), summary.size());
    constexpr std::size_t kSummaryMax = 20'000;
    const std::string line = escaped(summary.substr(begin, end - begin)) + "  \n";
    begin < kSummaryMax ? static_cast<void>(comment.add(line)) : comment.cut(1);
    begin = end + 1;
  }
  add_impact(plan, comment);
  add_warnings(plan, desired, comment);
  std::vector<std::string> later;
  for (const std::string& text : plan.later) {
    later.push_back("· " + printable(text));
  }
  comment.fold("later", later, false);
  for (const StepGroup& group : step_groups(plan, desired, observed)) {
    comment.fold(fmt::format("{}: {}", group.heading, counted(group.lines.size(), "step", "steps")),
                 group.lines, false);
  }
  comment.add(fmt::format("\n{}{}  \nspec digest {}\n",
                          escaped(observed_line(desired, observed, {})),
                          note.empty() ? "" : "; " + escaped(note), escaped(desired.digest)));
  return std::move(comment).take();
}

}  // namespace arcform

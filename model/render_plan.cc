// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "model/key_shares.h"
#include "model/overload.h"
#include "model/render.h"
#include "model/render_formats.h"
#include "model/render_groups.h"
#include "model/render_impact.h"
#include "model/render_text.h"

namespace arcform {
namespace {

/// The classes that the summary counts, in the order in which they are told.
// clang-format off
enum class Class { install, configure, start, tune, restart, create, enrol, map, stop, unmap,
                   forget, unregister, reconfigure, remove };
constexpr std::array<const char*, 14> kClassWords{
    "to install", "to configure", "to start", "to tune", "to restart", "to create", "to register",
    "to map", "to stop", "to unmap", "to forget", "to unregister",
    "to join or leave the ensemble", "to remove"};
// clang-format on

/// What a step says of itself beside its reason: the verb, what it does to the clients, how many
/// things it counts for and as what.
struct Words {
  std::string verb;
  std::string cost = "nothing lost";
  std::size_t count = 1;
  Class kind = Class::configure;
};

std::string start_cost(const Step& step, Ring::Share share) {
  if (share == 0) {
    return step.settle   ? "joins: some keys move to it"
           : step.repair ? "joins again, empty"
                         : "nothing lost";
  }
  return step.repair ? percent_text(share) + " of keys come back to it, empty"
                     : "takes over " + percent_text(share) + " of keys";
}

std::string stop_cost(Ring::Share share) {
  if (share == Ring::kWhole) {
    return "its cache is lost, and no node is left";
  }
  return share == 0
             ? "its cache is lost"
             : fmt::format("its cache is lost, {} of keys move to the others", percent_text(share));
}

std::string restart_cost(Ring::Share share) {
  return share == 0 ? "its cache is lost"
                    : fmt::format("its cache is lost, {} of keys", percent_text(share));
}

/// Told in one line of their own: nothing changes by them.
const Words kAdopts{"adopt", "", 0, Class::configure};
const Words kWaits{"wait", "", 0, Class::configure};

/// `share`: what the step's node owns of the cloud's keys (KeyShares::of_step); 0: nothing or not
/// known.
Words words_of(const Step& step, Ring::Share share) {
  return std::visit(
      Overload{
          [](const InstallPackage&) {
            return Words{"install", "nothing lost", 1, Class::install};
          },
          [](const RemoveRelease&) {
            return Words{"remove", "nothing lost", 1, Class::remove};
          },
          [](const ConfigureServer&) {
            return Words{"configure", "nothing lost", 1, Class::configure};
          },
          [](const StartServer&) {
            return Words{"start", "nothing lost", 1, Class::start};
          },
          [](const StopServer&) {
            return Words{"stop", "nothing lost, nodes cannot join until it is back", 1,
                         Class::stop};
          },
          [](const RestartServer&) {
            return Words{"restart", "nothing lost while the others serve", 1, Class::restart};
          },
          [](const AwaitQuorum&) { return kWaits; },
          [](const CreateTree&) {
            return Words{"create", "nothing lost", 1, Class::create};
          },
          [](const RegisterCloud&) {
            return Words{"register", "nothing lost", 1, Class::enrol};
          },
          [](const MapNodes& a) {
            return Words{"map", "nothing lost", a.nodes.size(), Class::map};
          },
          [](const UnmapNodes& a) {
            return Words{"unmap", "nothing lost", a.nodes.size(), Class::unmap};
          },
          [&](const StartNode&) {
            return Words{"start", start_cost(step, share), 1, Class::start};
          },
          [&](const StopNode&) {
            return Words{"stop", stop_cost(share), 1, Class::stop};
          },
          [&](const RestartNode& a) {
            return Words{a.move_mapping ? "restart, mapped here" : "restart", restart_cost(share),
                         1, Class::restart};
          },
          [](const ForgetNode&) {
            return Words{"forget", "nothing lost", 1, Class::forget};
          },
          [](const UnregisterCloud&) {
            return Words{"unregister", "the cloud is gone for its clients", 1, Class::unregister};
          },
          [](const TuneNode&) {
            return Words{"tune", "live, nothing lost", 1, Class::tune};
          },
          [](const ReconfigureEnsemble& a) {
            return Words{a.line.empty() ? "leave" : "join", "nothing lost, nothing restarts", 1,
                         Class::reconfigure};
          },
          [](const RetireServer&) {
            return Words{"retire", "its data is set aside", 1, Class::stop};
          },
          [](const SetDataAside&) {
            return Words{"set aside", "nothing lost", 1, Class::forget};
          },
          [](const AdoptServer&) { return kAdopts; },
          [](const AdoptCloud&) { return kAdopts; },
          [](const AdoptNode&) { return kAdopts; },
      },
      step.action);
}

/// The subject in a column of its own: several nodes of one cloud are told by their number.
std::string subject_of(const Step& step) {
  const auto nodes = [](std::size_t count, Endpoint first) {
    return count == 1 ? first.text() : counted(count, "node", "nodes");
  };
  if (const auto* map = std::get_if<MapNodes>(&step.action); map && !map->nodes.empty()) {
    return nodes(map->nodes.size(), map->nodes.front().node);
  }
  if (const auto* unmap = std::get_if<UnmapNodes>(&step.action); unmap && !unmap->nodes.empty()) {
    return nodes(unmap->nodes.size(), unmap->nodes.front());
  }
  return printable(subject(step.action));
}

Ink ink_of(std::string_view sign) {
  return sign == "+" ? Ink::green : sign == "-" ? Ink::red : sign == "·" ? Ink::dim : Ink::yellow;
}

Row row_of(const Step& step, Ring::Share share, const DesiredState& desired) {
  const Words words = words_of(step, share);
  const std::string sign = step.repair ? "!" : symbol(step.action);
  std::string what = words.verb;
  if (!step.reason.empty()) {
    what += ": " + printable(step.reason);
  }
  return {{sign, ink_of(sign)}, {subject_of(step)}, {printable(host_of(step.action))},
          {std::move(what)},    {words.cost},       {place(desired, step.at), Ink::dim}};
}

std::vector<Row> rows_of(const Group& group, std::size_t shown, const Plan& plan,
                         const KeyShares& shares, const DesiredState& desired) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto id = static_cast<std::size_t>(group.steps[i] - plan.steps.data());
    const Ring::Share share = shares.of_step.empty() ? 0 : shares.of_step[id];
    rows.push_back(row_of(*group.steps[i], share, desired));
  }
  return rows;
}

/// Where only the places in the spec do not fit, they are left out.
std::string table_of(std::vector<Row> rows, const RenderOptions& options) {
  if (options.width > 0 && widest_line(aligned(rows, false)) > options.width) {
    std::vector<Row> shorter = rows;
    for (Row& row : shorter) {
      row.pop_back();
    }
    if (widest_line(aligned(shorter, false)) <= options.width) {
      return aligned(shorter, options.colour);
    }
  }
  return aligned(rows, options.colour, options.width);
}

std::string rendered(const Group& group, const Plan& plan, const KeyShares& shares,
                     const DesiredState& desired, const RenderOptions& options) {
  const std::vector<Row> rows =
      rows_of(group, shown_of(group.steps.size(), options), plan, shares, desired);
  return fmt::format("\n{}\n{}{}", painted(group.heading, Ink::bold, options.colour),
                     table_of(rows, options), rest_of(group.steps.size(), options));
}

/// A block of lines that each begin with the same sign.
std::string listed(std::string_view heading, const std::vector<std::string>& lines, Cell sign,
                   const RenderOptions& options) {
  if (lines.empty()) {
    return "";
  }
  std::vector<Row> rows;
  for (std::size_t i = 0; i < shown_of(lines.size(), options); ++i) {
    rows.push_back({sign, {printable(lines[i])}});
  }
  return fmt::format("\n{}\n{}{}", painted(heading, Ink::bold, options.colour),
                     aligned(rows, options.colour, options.width), rest_of(lines.size(), options));
}

/// "3 to configure, 9 to start"
std::string class_words(const Plan& plan) {
  std::array<std::size_t, kClassWords.size()> counts{};
  for (const Step& step : plan.steps) {
    const Words words = words_of(step, 0);
    counts[static_cast<std::size_t>(words.kind)] += words.count;
  }
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts[i], kClassWords[i]);
    }
  }
  if (!text.empty()) {
    return text;
  }
  const bool waits = std::any_of(plan.steps.begin(), plan.steps.end(),
                                 [](const Step& step) { return !is_adoption(step.action); });
  return waits ? "nothing but waiting" : "nothing is changed";
}

/// Lines without their indentation of two.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin + 2, end - begin - 2));
    begin = end + 1;
  }
  return lines;
}

std::string summary(const Plan& plan, const KeyShares& shares, const DesiredState& desired,
                    const RenderOptions& options) {
  const std::string hidden = render_hidden(plan);
  if (plan.converged() && plan.hidden > 0) {
    return fmt::format("No changes are selected.{}\n", hidden);
  }
  if (plan.converged() || plan.only_adopts()) {
    return (plan.alarms.empty() ? "No changes. Observed equals desired.\n"
                                : "No changes. Observed equals desired, but see the alarms "
                                  "above.\n") +
           wrapped(adoption_line(plan), options.width);
  }
  std::string text;
  if (plan.steps.empty()) {
    text = plan.held.empty() ? "No changes now." : "No changes are possible now.";
  } else {
    text = fmt::format("Plan: {}.", class_words(plan));
  }
  if (!plan.held.empty()) {
    text +=
        fmt::format(" {} left alone: {}.", counted(plan.held.size(), "difference", "differences"),
                    held_words(plan.held));
  }
  text += hidden;
  text = painted(wrapped(text, options.width), Ink::bold, options.colour) + "\n" +
         wrapped(adoption_line(plan), options.width);
  std::vector<std::string> lines;
  for (const CloudImpact& impact : plan.impact) {
    if (std::string line = impact_line(impact, plan, shares, desired); !line.empty()) {
      lines.push_back(std::move(line));
    }
  }
  for (std::size_t i = 0; i < shown_of(lines.size(), options); ++i) {
    text += wrapped(lines[i], options.width);
  }
  return text + rest_of(lines.size(), options);
}

}  // namespace

std::string render_plan(const Plan& plan, const DesiredState& desired,
                        const ObservedState& observed, const RenderOptions& options) {
  const KeyShares shares = key_shares(plan, observed);
  const std::string name = printable(desired.deployment);
  const std::string head =
      wrapped(name + " · " + observed_line(desired, observed, options), options.width);
  std::string out = painted(name, Ink::bold, options.colour) + head.substr(name.size()) + "\n";
  out += listed("alarms", plan.alarms, {"!", Ink::red}, options);
  for (const Group& group : groups_of(plan, desired)) {
    out += rendered(group, plan, shares, desired, options);
  }
  out += listed("later", plan.later, {"·", Ink::dim}, options);
  out += listed("restart debt (as the spec says by now; their next start has it in its start line)",
                plan.debts, {"·", Ink::dim}, options);
  if (!plan.held.empty()) {
    out += fmt::format("\n{}\n{}", painted("left alone", Ink::bold, options.colour),
                       render_held(plan.held, desired, options));
  }
  return out + "\n" + summary(plan, shares, desired, options);
}

std::string render_hidden(const Plan& plan) {
  return plan.hidden == 0
             ? ""
             : fmt::format(" {} hidden by --only.", counted(plan.hidden, "change", "changes"));
}

std::string render_step_line(const Step& step) {
  return printable(describe(step.action));
}

std::vector<StepGroup> step_groups(const Plan& plan, const DesiredState& desired,
                                   const ObservedState& observed) {
  const KeyShares shares = key_shares(plan, observed);
  std::vector<StepGroup> out;
  for (const Group& group : groups_of(plan, desired)) {
    const std::vector<Row> rows = rows_of(group, group.steps.size(), plan, shares, desired);
    out.push_back({group.heading, lines_of(aligned(rows, false))});
  }
  return out;
}

std::string plan_summary(const Plan& plan, const DesiredState& desired,
                         const ObservedState& observed) {
  std::string text = summary(plan, key_shares(plan, observed), desired, {"", false, true});
  text.pop_back();
  return text;
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
// What a spec says of a watching controller: what it may do, and whom it tells.
#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "model/names.h"
#include "model/watch_hook.h"
#include "specs/parts.h"

namespace arcform {
namespace {

constexpr std::size_t kHooksMax = 16;
constexpr std::size_t kArgumentsMax = 32;
constexpr std::size_t kArgumentMax = 1024;
constexpr std::uint32_t kTimeoutMaxS = 60;

void read_url(ObjectFields& fields, WatchHook& hook) {
  if (auto url = fields.text("url")) {
    if (!parse_url(*url)) {
      // A path may hold a secret, so it is not repeated.
      fields.error("url", "this is no URL that can be posted to",
                   "write \"http://HOST:PORT/PATH\" or https, visible ASCII, without user");
    }
    hook.url = *std::move(url);
  }
}

void read_program(ObjectFields& fields, WatchHook& hook, Problems& problems) {
  const auto* const words = fields.list("exec");
  if (words == nullptr) {
    return;
  }
  for (std::size_t i = 0; i < words->size(); ++i) {
    const std::string path = json::item_path(fields.path("exec"), i);
    if (auto word = read_text((*words)[i], path, problems)) {
      hook.program.push_back(*std::move(word));
    }
  }
  const bool fits = std::all_of(hook.program.begin(), hook.program.end(), [](const auto& word) {
    return word.size() <= kArgumentMax && word.find('\0') == std::string::npos;
  });
  if (hook.program.empty() || hook.program.size() > kArgumentsMax || !fits ||
      !hook.program.front().starts_with('/')) {
    fields.error("exec", "this is no program",
                 "write its absolute path and its arguments: [\"/usr/local/bin/tell\", \"ops\"]");
  }
}

void read_events(ObjectFields& fields, WatchHook& hook, Problems& problems) {
  hook.events = default_hook_events();
  const auto* const names = fields.list("events");
  if (names == nullptr) {
    return;
  }
  const std::vector<std::string>& known = hook_event_names();
  std::set<std::string> wanted;
  for (std::size_t i = 0; i < names->size(); ++i) {
    const std::string path = json::item_path(fields.path("events"), i);
    const auto name = read_text((*names)[i], path, problems);
    if (name && std::find(known.begin(), known.end(), *name) == known.end()) {
      const std::vector<std::string_view> words(known.begin(), known.end());
      problems.error((*names)[i].at, path,
                     fmt::format("\"{}\" is no kind of event", printable(*name, 64)),
                     suggestion(*name, words));
    } else if (name) {
      wanted.insert(*name);
    }
  }
  if (names->empty()) {
    fields.error("events", "an empty list sends nothing", "name kinds of events, or leave it out");
  }
  hook.events.assign(wanted.begin(), wanted.end());
}

WatchHook read_hook(const json::Value& value, const std::string& path, Problems& problems) {
  WatchHook hook;
  ObjectFields fields(value, path, problems);
  if (!fields.is_object()) {
    return hook;
  }
  if (fields.require("name", "events and messages say it")) {
    hook.name = fields.text("name").value_or("");
    if (fields.has("name") && !is_deployment_name(hook.name)) {
      fields.error("name", fmt::format("\"{}\" is no name of a hook", printable(hook.name, 80)),
                   "use up to 64 letters, digits and ._-, beginning with a letter or digit");
    }
  }
  if (fields.has("url") == fields.has("exec")) {
    problems.error(fields.at(), path, "exactly one of \"url\" and \"exec\" is needed",
                   "write \"url\": \"https://...\" or \"exec\": [\"/path\"]");
  }
  read_url(fields, hook);
  read_program(fields, hook, problems);
  if (fields.has("token")) {
    hook.token = read_secret(fields, "token", problems);
    const json::Value* const token = fields.any("token");
    if (fields.has("exec")) {
      fields.error("token", "a program takes no token", "let it read its own");
    } else if (token->kind == json::Kind::string && token->text == "prompt") {
      fields.error("token", "nobody is there to be asked",
                   R"(write {"file": "..."} or {"environment": "..."})");
    }
  }
  read_events(fields, hook, problems);
  hook.timeout_s = read_time(fields, "timeout").value_or(hook.timeout_s);
  if (hook.timeout_s < 1 || hook.timeout_s > kTimeoutMaxS) {
    fields.error("timeout", fmt::format("{} s is no time limit of one attempt", hook.timeout_s),
                 "write 1 to 60 seconds");
  }
  hook.repeat_s = read_time(fields, "repeat").value_or(hook.repeat_s);
  fields.finish();
  return hook;
}

void read_hooks(ObjectFields& watch, Reading& reading) {
  const auto* const hooks = watch.list("hooks");
  if (hooks == nullptr) {
    return;
  }
  if (hooks->size() > kHooksMax) {
    watch.error("hooks", fmt::format("{} hooks are too many", hooks->size()),
                fmt::format("write at most {}", kHooksMax));
    return;
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < hooks->size(); ++i) {
    const std::string path = json::item_path(watch.path("hooks"), i);
    WatchHook hook = read_hook((*hooks)[i], path, reading.problems);
    if (!hook.name.empty() && !names.insert(hook.name).second) {
      reading.problems.error((*hooks)[i].at, path,
                             fmt::format("the hook \"{}\" is there twice", printable(hook.name)),
                             "give each a name of its own");
    }
    reading.desired.watch.hooks.push_back(std::move(hook));
  }
}

}  // namespace

void read_watch(ObjectFields& root, Reading& reading) {
  const json::Value* const value = root.any("watch");
  if (value == nullptr) {
    return;
  }
  static constexpr std::array<const char*, 2> kRollouts{"auto", "approve"};
  ObjectFields fields(*value, "watch", reading.problems);
  reading.desired.watch.heal = fields.boolean("heal").value_or(true);
  if (fields.choice("rollout", kRollouts) == 1) {
    reading.desired.watch.rollout = WatchPolicy::Rollout::approve;
  }
  read_hooks(fields, reading);
  fields.finish();
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "controller/cli_hooks.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "model/watch_hook.h"

namespace arcform {

void add_hook_options(CLI::App& watch, Options& options) {
  const auto check_url = [](const std::string& text) {
    return parse_url(text) ? "" : "not a URL that can be posted to; write http://HOST:PORT/PATH";
  };
  const auto check_program = [](const std::string& text) {
    return text.starts_with('/') ? "" : "\"" + text + "\" is not an absolute path";
  };
  watch
      .add_option("--hook-url", options.hook_urls,
                  "post events there as JSON; may be repeated, as all that begins with --hook")
      ->check(check_url)
      ->type_name("URL")
      ->allow_extra_args(false);
  watch
      .add_option("--hook-exec", options.hook_programs,
                  "run this program for each event, with the JSON on its standard input")
      ->check(check_program)
      ->type_name("PROGRAM")
      ->allow_extra_args(false);
  watch
      .add_option("--hook-event", options.hook_events,
                  "send this kind of event; without it \"action failed\", \"alarm\", \"mode "
                  "changed\", \"node gone\" and \"spec refused\"")
      ->check(CLI::IsMember(hook_event_names()))
      ->type_name("KIND")
      ->allow_extra_args(false);
  watch
      .add_option("--hook-token", options.hook_token,
                  "the file whose first line goes to every --hook-url as bearer token")
      ->type_name("FILE");
}

std::vector<WatchHook> hooks_of(const Options& options) {
  std::vector<WatchHook> hooks;
  WatchHook hook;
  hook.events = options.hook_events.empty() ? default_hook_events() : options.hook_events;
  std::sort(hook.events.begin(), hook.events.end());
  const auto add = [&hooks](WatchHook one) {
    one.name = fmt::format("command-line-{}", hooks.size() + 1);
    hooks.push_back(std::move(one));
  };
  for (const std::string& program : options.hook_programs) {
    hook.program = {program};
    add(hook);
  }
  hook.program.clear();
  if (!options.hook_token.empty()) {
    hook.token = SecretSource{options.hook_token, ""};
  }
  for (const std::string& url : options.hook_urls) {
    hook.url = url;
    add(hook);
  }
  return hooks;
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "specs/reader.h"

#include <fmt/format.h>

#include "model/names.h"
#include "specs/parts.h"

namespace arcform {
namespace {

void read_head(ObjectFields& root, Reading& reading) {
  root.require("apiVersion", "write \"apiVersion\": \"arcform/v1\"");
  const auto version = root.text("apiVersion");
  if (version && *version != "arcform/v1") {
    root.error("apiVersion", fmt::format("\"{}\" is not supported", printable(*version, 64)),
               "write \"arcform/v1\"");
  }
  root.require("deployment", "it names the lock, the history and what is ours in ZooKeeper");
  if (auto name = root.text("deployment")) {
    if (!is_deployment_name(*name)) {
      root.error("deployment", fmt::format("\"{}\" is no deployment name", printable(*name, 80)),
                 "use up to 64 letters, digits and ._-, beginning with a letter or digit");
    }
    reading.desired.deployment = *std::move(name);
  }
}

void read_policy(ObjectFields& root, Reading& reading) {
  const json::Value* const value = root.any("policy");
  if (value == nullptr) {
    return;
  }
  ObjectFields fields(*value, "policy", reading.problems);
  if (const auto limit = read_portion(fields, "maxRemovals")) {
    reading.desired.max_removals = *limit;
  }
  fields.finish();
}

void read_root(const json::Value& value, Reading& reading) {
  ObjectFields root(value, "", reading.problems);
  if (!root.is_object()) {
    return;
  }
  read_head(root, reading);
  read_hosts(root, reading);
  read_packages(root, reading);
  read_ensemble(root, reading);
  read_clouds(root, reading);
  read_policy(root, reading);
  read_watch(root, reading);
  root.any("$schema");  // Editors look for it.
  root.finish();
  check_across(reading);
}

}  // namespace

SpecResult read_spec(std::string_view text, std::string_view file_name) {
  Reading reading;
  reading.desired.source = file_name;
  json::ParseResult parsed = json::parse(text);
  for (json::Problem& problem : parsed.problems) {
    reading.problems.error(problem.at, std::move(problem.path), std::move(problem.what),
                           std::move(problem.advice));
  }
  if (parsed.root) {
    read_root(*parsed.root, reading);
  }
  SpecResult result;
  if (!reading.problems.failed()) {
    reading.desired.digest = digest_of(reading.desired);
    result.desired = std::move(reading.desired);
  }
  result.diagnostics = std::move(reading.problems).take();
  return result;
}

std::string spec_digest(const DesiredState& desired) {
  return digest_of(desired);
}

std::string format(const Diagnostic& diagnostic, std::string_view file_name) {
  std::string text = fmt::format("{}:{}:{}: {}", printable(file_name), diagnostic.line,
                                 diagnostic.column, diagnostic.warning ? "warning: " : "");
  if (!diagnostic.path.empty()) {
    text += diagnostic.path + ": ";
  }
  text += diagnostic.what;
  if (!diagnostic.advice.empty()) {
    text += "; " + diagnostic.advice;
  }
  return text;
}

}  // namespace arcform

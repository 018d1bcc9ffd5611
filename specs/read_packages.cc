// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>

#include "model/names.h"
#include "specs/parts.h"

namespace arcform {
namespace {

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void read_archive(ObjectFields& fields, DesiredPackage& package) {
  if (auto archive = fields.text("archive")) {
    if (archive->empty() || printable(*archive, 1024) != *archive) {
      fields.error("archive", fmt::format("\"{}\" is no file name", printable(*archive, 64)),
                   "write the path of a tar file on this machine");
    }
    package.archive = *std::move(archive);
  }
  if (auto sum = fields.text("sha256")) {
    if (!is_sha256(*sum)) {
      fields.error("sha256", fmt::format("\"{}\" is no SHA-256", printable(*sum, 64)),
                   "write the 64 lower-case hexadecimal digits that sha256sum prints");
    }
    package.sha256 = *std::move(sum);
  }
  package.directory = read_host_path(fields, "directory").value_or("");
}

void read_package(const json::Member& member, Reading& reading) {
  ObjectFields fields(member.value, json::member_path("packages", member.key), reading.problems);
  DesiredPackage package;
  package.name = member.key;
  package.at = member.at;
  if (!is_deployment_name(member.key)) {
    reading.problems.error(member.at, fields.path(),
                           fmt::format("\"{}\" is no package name", printable(member.key, 64)),
                           "use up to 64 letters, digits and ._-, beginning with a letter or "
                           "digit");
  }
  package.installed = read_host_path(fields, "installed").value_or("");
  read_archive(fields, package);
  if (fields.is_object() && fields.has("installed") == fields.has("archive")) {
    reading.problems.error(member.value.at, fields.path(),
                           "exactly one of \"installed\" and \"archive\" is needed",
                           "give the folder on the hosts that holds it, or the tar file here");
  } else if (fields.has("installed")) {
    for (const std::string_view key : {"sha256", "directory"}) {
      fields.refuse(key, "this key belongs to \"archive\"",
                    "remove it: what is installed already is used as it is");
    }
  }
  fields.finish();
  reading.desired.packages.push_back(std::move(package));
}

}  // namespace

void read_packages(ObjectFields& root, Reading& reading) {
  const json::Value* const value = root.any("packages");
  if (value == nullptr) {
    return;
  }
  const ObjectFields fields(*value, "packages", reading.problems);
  reading.packages_complete = fields.is_object();
  for (const json::Member& member : value->members) {
    read_package(member, reading);
  }
  std::sort(reading.desired.packages.begin(), reading.desired.packages.end(),
            [](const DesiredPackage& a, const DesiredPackage& b) { return a.name < b.name; });
}

void check_package(const std::string& name, SourcePosition at, const std::string& path,
                   Reading& reading) {
  if (!reading.packages_complete || reading.desired.package(name) != nullptr) {
    return;
  }
  std::vector<std::string_view> names;
  for (const DesiredPackage& package : reading.desired.packages) {
    names.push_back(package.name);
  }
  const std::string_view guess = nearest(name, names);
  reading.problems.error(
      at, path, fmt::format("package \"{}\" is not defined", printable(name, 64)),
      guess.empty() ? "add it to \"packages\"" : fmt::format("did you mean \"{}\"?", guess));
}

}  // namespace arcform

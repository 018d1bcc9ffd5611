// SPDX-License-Identifier: Apache-2.0
#include "model/packages.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace arcform {
namespace {

constexpr std::size_t kSumDigits = 12;

const ObservedReleases* releases_of(const DesiredPackage& package, const HostFacts& facts) {
  const auto found = facts.releases.find(package.name);
  return found == facts.releases.end() ? nullptr : &found->second;
}

const ObservedRelease* find_release(const DesiredPackage& package, const HostFacts& facts) {
  const ObservedReleases* const releases = releases_of(package, facts);
  if (releases == nullptr) {
    return nullptr;
  }
  const std::string name = release_name(package);
  const auto found =
      std::find_if(releases->all.begin(), releases->all.end(),
                   [&name](const ObservedRelease& release) { return release.name == name; });
  return found == releases->all.end() ? nullptr : &*found;
}

/// Whether a path in `word` leads through a release of the package.
bool holds_release(std::string_view word, const std::string& package) {
  for (std::size_t at = 0; (at = word.find("/" + package + "-", at)) != std::string_view::npos;
       ++at) {
    const std::size_t end = word.find('/', at + 1);
    if (end != std::string_view::npos &&
        is_release_name(word.substr(at + 1, end - at - 1), package)) {
      return true;
    }
  }
  return false;
}

bool is_used(const std::string& prefix, const HostFacts& facts) {
  const std::string inside = prefix + "/";
  return std::any_of(
      facts.processes.begin(), facts.processes.end(), [&inside](const ObservedProcess& process) {
        return std::any_of(
            process.argv.begin(), process.argv.end(),
            [&inside](std::string_view word) { return word.find(inside) != std::string::npos; });
      });
}

}  // namespace

std::string release_name(const DesiredPackage& package) {
  return package.archive.empty() ? "" : package.name + "-" + package.sha256.substr(0, kSumDigits);
}

bool is_release_name(std::string_view name, std::string_view package) {
  return name.size() == package.size() + 1 + kSumDigits && name.starts_with(package) &&
         name[package.size()] == '-' &&
         name.find_first_not_of("0123456789abcdef", package.size() + 1) == std::string_view::npos;
}

std::string releases_folder(const DesiredPackage& package, const std::string& ours) {
  return package.directory.empty() ? ours + "/packages" : package.directory;
}

std::string prefix_of(const DesiredPackage& package, const HostFacts& facts) {
  return package.archive.empty()
             ? package.installed
             : releases_folder(package, facts.directory) + "/" + release_name(package);
}

const ObservedRelease* whole_release(const DesiredPackage& package, const HostFacts& facts) {
  const ObservedRelease* const release = find_release(package, facts);
  return release != nullptr && release->sha256 == package.sha256 ? release : nullptr;
}

bool is_taken(const DesiredPackage& package, const HostFacts& facts) {
  return find_release(package, facts) != nullptr && whole_release(package, facts) == nullptr;
}

std::uint64_t room_needed(const DesiredPackage& package) {
  return package.size + std::max(package.size, package.unpacked);
}

std::string missing_tools(const DesiredPackage& package, const HostFacts& facts) {
  std::string missing;
  for (const std::string& tool :
       {std::string("sha256sum"), std::string("tar"), package.compressor}) {
    if (!tool.empty() && !facts.tools.contains(tool)) {
      missing += (missing.empty() ? "" : " and ") + tool;
    }
  }
  return missing;
}

std::string expected_classpath(const std::string& prefix) {
  return fmt::format("{0}/conf:{0}/*:{0}/lib/*", prefix);
}

bool runs_from(const DesiredPackage& package, const HostFacts& facts,
               const ObservedProcess& process) {
  const auto& argv = process.argv;
  if (package.archive.empty()) {
    return std::none_of(argv.begin(), argv.end(), [&package](std::string_view word) {
      return holds_release(word, package.name);
    });
  }
  const std::string inside = prefix_of(package, facts) + "/";
  return std::any_of(argv.begin(), argv.end(), [&inside](std::string_view word) {
    return word.find(inside) != std::string::npos;
  });
}

std::vector<std::string> unneeded_releases(const DesiredPackage& package, const HostFacts& facts) {
  const ObservedReleases* const releases = releases_of(package, facts);
  if (releases == nullptr) {
    return {};
  }
  const std::string wanted = release_name(package);
  std::vector<const ObservedRelease*> idle;
  for (const ObservedRelease& release : releases->all) {
    if (!release.sha256.empty() && release.name != wanted &&
        is_release_name(release.name, package.name) &&
        !is_used(releases->folder + "/" + release.name, facts)) {
      idle.push_back(&release);
    }
  }
  std::sort(idle.begin(), idle.end(), [](const ObservedRelease* a, const ObservedRelease* b) {
    return std::tie(a->installed_at, a->name) < std::tie(b->installed_at, b->name);
  });
  std::vector<std::string> names;
  for (std::size_t i = 0; i + kReleasesKept < idle.size(); ++i) {
    names.push_back(idle[i]->name);
  }
  return names;
}

std::string megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kSmall = 100'000;
  return bytes > 0 && bytes < kSmall ? fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3)
                                     : fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

}  // namespace arcform

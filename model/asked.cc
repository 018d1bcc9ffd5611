// SPDX-License-Identifier: Apache-2.0
#include "model/asked.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "model/packages.h"

namespace arcform {
namespace {

/// Why the host's facts do not answer this spec; empty: they do.
std::string unanswered(const Asked& asked, const DesiredHost& host, const AskedHost& now,
                       const std::set<std::string>& prefixes) {
  const auto found = asked.hosts.find(host.name);
  if (found == asked.hosts.end()) {
    return "was not observed: the spec of the observation did not name it";
  }
  if (found->second.address != now.address) {
    return fmt::format("was observed at {}, and the spec has it at {}", found->second.address,
                       now.address);
  }
  if (!now.data_directory.empty() && found->second.data_directory != now.data_directory) {
    return fmt::format("{} was not looked at", now.data_directory);
  }
  const auto missing = std::find_if(
      prefixes.begin(), prefixes.end(),
      [&asked](const std::string& prefix) { return !asked.prefixes.contains(prefix); });
  return missing == prefixes.end() ? "" : fmt::format("{} was not looked at", *missing);
}

/// The archive whose releases nobody looked for on the host; nullptr: none.
const DesiredPackage* unseen_archive(const DesiredState& desired, const HostFacts& facts) {
  const auto found = std::find_if(
      desired.packages.begin(), desired.packages.end(), [&](const DesiredPackage& package) {
        if (package.archive.empty()) {
          return false;
        }
        const auto releases = facts.releases.find(package.name);
        return releases == facts.releases.end() ||
               releases->second.folder != releases_folder(package, facts.directory);
      });
  return found == desired.packages.end() ? nullptr : &*found;
}

bool names_secret(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array<std::string_view, 5> kWords{"passw", "secret", "token", "credential",
                                                   "passphrase"};
  return std::any_of(kWords.begin(), kWords.end(), [&lower](std::string_view word) {
    return lower.find(word) != std::string::npos;
  });
}

/// "name=value" with a name that says secret.
void hide_value(std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals != std::string::npos && names_secret(std::string_view(text).substr(0, equals))) {
    text.replace(equals + 1, std::string::npos, "***");
  }
}

void hide_in_arguments(Argv& argv) {
  std::vector<std::string> words = argv.words();
  bool next = false;  // "--password VALUE"
  for (std::string& argument : words) {
    if (next) {
      argument = "***";
      next = false;
      continue;
    }
    hide_value(argument);
    next = argument.starts_with('-') && argument.find('=') == std::string::npos &&
           names_secret(argument);
  }
  argv = words;
}

void hide_in_lines(std::string& text) {
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    hide_value(line);
    out += line;
    if (end < text.size()) {
      out += '\n';
    }
    begin = end + 1;
  }
  text = std::move(out);
}

}  // namespace

Asked asked_by(const DesiredState& desired) {
  Asked asked;
  for (const DesiredHost& host : desired.hosts) {
    asked.hosts[host.name].address = host.address;
  }
  for (const DesiredServer& server : desired.ensemble.servers) {
    asked.hosts[server.host].data_directory = desired.ensemble.data_directory;
  }
  for (const DesiredPackage& package : desired.packages) {
    if (!package.installed.empty()) {
      asked.prefixes.insert(package.installed);
    }
  }
  asked.connect_string = connect_string(desired);
  return asked;
}

void forget_unasked(const Asked& asked, const DesiredState& desired, ObservedState& seen) {
  const Asked now = asked_by(desired);
  for (const DesiredHost& host : desired.hosts) {
    std::string why = unanswered(asked, host, now.hosts.at(host.name), now.prefixes);
    const HostFacts* const facts = seen.host(host.name);
    const DesiredPackage* const unseen =
        facts == nullptr ? nullptr : unseen_archive(desired, *facts);
    if (why.empty() && unseen != nullptr) {
      why = fmt::format("releases of package {} were not looked for", unseen->name);
    }
    if (!why.empty()) {
      seen.hosts.insert_or_assign(
          host.name, Observation<HostFacts>::unknown(why + "; observe again with this spec"));
    }
  }
  if (asked.connect_string != now.connect_string) {
    seen.tree = Observation<TreeFacts>::unknown(
        fmt::format("the ensemble at {} was observed, and the spec has {}; observe again with this "
                    "spec",
                    asked.connect_string, now.connect_string));
    seen.servers.clear();
  }
  TreeFacts* const tree = seen.tree.is_present() ? &seen.tree.value() : nullptr;
  for (const DesiredCloud& cloud : desired.clouds) {
    // Registered, not by us, and nobody looked into it.
    if (tree != nullptr && !tree->clouds.contains(cloud.service_code) &&
        std::binary_search(tree->service_codes.begin(), tree->service_codes.end(),
                           cloud.service_code)) {
      ObservedCloud& unseen = tree->clouds[cloud.service_code];
      unseen.cache_list = true;
      unseen.claimed_by = "somebody (not looked into: observe again with this spec)";
    }
  }
}

void hide_secrets(ObservedState& seen) {
  for (auto& [name, facts] : seen.hosts) {
    if (!facts.is_present()) {
      continue;
    }
    for (ObservedProcess& process : facts.value().processes) {
      hide_in_arguments(process.argv);
    }
    for (auto& [slot_name, slot] : facts.value().slots) {
      hide_in_lines(slot.config);
    }
  }
  for (auto& [id, stranger] : seen.strangers) {
    hide_in_arguments(stranger.argv);
    hide_in_lines(stranger.config);
  }
}

}  // namespace arcform

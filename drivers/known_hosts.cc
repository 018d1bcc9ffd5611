// SPDX-License-Identifier: Apache-2.0
#include "drivers/known_hosts.h"

#include <algorithm>
#include <optional>

#include "drivers/ssh_wire.h"

namespace arcform {
namespace {

/// The next word of the line, which is cut off its front.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

bool matches_hashed(std::string_view hashed, std::string_view name) {
  const std::size_t bar = hashed.find('|', 3);
  if (bar == std::string_view::npos) {
    return false;
  }
  const auto salt = ssh_wire::decode_base64(hashed.substr(3, bar - 3));
  const auto hash = ssh_wire::decode_base64(hashed.substr(bar + 1));
  return salt && hash && ssh_wire::hmac_sha1(*salt, name) == *hash;
}

/// `name` in lower case, with its port when that is not 22. A matching `!pattern` refuses the line.
bool matches_hosts(std::string_view hosts, const std::string& name) {
  if (hosts.starts_with("|1|")) {
    return matches_hashed(hosts, name);
  }
  bool found = false;
  while (!hosts.empty()) {
    const std::size_t comma = std::min(hosts.find(','), hosts.size());
    std::string pattern = lower_case(hosts.substr(0, comma));
    hosts.remove_prefix(std::min(comma + 1, hosts.size()));
    const bool negated = pattern.starts_with('!');
    if (!pattern.empty() && matches_pattern(pattern.substr(negated ? 1 : 0), name)) {
      if (negated) {
        return false;
      }
      found = true;
    }
  }
  return found;
}

std::string with_port(const std::string& name, std::uint16_t port) {
  return port == 22 ? name : "[" + name + "]:" + std::to_string(port);
}

std::string place_of(const KnownKey& key) {
  return key.file + ":" + std::to_string(key.line);
}

std::string shown(const KnownName& host) {
  const std::string where = with_port(host.address, host.port);
  return host.name == host.address ? where : host.name + " (" + where + ")";
}

Error refused(std::string message) {
  return Error{ErrorCode::unauthenticated, std::move(message)};
}

}  // namespace

void KnownHosts::add(std::string_view content, const std::string& file) {
  int number = 0;
  while (!content.empty()) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view text = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    ++number;
    if (text.ends_with('\r')) {
      text.remove_suffix(1);
    }
    std::string_view first = take_word(text);
    if (first.empty() || first.starts_with('#')) {
      continue;
    }
    Line line;
    line.file = file;
    line.number = number;
    if (first.starts_with('@')) {
      line.marker = first;
      first = take_word(text);
      if (line.marker != "@revoked" && line.marker != "@cert-authority") {
        continue;
      }
    }
    line.hosts = first;
    line.type = take_word(text);
    line.base64 = take_word(text);
    if (!line.base64.empty()) {
      lines_.push_back(std::move(line));
    }
  }
}

KnownKeys KnownHosts::find(const KnownName& host) const {
  const std::string name = lower_case(host.name);
  const std::string address = lower_case(host.address);
  const auto matches = [&](const std::string& hosts, std::uint16_t port) {
    return matches_hosts(hosts, with_port(name, port)) ||
           (address != name && matches_hosts(hosts, with_port(address, port)));
  };
  KnownKeys known;
  for (const Line& line : lines_) {
    const bool exact = matches(line.hosts, host.port);
    if (!exact && (host.port == 22 || !matches(line.hosts, 22))) {
      continue;
    }
    if (line.marker == "@cert-authority") {
      known.authority = line.file + ":" + std::to_string(line.number);
      continue;
    }
    std::optional<std::string> blob = ssh_wire::decode_base64(line.base64);
    if (!blob || ssh_wire::key_type(*blob) != line.type) {
      continue;
    }
    known.keys.push_back(
        {line.type, std::move(*blob), line.file, line.number, line.marker == "@revoked", exact});
  }
  return known;
}

Result<void> check_host_key(const KnownKeys& known, const KnownName& host,
                            const std::string& offered, const std::string& user_file) {
  const std::string type(ssh_wire::key_type(offered));
  const std::string key = type + " " + ssh_wire::fingerprint(offered);
  const std::string subject = "host key of " + shown(host) + ": ";
  const KnownKey* accepted = nullptr;
  const KnownKey* other = nullptr;
  const bool has_own = std::any_of(known.keys.begin(), known.keys.end(), [](const KnownKey& entry) {
    return entry.exact_port && !entry.revoked;
  });
  for (const KnownKey& entry : known.keys) {
    if (has_own && !entry.exact_port && !entry.revoked) {
      continue;  // Of another server on that machine.
    }
    if (entry.blob == offered && entry.revoked) {
      return refused(subject + key + " is revoked by " + place_of(entry) +
                     "; do not trust that machine until its key was replaced");
    }
    if (entry.blob == offered) {
      accepted = &entry;
    } else if (!entry.revoked && entry.exact_port && (other == nullptr || entry.type == type)) {
      other = &entry;
    }
  }
  if (accepted != nullptr) {
    return {};
  }
  if (other != nullptr) {
    return refused(subject + "it offers " + key + ", which is not the " + other->type + " key in " +
                   place_of(*other) + "; somebody may be in between: find out why, then remove " +
                   "that line and add the new key");
  }
  const std::string authority =
      known.authority.empty()
          ? ""
          : " (the @cert-authority line at " + known.authority + " is not supported)";
  const std::string scan = "ssh-keyscan " +
                           (host.port == 22 ? "" : "-p " + std::to_string(host.port) + " ") +
                           host.address;
  return refused(subject + key + " is not in known_hosts" + authority +
                 "; compare the fingerprint on the host itself, then add the key (" + scan +
                 " >> " + user_file + ")");
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::optional<std::size_t> star;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star) {
      p = *star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return result;
}

std::string expand_home(const std::string& path, const std::string& home) {
  return path == "~" || path.starts_with("~/") ? home + path.substr(1) : path;
}

}  // namespace arcform

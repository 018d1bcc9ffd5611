// SPDX-License-Identifier: Apache-2.0
#include "drivers/ssh_tools.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

namespace arcform {

std::string SshTarget::text() const {
  const std::string where = host.address + ":" + std::to_string(host.port);
  const std::string to = host.name == host.address ? where : host.name + " (" + where + ")";
  return jump.empty() ? to : to + " through " + jump;
}

Places& HandshakeLimits::door(const std::string& address, std::uint16_t port) {
  const auto key = std::make_pair(address, port);
  auto it = doors_.find(key);
  if (it == doors_.end()) {
    it = doors_.emplace(key, Places(loop_, kPerAddress)).first;
  }
  return it->second;
}

Awaitable<HandshakeLimits::Entry> HandshakeLimits::enter(std::string address, std::uint16_t port) {
  Entry entry;
  std::optional<Places::Held> held = co_await door(address, port).take(Instant::max());
  if (held) {
    entry.door = std::move(*held);
  }
  held = co_await all_.take(Instant::max());
  if (held) {
    entry.place = std::move(*held);
  }
  co_return entry;
}

void HandshakeLimits::dropped(const std::string& address, std::uint16_t port) {
  Places& places = door(address, port);
  places.set_limit(std::max(1, places.limit() - 1));
}

SshTools::SshTools(asio::io_context& loop, ShellEnvironment environment, Secrets& secrets)
    : loop_(loop),
      environment_(std::move(environment)),
      secrets_(secrets),
      limits_(loop),
      configs_(loop) {}

SshTools::Stamp SshTools::stamp_of(const std::string& path) {
  std::error_code ignored;
  Stamp stamp;
  stamp.changed = std::filesystem::last_write_time(path, ignored);
  stamp.size = std::filesystem::file_size(path, ignored);
  return stamp;
}

const KnownHosts& SshTools::known_hosts(const std::string& path) {
  const Stamp stamp = stamp_of(path);
  auto it = known_hosts_.find(path);
  if (it == known_hosts_.end() || it->second.first != stamp) {
    std::ifstream file(path, std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    KnownHosts hosts;
    hosts.add(content, path);
    it = known_hosts_.insert_or_assign(path, std::make_pair(stamp, std::move(hosts))).first;
  }
  return it->second.second;
}

KnownKeys SshTools::known_keys(const SshTarget& target) {
  const std::string user_file = expand_home(target.access.known_hosts, environment_.home);
  const std::string& alias = target.host_key_alias;
  const KnownName name = alias.empty() ? target.host : KnownName{alias, alias, 22};
  KnownKeys known = known_hosts(user_file).find(name);
  for (const std::string& file : target.more_known_hosts) {
    KnownKeys more = known_hosts(expand_home(file, environment_.home)).find(name);
    std::move(more.keys.begin(), more.keys.end(), std::back_inserter(known.keys));
  }
  KnownKeys global = known_hosts(environment_.global_known_hosts).find(name);
  std::move(global.keys.begin(), global.keys.end(), std::back_inserter(known.keys));
  if (known.authority.empty()) {
    known.authority = std::move(global.authority);
  }
  return known;
}

Result<std::shared_ptr<KeyFile>> SshTools::key_file(const std::string& path) {
  const Stamp stamp = stamp_of(path);
  if (const auto it = key_files_.find(path); it != key_files_.end() && it->second.first == stamp) {
    return it->second.second;
  }
  Result<KeyFile> loaded = KeyFile::load(path);
  if (!loaded) {
    return loaded.error();
  }
  auto file = std::make_shared<KeyFile>(std::move(*loaded));
  key_files_.insert_or_assign(path, std::make_pair(stamp, file));
  return file;
}

}  // namespace arcform

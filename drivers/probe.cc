// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "drivers/probe_words.h"

namespace arcform {
namespace {

/// Reads the answer from front to back; after the first thing that is not as it must be,
/// everything else fails too.
class ProbeReader {
 public:
  ProbeReader(std::string_view text, const ProbeRequest& request)
      : rest_(text), request_(request) {}

  Result<HostFacts> read() {
    if (!(host() && packages() && releases() && data() && slots() && sockets() && files() &&
          uptime())) {
      return Error{ErrorCode::unavailable,
                   "the probe's answer is not complete and well-formed: " + expected_};
    }
    return std::move(facts_);
  }

 private:
  bool fail(std::string what) {
    if (expected_.empty()) {
      expected_ = "bad " + std::move(what);
    }
    return false;
  }

  /// The rest of the next line, which must be `key` and then a space and more, or nothing.
  std::optional<std::string_view> line(std::string_view key) {
    const std::size_t end = rest_.find('\n');
    const std::string_view text = rest_.substr(0, end);
    if (end == std::string_view::npos || !text.starts_with(key) ||
        (text.size() > key.size() && text[key.size()] != ' ')) {
      fail(fmt::format("line '{}'", key));
      return std::nullopt;
    }
    rest_.remove_prefix(end + 1);
    return text.substr(std::min(text.size(), key.size() + 1));
  }

  template <class T>
  bool number_line(std::string_view key, T& into) {
    const auto text = line(key);
    const auto value = text ? number<T>(*text) : std::nullopt;
    into = value.value_or(T{});
    return value ? true : fail(std::string(key));
  }

  bool flag_line(std::string_view key, bool& into) {
    const auto text = line(key);
    if (!text || !is_flag(*text)) {
      return fail(std::string(key));
    }
    into = *text == "1";
    return true;
  }

  bool host();
  bool packages();
  bool package(std::size_t index, const std::string& prefix);
  bool releases();
  bool release(const std::string& package, ObservedReleases& into);
  bool data();
  bool slots();
  bool slot(std::string_view name, std::string_view identity);
  bool sockets();
  bool socket(std::string_view text);
  bool files();
  bool process(std::uint32_t pid, std::string_view stat, std::string_view cmdline);
  bool uptime();
  std::optional<std::string_view> piece();
  bool keep(const ObservedProcess& process) const;

  std::string_view rest_;
  const ProbeRequest& request_;
  HostFacts facts_;
  std::vector<std::string> servers_;
  std::vector<std::uint32_t> pids_;
  std::string mark_;   ///< follows every file
  SharedText digest_;  ///< of the last slot: mostly the next one has the same
  std::string expected_;
};

bool ProbeReader::host() {
  const auto version = line("arcform-probe");
  const auto boot = version && *version == "1" ? line("boot") : std::nullopt;
  if (!boot || !is_boot_id(*boot)) {
    return fail("boot id");
  }
  facts_.boot_id = std::string(*boot);
  const auto memory = line("memory");
  const auto sizes = split(memory.value_or(""), ' ');
  const auto total = number<std::uint64_t>(sizes.front());
  const auto available = number<std::uint64_t>(sizes.back());
  const auto user = number<std::uint32_t>(line("user").value_or(""));
  const auto hard = line("files");
  const auto limit = hard == "unlimited" ? std::numeric_limits<std::uint64_t>::max()
                                         : number<std::uint64_t>(hard.value_or(""));
  if (sizes.size() != 2 || !total || !available || !user || !limit) {
    return fail("memory, user or open files");
  }
  facts_.uid = *user;
  facts_.memory_total_kb = *total;
  facts_.memory_available_kb = *available;
  facts_.open_files_hard = *limit;
  if (!flag_line("java", facts_.java)) {
    return false;
  }
  const auto directory = line("directory");
  if (!directory || !directory->starts_with('/')) {
    return fail("directory");
  }
  facts_.directory = *directory;
  return flag_line("writable", facts_.directory_writable);
}

bool ProbeReader::packages() {
  for (std::size_t i = 0; i < request_.prefixes.size(); ++i) {
    if (!package(i, request_.prefixes[i])) {
      return false;
    }
  }
  return true;
}

bool ProbeReader::package(std::size_t index, const std::string& prefix) {
  const auto text = line("package");
  auto found = read_package(text.value_or(""), index, prefix);
  if (!found) {
    return fail("package");
  }
  facts_.packages.emplace(prefix, std::move(*found));
  return true;
}

bool ProbeReader::releases() {
  const auto tools = request_.releases.empty() ? std::nullopt : line("tools");
  for (const std::string_view tool : split(tools.value_or(""), ' ')) {
    if (!tool.empty()) {
      facts_.tools.emplace(tool);
    }
  }
  for (std::size_t i = 0; i < request_.releases.size(); ++i) {
    const ReleasePlace& place = request_.releases[i];
    const auto text = line("releases");
    const auto words = split(text.value_or(""), ' ');
    if (words.size() < 3 || words[0] != std::to_string(i)) {
      return fail("releases");
    }
    ObservedReleases found;
    found.folder = text->substr(words[0].size() + words[1].size() + 2);
    found.free_kb =
        number<std::uint64_t>(words[1]).value_or(std::numeric_limits<std::uint64_t>::max());
    while (rest_.starts_with("release ")) {
      if (!release(place.package, found)) {
        return false;
      }
    }
    std::sort(found.all.begin(), found.all.end(),
              [](const ObservedRelease& a, const ObservedRelease& b) { return a.name < b.name; });
    if (!package(i, found.folder + "/" + place.release)) {
      return false;
    }
    facts_.releases.emplace(place.package, std::move(found));
  }
  return true;
}

bool ProbeReader::release(const std::string& package, ObservedReleases& into) {
  const auto text = line("release");
  auto found = read_release(text.value_or(""), package);
  if (!found) {
    return fail("release");
  }
  into.all.push_back(std::move(*found));
  return true;
}

bool ProbeReader::data() {
  if (request_.data_directory.empty()) {
    return true;
  }
  const auto text = line("data");
  if (!text || text->size() < 4 || !is_flag(text->substr(0, 1)) || (*text)[1] != ' ' ||
      !is_flag(text->substr(2, 1)) || (*text)[3] != ' ') {
    return fail("data directory");
  }
  facts_.data.exists = text->starts_with('1');
  facts_.data.has_data = (*text)[2] == '1';
  facts_.data.myid = text->substr(4);
  return true;
}

bool ProbeReader::slots() {
  while (rest_.starts_with("slot ")) {
    const auto text = line("slot");
    const std::size_t space = text ? text->find(' ') : std::string_view::npos;
    if (space == std::string_view::npos || !slot(text->substr(0, space), text->substr(space + 1))) {
      return fail("slot");
    }
  }
  return true;
}

bool ProbeReader::slot(std::string_view name, std::string_view identity) {
  ObservedSlot slot;
  slot.name = name;
  const auto words = split(identity, ' ');
  if (identity != "-") {
    const auto pid = words.size() == 5 ? number<std::uint32_t>(words[2]) : std::nullopt;
    const auto ticks = words.size() == 5 ? number<std::uint64_t>(words[3]) : std::nullopt;
    if (!pid || *pid == 0 || !ticks || words[0] != "1" || !is_boot_id(words[1]) ||
        words[4].empty()) {
      return fail(fmt::format("identity file of slot {}", name));
    }
    slot.identity = ProcessIdentity{shared_with(facts_.boot_id, words[1]), *pid, *ticks};
    slot.digest = digest_ = shared_with(digest_, words[4] == "-" ? "" : words[4]);
  }
  if (name.starts_with("server-")) {
    servers_.emplace_back(name);
  }
  return facts_.slots.emplace(std::string(name), std::move(slot)).second || fail("slot");
}

bool ProbeReader::sockets() {
  const auto pids = line("pids");
  if (!pids) {
    return false;
  }
  for (const std::string_view word :
       pids->empty() ? std::vector<std::string_view>{} : split(*pids, ' ')) {
    const auto pid = number<std::uint32_t>(word);
    if (!pid || *pid == 0) {
      return fail("pids");
    }
    pids_.push_back(*pid);
  }
  if (!line("listening")) {
    return false;
  }
  while (!rest_.starts_with("listened ")) {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos || !socket(rest_.substr(0, end))) {
      return fail("socket");
    }
    rest_.remove_prefix(end + 1);
  }
  std::vector<std::uint16_t>& ports = facts_.listening;
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  const auto status = line("listened");  // of grep 1 is "none"
  return (status == "0" || status == "1") || fail("list of sockets");
}

bool ProbeReader::socket(std::string_view text) {
  const auto port = read_socket(text);
  if (port) {
    facts_.listening.push_back(*port);
  }
  return port.has_value();
}

/// The next file's content, up to the mark that follows it.
std::optional<std::string_view> ProbeReader::piece() {
  const std::size_t at = rest_.find(mark_);
  if (at == std::string_view::npos) {
    fail("files");
    return std::nullopt;
  }
  const std::string_view found = rest_.substr(0, at);
  rest_.remove_prefix(at + mark_.size());
  return found;
}

bool ProbeReader::files() {
  const auto mark = line("mark");
  if (!mark || !is_boot_id(*mark)) {  // also a random UUID
    return fail("mark");
  }
  mark_ = fmt::format("mark={}{}", *mark, '\0');
  const auto opening = piece();
  if (!opening || !opening->empty()) {
    return fail("files");
  }
  for (const std::string& server : servers_) {
    const auto config = piece();
    if (!config) {
      return false;
    }
    facts_.slots[server].config = *config;
  }
  facts_.slots.shrink_to_fit();
  facts_.processes.reserve(pids_.size());
  for (const std::uint32_t pid : pids_) {
    const auto stat = piece();
    const auto cmdline = stat ? piece() : std::nullopt;
    if (!cmdline || !process(pid, *stat, *cmdline)) {
      return fail("process");
    }
  }
  std::sort(facts_.processes.begin(), facts_.processes.end(),
            [](const ObservedProcess& a, const ObservedProcess& b) { return a.pid < b.pid; });
  return true;
}

/// proc(5): "pid (comm) state ppid ...", where comm may hold anything; start time is field 22. A
/// process without a state line has ended meanwhile; an ended one that nobody waited for (Z, X)
/// is not alive, and one that is ending is as good as ended: whoever needs its slot waits for it.
bool ProbeReader::process(std::uint32_t pid, std::string_view stat, std::string_view cmdline) {
  if (stat.empty()) {
    return true;
  }
  const std::string opening = fmt::format("{} (", pid);
  const std::size_t close = stat.rfind(") ");
  if (!stat.starts_with(opening) || close == std::string_view::npos || close < opening.size() ||
      !stat.ends_with('\n')) {
    return false;
  }
  const auto fields = split(stat.substr(close + 2), ' ');
  const auto ticks = fields.size() > 19 ? number<std::uint64_t>(fields[19]) : std::nullopt;
  if (!ticks || fields[0].size() != 1) {
    return false;
  }
  ObservedProcess found;
  found.pid = pid;
  found.start_ticks = *ticks;
  found.comm = stat.substr(opening.size(), close - opening.size());
  found.argv = Argv::of(cmdline);
  const bool ended = std::string_view("ZXx").find(fields[0]) != std::string_view::npos;
  if (!ended && keep(found)) {
    facts_.processes.push_back(std::move(found));
  }
  return true;
}

/// A java that is no ZooKeeper server is none of our business, unless its pid is one of ours.
bool ProbeReader::keep(const ObservedProcess& process) const {
  const auto is_server = [](std::string_view word) {
    return word == "org.apache.zookeeper.server.quorum.QuorumPeerMain" ||
           word == "org.apache.zookeeper.server.ZooKeeperServerMain";
  };
  return process.comm != "java" ||
         std::any_of(process.argv.begin(), process.argv.end(), is_server) ||
         std::any_of(facts_.slots.begin(), facts_.slots.end(), [&](const auto& slot) {
           const auto& identity = slot.second.identity;
           return identity && identity->pid == process.pid && identity->boot_id == facts_.boot_id;
         });
}

bool ProbeReader::uptime() {
  const auto text = line("uptime");
  const auto parts = split(text.value_or(""), '.');
  const auto seconds = number<std::uint64_t>(parts.front());
  const auto hundredths = number<std::uint64_t>(parts.back());
  if (parts.size() != 2 || parts[1].size() != 2 || !seconds || !hundredths || !rest_.empty()) {
    return fail("uptime");
  }
  // Linux counts 100 ticks a second for user space on every architecture that we may meet
  // (USER_HZ; sysconf would cost a child).
  facts_.ticks_per_second = 100;
  facts_.uptime_ticks = *seconds * 100 + *hundredths;
  return true;
}

}  // namespace

Result<HostFacts> parse_probe(std::string_view output, const ProbeRequest& request) {
  return ProbeReader(output, request).read();
}

}  // namespace arcform

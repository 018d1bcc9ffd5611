// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace arcform {
namespace {

constexpr std::array<std::string_view, 2> kExtensions{"syslog_logger.so", "ascii_scrub.so"};

template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end || text.empty()) {
    return std::nullopt;
  }
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

bool is_flag(std::string_view text) {
  return text == "0" || text == "1";
}

bool is_boot_id(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

std::string classpath(char layout, const std::string& prefix) {
  switch (layout) {
    case 'a':  // Apache's binary archive since 3.5.5: every jar below lib
      return fmt::format("{0}/conf:{0}/lib/*", prefix);
    case 's':  // older, and what Arcus' own deploy makes: the server's jar at the top
      return fmt::format("{0}/conf:{0}/*:{0}/lib/*", prefix);
    case 'd':  // Debian: the jar's manifest names the rest
      return "/etc/zookeeper/conf:/usr/share/java/zookeeper.jar";
  }
  return "";
}

/// Reads the answer from front to back; after the first thing that is not as it must be,
/// everything else fails too.
class ProbeReader {
 public:
  ProbeReader(std::string_view text, const ProbeRequest& request)
      : rest_(text), request_(request) {}

  Result<HostFacts> read() {
    if (!(host() && packages() && data() && slots() && sockets() && files() && uptime())) {
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
  std::string expected_;
};

bool ProbeReader::host() {
  const auto version = line("arcform-probe");
  const auto boot = version && *version == "1" ? line("boot") : std::nullopt;
  if (!boot || !is_boot_id(*boot)) {
    return fail("boot id");
  }
  facts_.boot_id = *boot;
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
    const std::string& prefix = request_.prefixes[i];
    const auto text = line("package");
    const auto words = split(text.value_or(""), ' ');
    if (words.size() != 6 || words[0] != std::to_string(i) || words[5].size() != 1 ||
        std::string_view("nasd").find(words[5]) == std::string_view::npos ||
        !std::all_of(words.begin() + 1, words.begin() + 5, is_flag)) {
      return fail("package");
    }
    ObservedPackage package;
    package.cache_node = words[1] == "1";
    package.engine = words[2] == "1" ? prefix + "/lib/default_engine.so" : "";
    for (std::size_t e = 0; e < kExtensions.size(); ++e) {
      if (words[3 + e] == "1") {
        package.extensions.push_back(fmt::format("{}/lib/{}", prefix, kExtensions[e]));
      }
    }
    package.zookeeper_classpath = classpath(words[5].front(), prefix);
    facts_.packages.emplace(prefix, std::move(package));
  }
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
    slot.identity = ProcessIdentity{std::string(words[1]), *pid, *ticks};
    slot.digest = words[4] == "-" ? "" : words[4];
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

/// Of `ss -ltnH`: "LISTEN 0 128 [::]:22 [::]:*"; of /proc/net/tcp:
/// "   0: 0100007F:2BCB 00000000:0000 0A ...", with the port in hexadecimal.
bool ProbeReader::socket(std::string_view text) {
  std::array<std::string_view, 4> fields;
  for (std::string_view& field : fields) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    field = text.substr(0, text.find(' '));
    text.remove_prefix(field.size());
  }
  const bool from_ss = fields[0] == "LISTEN";
  const std::string_view local = fields[from_ss ? 3 : 1];
  const std::size_t colon = local.rfind(':');
  if (colon == std::string_view::npos ||
      (!from_ss && (fields[3] != "0A" || local.size() != colon + 5))) {
    return false;
  }
  const auto port = number<std::uint16_t>(local.substr(colon + 1), from_ss ? 10 : 16);
  if (port) {
    facts_.listening.push_back(*port);
  }
  return port.has_value();
}

/// The next file's content, up to the boot id that follows it.
std::optional<std::string_view> ProbeReader::piece() {
  const std::string end = facts_.boot_id + "\n";
  const std::size_t at = rest_.find(end);
  if (at == std::string_view::npos) {
    fail("files");
    return std::nullopt;
  }
  const std::string_view found = rest_.substr(0, at);
  rest_.remove_prefix(at + end.size());
  return found;
}

bool ProbeReader::files() {
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
/// is not alive.
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
  if (cmdline.ends_with('\0')) {
    cmdline.remove_suffix(1);
    found.argv.emplace_back();
  }
  if (!cmdline.empty()) {
    const auto words = split(cmdline, '\0');
    found.argv.assign(words.begin(), words.end());
  }
  const bool ended = std::string_view("ZXx").find(fields[0]) != std::string_view::npos;
  if (!ended && keep(found)) {
    facts_.processes.push_back(std::move(found));
  }
  return true;
}

/// A java that is no ZooKeeper server is none of our business, unless its pid is one of ours.
bool ProbeReader::keep(const ObservedProcess& process) const {
  const auto is_server = [](const std::string& word) {
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

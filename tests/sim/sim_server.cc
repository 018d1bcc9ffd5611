// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_server.h"

#include <charconv>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;

constexpr const char* kVersion = "3.8.0-${mvngit.commit.id}, built on 2024-12-29 17:54 UTC";
constexpr const char* kNotServing = "This ZooKeeper instance is not currently serving requests\n";

std::string trimmed(const std::string& text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return start == std::string::npos ? "" : text.substr(start, end - start + 1);
}

std::optional<int> number(const std::string& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

std::uint64_t version_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? 0 : std::strtoull(path.c_str() + dot + 1, nullptr, 16);
}

std::set<std::string> words_of(const std::string& list) {
  std::set<std::string> words;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) {
    words.insert(trimmed(word));
  }
  return words;
}

/// "server.2=10.0.0.2:2888:3888;10.0.0.2:2181": the host, and the client port where it is given.
bool read_member(const std::string& key, const std::string& value, ServerSettings& settings) {
  const auto id = number(key.substr(7));
  const std::string host = value.substr(0, value.find(':'));
  if (!id || host.empty() || host.size() == value.size()) {
    return false;
  }
  settings.members[*id] = host;
  settings.lines[*id] = value;
  return true;
}

bool read_line(const std::string& key, const std::string& value, ServerSettings& settings) {
  const auto as_number = number(value);
  if (key.starts_with("server.")) {
    return read_member(key, value, settings);
  }
  if (key == "dataDir") {
    settings.data_directory = value;
  } else if (key == "4lw.commands.whitelist") {
    settings.words = words_of(value);
  } else if (key == "reconfigEnabled") {
    settings.reconfig = value == "true";
  } else if (key == "dynamicConfigFile") {
    settings.version = version_of(value);
  } else if (key == "standaloneEnabled") {
    settings.standalone_enabled = value == "true";
  } else if (key == "clientPort" || key == "tickTime" || key == "minSessionTimeout" ||
             key == "maxSessionTimeout") {
    if (!as_number || *as_number <= 0) {
      return false;
    }
    if (key == "clientPort") {
      settings.client_port = static_cast<std::uint16_t>(*as_number);
    } else if (key == "tickTime") {
      settings.tick = milliseconds(*as_number);
    } else {
      (key == "minSessionTimeout" ? settings.session_min : settings.session_max) =
          milliseconds(*as_number);
    }
  }
  return true;
}

/// The address behind ';' of a member's line; empty: every one.
std::string client_address(const std::string& line) {
  const std::size_t semicolon = line.find(';');
  const std::size_t colon = line.rfind(':');
  return semicolon == std::string::npos || colon == std::string::npos || colon < semicolon
             ? ""
             : line.substr(semicolon + 1, colon - semicolon - 1);
}

/// The port at the end of a member's line; nullopt: it is given elsewhere.
std::optional<int> client_port(const std::string& line) {
  const std::size_t semicolon = line.find(';');
  return semicolon == std::string::npos ? std::nullopt
                                        : number(line.substr(line.find_last_of(";:") + 1));
}

}  // namespace

std::optional<ServerSettings> parse_zoo_cfg(const std::string& text) {
  ServerSettings settings;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    line = trimmed(line);
    const std::size_t equals = line.find('=');
    if (line.empty() || line[0] == '#') {
      continue;
    }
    if (equals == std::string::npos ||
        !read_line(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)), settings)) {
      return std::nullopt;
    }
  }
  if (settings.data_directory.empty()) {
    return std::nullopt;
  }
  // One server line alone runs as standalone unless that is switched off.
  if (settings.members.size() == 1 && settings.standalone_enabled) {
    settings.members.clear();
  }
  return settings;
}

bool read_member_line(const std::string& line, ServerSettings& settings) {
  const std::size_t equals = line.find('=');
  return line.starts_with("server.") && equals != std::string::npos &&
         read_member(line.substr(0, equals), line.substr(equals + 1), settings);
}

std::string list_text(const ServerSettings& settings) {
  std::string text;
  for (const auto& [id, line] : settings.lines) {
    text += fmt::format("server.{}={}\n", id, line);
  }
  return text + fmt::format("version={:x}", settings.version);
}

void ServerProgram::launch() {
  later(core_.pick(milliseconds(600), milliseconds(1000)), "the JVM is up", [this] { open(); });
}

void ServerProgram::open() {
  const auto config = machine_.files.find(config_path_);
  std::string text = config == machine_.files.end() ? "" : config->second.content;
  const std::size_t dynamic = text.find("dynamicConfigFile=");
  if (dynamic != std::string::npos) {
    const std::size_t begin = dynamic + 18;
    const auto list = machine_.files.find(text.substr(begin, text.find('\n', begin) - begin));
    text += list == machine_.files.end() ? "" : list->second.content;
  }
  const auto settings = text.empty() ? std::nullopt : parse_zoo_cfg(text);
  if (!settings) {
    end(2, "Invalid config, exiting abnormally");
    return;
  }
  settings_ = *settings;
  if (!settings_.members.empty()) {
    const auto myid = machine_.files.find(settings_.data_directory + "/myid");
    const auto id =
        myid == machine_.files.end() ? std::nullopt : number(trimmed(myid->second.content));
    if (!id || !settings_.members.contains(*id)) {
      end(2, "Invalid config, exiting abnormally");
      return;
    }
    settings_.id = *id;
    settings_.client_address = client_address(settings_.lines[*id]);
    if (const auto port = client_port(settings_.lines[*id])) {
      settings_.client_port = static_cast<std::uint16_t>(*port);
    }
  }
  if (!machine_.listen(pid_, settings_.client_port)) {
    end(1, "java.net.BindException: Address already in use");
    return;
  }
  auto& store = machine_.stores[settings_.data_directory];
  if (!store) {
    store = std::make_shared<ZnodeStore>();
  }
  handle_ = ensemble_.add_server(machine_.name(), machine_.address(), settings_, store);
  ensemble_.on_list(*handle_, [this](const ServerSettings& now) { rewrite(now); });
}

/// A server with dynamic reconfiguration moves its list to a file of its own.
void ServerProgram::rewrite(const ServerSettings& settings) {
  const std::string path = fmt::format("{}.dynamic.{:x}", config_path_, settings.version);
  std::string list;
  for (const auto& [id, line] : settings.lines) {
    list += fmt::format("server.{}={}\n", id, line);
  }
  machine_.files[path].content = list;
  std::istringstream in(machine_.files[config_path_].content);
  std::string text;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("server.") && !line.starts_with("dynamicConfigFile=") &&
        !line.starts_with("#")) {
      text += line + "\n";
    }
  }
  machine_.files[config_path_].content = text + "dynamicConfigFile=" + path + "\n";
}

bool ServerProgram::listens_on(Endpoint at) const {
  return settings_.client_address.empty() || settings_.client_address == "0.0.0.0" ||
         settings_.client_address == at.ip_text();
}

std::string ServerProgram::conf() const {
  const ServerSettings& now = ensemble_.settings(*handle_);
  return fmt::format("clientPort={}\nserverId={}\nmembership: \n{}", now.client_port, now.id,
                     list_text(now));
}

void ServerProgram::gone() {
  if (handle_) {
    ensemble_.remove_server(*handle_);
  }
}

std::string ServerProgram::srvr() const {
  const Ensemble::Role role = ensemble_.role(*handle_);
  const ZnodeTree& tree = ensemble_.tree();
  const bool leads = role == Ensemble::Role::leader;
  const char* mode = settings_.members.empty() ? "standalone" : leads ? "leader" : "follower";
  std::string text = fmt::format(
      "Zookeeper version: {}\nLatency min/avg/max: 0/0.0/0\nReceived: 1\nSent: 0\n"
      "Connections: {}\nOutstanding: 0\nZxid: {:#x}\nMode: {}\nNode count: {}\n",
      kVersion, ensemble_.connections(*handle_), tree.zxid, mode, tree.paths().size());
  return leads ? text + "Proposal sizes last/min/max: -1/-1/-1\n" : text;
}

std::string ServerProgram::mntr() const {
  const bool leads = ensemble_.role(*handle_) == Ensemble::Role::leader;
  std::string text = fmt::format(
      "zk_version\t{}\nzk_server_state\t{}\nzk_num_alive_connections\t{}\nzk_znode_count\t{}\n",
      kVersion,
      settings_.members.empty() ? "standalone"
      : leads                   ? "leader"
                                : "follower",
      ensemble_.connections(*handle_), ensemble_.tree().paths().size());
  if (leads && !settings_.members.empty()) {
    text += fmt::format("zk_synced_followers\t{}\nzk_quorum_size\t{}\nzk_leader_uptime\t{}\n",
                        ensemble_.synced_followers(), settings_.members.size(),
                        ensemble_.leader_age() / milliseconds(1));
  }
  return text;
}

std::optional<std::string> ServerProgram::answer(std::uint16_t /*port*/,
                                                 const std::string& question) {
  if (frozen_ || !handle_) {
    return std::nullopt;
  }
  const std::string word = question.substr(0, 4);
  if (!settings_.words.contains("*") && !settings_.words.contains(word)) {
    return fmt::format("{} is not executed because it is not in the whitelist.\n", word);
  }
  if (word == "ruok") {
    return "imok";  // also without a quorum
  }
  if (ensemble_.role(*handle_) == Ensemble::Role::looking) {
    return kNotServing;
  }
  if (word == "isro") {
    return "rw";
  }
  if (word == "conf") {
    return conf();
  }
  return word == "srvr" ? srvr() : word == "mntr" ? mntr() : "";
}

}  // namespace arcform::sim

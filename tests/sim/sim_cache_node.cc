// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_cache_node.h"

#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "model/follow_ensemble.h"
#include "model/znodes.h"

namespace arcform::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Options of memcached 1.4/Arcus that take a value (arcus-memcached 1.15.0 memcached.c:main).
constexpr std::string_view kWithValue = "apsUmgcluPfntDRbBIEeXzox";

std::uint32_t number(const std::string& text, std::uint32_t otherwise) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : otherwise;
}

std::map<char, std::string> options_of(const std::vector<std::string>& argv) {
  std::map<char, std::string> options;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word.size() < 2 || word[0] != '-') {
      continue;
    }
    const char letter = word[1];
    if (kWithValue.find(letter) == std::string_view::npos) {
      options[letter] = "";
    } else if (word.size() > 2) {
      options[letter] = word.substr(2);
    } else if (i + 1 < argv.size()) {
      options[letter] = argv[++i];
    }
  }
  return options;
}

}  // namespace

std::vector<Endpoint> parse_endpoints(const std::string& list) {
  std::vector<Endpoint> endpoints;
  std::size_t start = 0;
  while (start <= list.size()) {
    const std::size_t comma = std::min(list.find(',', start), list.size());
    if (const auto endpoint = Endpoint::parse(list.substr(start, comma - start))) {
      endpoints.push_back(*endpoint);
    }
    start = comma + 1;
  }
  return endpoints;
}

CacheNode::CacheNode(SimCore& core, Ensemble& ensemble, Machine& machine,
                     const std::vector<std::string>& argv)
    : Program(core, machine),
      ensemble_(ensemble),
      admin_(argv[0].starts_with("/opt/stock"), number(options_of(argv)['m'], 64),
             number(options_of(argv)['c'], 1024)) {
  auto options = options_of(argv);
  port_ = static_cast<std::uint16_t>(number(options['p'], 11211));
  memory_mb_ = number(options['m'], 64);
  const std::uint32_t timeout = number(options['o'], 30);
  // Anything but 10..2000 silently means 30 s (arcus-memcached 1.15.0).
  timeout_ = seconds(timeout >= 10 && timeout <= 2000 ? timeout : 30);
  ensemble_list_ = parse_endpoints(options['z']);
  uses_zookeeper_ = options.contains('z') && !options['z'].empty();
}

void CacheNode::launch() {
  launched_ = true;
  later(milliseconds(8), "binds its port", [this] {
    if (!machine_.listen(pid_, port_)) {
      end(71, "bind() error(98): Address already in use");
      return;
    }
    if (!uses_zookeeper_) {
      state_ = State::serving;
      return;
    }
    if (ensemble_list_.empty()) {
      end(69, "no usable ZooKeeper address");
      return;
    }
    give_up_ = core_.clock().now() + timeout_;
    later(core_.pick(milliseconds(7), milliseconds(13)), "connects to ZooKeeper",
          [this] { connect(); });
  });
}

void CacheNode::connect() {
  if (ensemble_.reachable(machine_.name(), ensemble_list_)) {
    session_ = ensemble_.open(machine_.name(), ensemble_list_, timeout_, this);
    join();
    return;
  }
  // SIGTERM has no effect until this wait ends (arcus-memcached 1.15.0, observed).
  if (core_.clock().now() >= give_up_) {
    end(76, "cannot to be ZOO_CONNECTED_STATE");
    return;
  }
  later(milliseconds(100), "waits for ZooKeeper", [this] { connect(); });
}

std::optional<std::string> CacheNode::service_code() {
  const std::string ip = ensemble_list_.front().ip == 0x7f000001 ? "127.0.0.1" : machine_.address();
  identity_ = fmt::format("{}:{}", ip, port_);
  const std::string keys[] = {identity_, fmt::format("{}:{}", machine_.name(), port_), ip};
  for (const std::string& key : keys) {
    const TreeNode* node = ensemble_.tree().find(fmt::format("{}/{}", znodes::kMapping, key));
    if (node == nullptr) {
      continue;
    }
    if (node->children.size() != 1) {
      end(76, fmt::format("The server mapping exists but has {}(!= 1) mapping znodes",
                          node->children.size()));
      return std::nullopt;
    }
    return node->children.begin()->substr(0, node->children.begin()->find('^'));
  }
  end(76, "Failed to read the server mapping. error=-101(no node)");
  return std::nullopt;
}

void CacheNode::join() {
  const auto service = service_code();
  if (!service) {
    return;
  }
  const std::string host = identity_.starts_with("127.") ? "localhost" : machine_.name();
  path_ = fmt::format("{}/{}/{}-{}", znodes::kCacheList, *service, identity_, host);
  const std::vector<ZnodeChange> changes{
      {ZnodeChange::Kind::create_ephemeral, path_, fmt::format("{}MB", memory_mb_), -1}};
  const auto failed = ensemble_.commit(session_, changes, "node " + identity_ + " joins:");
  if (failed) {
    const bool exists = failed->code == ErrorCode::already_exists;
    end(76, exists ? "cannot create znode. error=-110(node exists)"
                   : "cannot create znode. error=-101(no node)");
    return;
  }
  state_ = State::joining;
  ensemble_.watch(session_, path_);
  write_server_log();
  later(core_.pick(milliseconds(3), milliseconds(14)), "begins to serve", [this] {
    state_ = State::serving;
    if (terminated_) {
      leave();
    }
  });
}

void CacheNode::write_server_log() {
  const TreeNode* root = ensemble_.tree().find(std::string(znodes::kServerLog));
  if (root == nullptr) {
    return;  // skipped silently
  }
  // The date is the node's own, local.
  const std::string date =
      fmt::format("{}/{}", znodes::kServerLog, core_.clock().arcus_timestamp().substr(0, 10));
  std::vector<ZnodeChange> changes;
  const TreeNode* day = ensemble_.tree().find(date);
  if (day == nullptr) {
    changes.push_back({ZnodeChange::Kind::create, date, "", -1});
  }
  const std::string entry = fmt::format("{}/{}-{}-{:010}", date, identity_, machine_.name(),
                                        day == nullptr ? 0 : day->sequence);
  changes.push_back({ZnodeChange::Kind::create, entry, "join", -1});
  static_cast<void>(ensemble_.commit(session_, changes, "node " + identity_ + " logs:"));
}

void CacheNode::terminate() {
  if (!launched_) {
    Program::terminate();  // no handler yet
    return;
  }
  if (std::exchange(terminated_, true) || state_ == State::starting) {
    return;  // noticed once it serves, or never
  }
  // Noticed at the next tick of its one-second clock.
  later(core_.pick(milliseconds(10), milliseconds(900)), "notices SIGTERM", [this] { leave(); });
}

void CacheNode::leave() {
  if (frozen_ || state_ == State::leaving) {
    term_pending_ = frozen_;  // SIGTERM waits for SIGCONT
    return;
  }
  state_ = State::leaving;
  const bool connected = session_ != 0 && ensemble_.connected(session_);
  const bool cut_off = session_ != 0 && !connected;
  if (connected) {
    ensemble_.close(std::exchange(session_, 0));
  }
  // Closing waits 3 s for a ZooKeeper that does not answer.
  const Time rest =
      cut_off ? Time(milliseconds(3600)) : core_.pick(milliseconds(10), milliseconds(30));
  later(rest, "ends", [this] { end(0, ""); });
}

void CacheNode::gone() {
  if (session_ != 0) {
    ensemble_.abandon(std::exchange(session_, 0));
  }
}

void CacheNode::freeze(bool frozen) {
  frozen_ = frozen;
  if (session_ != 0) {
    ensemble_.freeze(session_, frozen);
  }
  if (!frozen && std::exchange(term_pending_, false)) {
    leave();
  }
}

void CacheNode::on_connection(bool connected) {
  if (connected) {
    on_gone(path_);  // if it went while we were away, the renewed watch says so
  }
}

void CacheNode::on_expired() {
  session_ = 0;
  later(milliseconds(100), "learns that its session expired",
        [this] { end(75, "session expired"); });
}

void CacheNode::on_gone(const std::string& path) {
  const TreeNode* own = ensemble_.tree().find(path);
  if (session_ == 0 || (own != nullptr && own->owner == session_)) {
    return;
  }
  later(core_.pick(milliseconds(20), milliseconds(100)), "finds its znode deleted", [this] {
    if (session_ == 0 || !ensemble_.connected(session_) || state_ == State::leaving) {
      return;
    }
    machine_.log(machine_.process(pid_)->folder,
                 "My ephemeral znode in cache_list is deleted. Please check and rejoin.");
    ensemble_.close(std::exchange(session_, 0));
    state_ = State::paused;
    core_.effect(fmt::format("node {} pauses", identity_));
  });
}

std::optional<std::string> CacheNode::answer(std::uint16_t /*port*/, const std::string& question) {
  const bool serves = state_ == State::serving || state_ == State::paused;
  if (frozen_ || !serves) {
    return std::nullopt;
  }
  const Process& own = *machine_.process(pid_);
  NodeAdmin::Process process;
  process.pid = pid_;
  process.age = Time(milliseconds((machine_.uptime_ticks() - own.start_ticks) * 10));
  process.open_files = own.open_files;
  process.held_mb = machine_.held_mb[port_];
  process.traffic = machine_.traffic[port_];
  process.shut_down = [this] {
    core_.note(fmt::format("node {} is told to shut down", identity_));
    later(core_.pick(milliseconds(200), milliseconds(300)), "ends its drain", [this] { leave(); });
  };
  process.servers = session_ != 0 ? ensemble_list_ : std::vector<Endpoint>();
  process.go_by = [this](std::vector<Endpoint> servers) {
    ensemble_list_ = std::move(servers);
    ensemble_.go_by(session_, ensemble_list_);
    core_.effect(fmt::format("node {} goes by {}", identity_, text_of(ensemble_list_)));
  };
  const SettingValues before = admin_.settings();
  std::string replies = admin_.answer(question, process);
  if (admin_.settings() != before) {
    core_.effect(fmt::format("node {} is tuned", identity_));
  }
  return replies;
}

}  // namespace arcform::sim

// SPDX-License-Identifier: Apache-2.0
#include "specs/arcus_file.h"

#include <charconv>

#include <fmt/format.h>

#include "model/names.h"
#include "specs/json_tree.h"

namespace arcform {
namespace {

using json::Kind;
using json::Value;

const Value* member(const Value& object, std::string_view key) {
  for (const json::Member& item : object.members) {
    if (item.key == key) {
      return &item.value;
    }
  }
  return nullptr;
}

/// A string, or a number as it is written; nullptr or anything else: nothing.
std::optional<std::string> word(const Value* value) {
  const bool known =
      value != nullptr && (value->kind == Kind::string || value->kind == Kind::number);
  return known ? std::optional(value->text) : std::nullopt;
}

void add_settings(const Value& object, std::map<std::string, std::string>& settings) {
  for (const json::Member& item : object.members) {
    if (const auto text = word(&item.value)) {
      settings[item.key] = *text;
    }
  }
}

class Reader {
 public:
  ArcusResult read(std::string_view text) {
    json::ParseResult parsed = json::parse(text);
    for (const json::Problem& problem : parsed.problems) {
      error(problem.at, problem.path, problem.what, problem.advice);
    }
    if (parsed.root && result_.problems.empty()) {
      read_root(*parsed.root);
    }
    if (result_.problems.empty()) {
      result_.file = std::move(file_);
    }
    return std::move(result_);
  }

 private:
  void error(SourcePosition at, std::string path, std::string what, std::string advice) {
    result_.problems.push_back(
        {at.line, at.column, std::move(path), std::move(what), std::move(advice), false});
  }

  void read_root(const Value& root) {
    if (root.kind != Kind::object) {
      error(root.at, "", "this is no object", "name the file that arcus.sh is given");
      return;
    }
    const auto code = word(member(root, "serviceCode"));
    if (!code || code->empty()) {
      error(root.at, "serviceCode", "there is no service code",
            "name the file that arcus.sh is given");
    } else {
      file_.service_code = *code;
    }
    if (const Value* const config = member(root, "config")) {
      add_settings(*config, global_);
    }
    const Value* const servers = member(root, "servers");
    if (servers == nullptr || servers->kind != Kind::list) {
      error(root.at, "servers", "there is no list of servers",
            "name the file that arcus.sh is given");
      return;
    }
    for (std::size_t i = 0; i < servers->items.size(); ++i) {
      read_server(servers->items[i], json::item_path("servers", i));
    }
  }

  void read_server(const Value& value, const std::string& path) {
    ArcusNode node;
    node.line = value.at.line;
    node.config = global_;
    node.hostname = word(member(value, "hostname")).value_or("");
    node.ip = word(member(value, "ip")).value_or("");
    if (const Value* const config = member(value, "config")) {
      add_settings(*config, node.config);
    }
    if (!parse_ipv4(node.ip)) {
      error(value.at, json::member_path(path, "ip"),
            fmt::format("\"{}\" is no IPv4 address", printable(node.ip, 64)),
            "cache nodes are known by IPv4 address and port");
    }
    if (!Endpoint::parse("0.0.0.0:" + node.config["port"])) {
      error(value.at, json::member_path(path, "config.port"),
            fmt::format("\"{}\" is no port", printable(node.config["port"], 64)),
            "write a number from 1 to 65535");
    }
    file_.nodes.push_back(std::move(node));
  }

  ArcusResult result_;
  ArcusFile file_;
  std::map<std::string, std::string> global_;
};

template <class T>
bool take_number(const std::string& text, T& into) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  const bool good = error == std::errc{} && stop == end && !text.empty();
  into = good ? value : into;
  return good;
}

}  // namespace

ArcusResult read_arcus_file(std::string_view text) {
  return Reader().read(text);
}

std::map<std::string, std::string> read_mapping_config(std::string_view text) {
  std::map<std::string, std::string> settings;
  const json::ParseResult parsed = json::parse(text);
  if (parsed.root && parsed.root->kind == Kind::object) {
    add_settings(*parsed.root, settings);
  }
  return settings;
}

void take_arcus_config(const std::map<std::string, std::string>& settings, NodeConfig& config,
                       std::map<std::string, std::string>& others) {
  for (const auto& [key, value] : settings) {
    const bool taken = key == "memlimit"      ? take_number(value, config.memlimit_mb)
                       : key == "connections" ? take_number(value, config.connections)
                       : key == "threads"     ? take_number(value, config.threads)
                                              : key == "port";
    if (!taken) {
      others[key] = value;
    }
  }
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "model/answers.h"

#include <charconv>

namespace arcform {
namespace {

/// The rest of the line that starts with `label`; nullopt: there is none.
std::optional<std::string_view> line_after(std::string_view text, std::string_view label) {
  std::size_t at = text.find(label);
  while (at != std::string_view::npos && at != 0 && text[at - 1] != '\n') {
    at = text.find(label, at + 1);
  }
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(at + label.size());
  return text.substr(0, text.find_first_of("\r\n"));
}

std::optional<ServerMode> parse_mode(std::string_view text) {
  if (text == "leader") {
    return ServerMode::leader;
  }
  if (text == "follower") {
    return ServerMode::follower;
  }
  if (text == "observer") {
    return ServerMode::observer;
  }
  if (text == "standalone") {
    return ServerMode::standalone;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ServerAnswer> parse_srvr(std::string_view reply) {
  ServerAnswer answer;
  if (reply.find("not currently serving requests") != std::string_view::npos) {
    return answer;
  }
  const auto mode = line_after(reply, "Mode: ");
  const auto version = line_after(reply, "Zookeeper version: ");
  if (!mode || !version || !parse_mode(*mode)) {
    return std::nullopt;
  }
  answer.mode = *parse_mode(*mode);
  answer.version = version->substr(0, version->find_first_of("-,"));
  if (const auto zxid = line_after(reply, "Zxid: ")) {
    answer.zxid = *zxid;
  }
  if (const auto connections = line_after(reply, "Connections: ")) {
    std::from_chars(connections->data(), connections->data() + connections->size(),
                    answer.connections);
  }
  return answer;
}

std::optional<NodeAnswer> parse_version(std::string_view reply) {
  const auto version = line_after(reply, "VERSION ");
  if (!version || version->empty()) {
    return std::nullopt;
  }
  return NodeAnswer{std::string(*version)};
}

std::optional<std::uint32_t> parse_synced_followers(std::string_view reply) {
  const auto text = line_after(reply, "zk_synced_followers\t");
  std::uint32_t count = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), count).ec != std::errc{}) {
    return std::nullopt;
  }
  return count;
}

std::optional<std::uint32_t> parse_stats_pid(std::string_view reply) {
  const auto text = line_after(reply, "STAT pid ");
  std::uint32_t pid = 0;
  if (!text || text->empty() ||
      std::from_chars(text->data(), text->data() + text->size(), pid).ptr !=
          text->data() + text->size()) {
    return std::nullopt;
  }
  return pid;
}

}  // namespace arcform

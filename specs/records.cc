// SPDX-License-Identifier: Apache-2.0
#include "specs/records.h"

#include <algorithm>

#include <fmt/format.h>

#include "specs/fields.h"
#include "specs/record_json.h"

namespace arcform {
namespace {

using record_json::number_of;
using record_json::parse_object;
using record_json::text;
using record_json::text_of;
using record_json::Writer;

void member(Writer& writer, const char* key, const std::string& value) {
  writer.Key(key);
  text(writer, value);
}

/// The array's items; none when there is no such array.
std::vector<const rapidjson::Value*> items_of(const rapidjson::Document& document,
                                              const char* key) {
  std::vector<const rapidjson::Value*> items;
  const auto found = document.FindMember(key);
  if (found != document.MemberEnd() && found->value.IsArray()) {
    for (const auto& item : found->value.GetArray()) {
      items.push_back(&item);
    }
  }
  return items;
}

/// The node of an item that has this number too; nothing: it is no such item.
std::optional<Endpoint> node_of(const rapidjson::Value& item, const char* number) {
  const bool whole = item.IsObject() && item.HasMember("node") && item["node"].IsString() &&
                     item.HasMember(number) && item[number].IsInt64();
  return whole ? Endpoint::parse(item["node"].GetString()) : std::nullopt;
}

}  // namespace

std::string write_lock(const LockRecord& record) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("version");
  writer.Int(1);
  member(writer, "holder", record.holder);
  member(writer, "since", record.since);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<LockRecord> read_lock(std::string_view json) {
  const auto document = parse_object(json);
  if (!document) {
    return std::nullopt;
  }
  return LockRecord{text_of(*document, "holder"), text_of(*document, "since")};
}

std::string write_applied(const AppliedRecord& record) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("version");
  writer.Int(1);
  writer.Key("revision");
  writer.Uint64(record.revision);
  member(writer, "specDigest", record.spec_digest);
  member(writer, "at", record.at);
  member(writer, "by", record.by);
  if (!record.protected_clouds.empty()) {
    writer.Key("protected");
    writer.StartArray();
    for (const std::string& code : record.protected_clouds) {
      text(writer, code);
    }
    writer.EndArray();
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<AppliedRecord> read_applied(std::string_view json) {
  const auto document = parse_object(json);
  if (!document) {
    return std::nullopt;
  }
  AppliedRecord record{number_of(*document, "revision"),
                       text_of(*document, "specDigest"),
                       text_of(*document, "at"),
                       text_of(*document, "by"),
                       {}};
  const auto codes = document->FindMember("protected");
  if (codes != document->MemberEnd() && codes->value.IsArray()) {
    for (const auto& code : codes->value.GetArray()) {
      if (code.IsString()) {
        record.protected_clouds.emplace(code.GetString(), code.GetStringLength());
      }
    }
  }
  return record;
}

std::string write_rollout(const RolloutRecord& record) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("version");
  writer.Int(1);
  member(writer, "specDigest", record.spec_digest);
  writer.Key("ringChangedAt");
  writer.Int64(record.ring_changed_ms);
  writer.Key("changing");
  writer.Bool(record.changing);
  writer.Key("restarted");
  writer.StartArray();
  for (const RolloutRecord::Restarted& item : record.restarted) {
    writer.StartObject();
    member(writer, "node", item.node.text());
    writer.Key("at");
    writer.Int64(item.at_ms);
    if (item.hit_ratio) {
      writer.Key("hitRatio");
      writer.Double(*item.hit_ratio);
    }
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("down");
  writer.StartArray();
  for (const RolloutRecord::Down& item : record.down) {
    writer.StartObject();
    member(writer, "node", item.node.text());
    writer.Key("left");
    writer.Int64(item.left);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<RolloutRecord> read_rollout(std::string_view json) {
  const auto document = parse_object(json);
  if (!document || number_of(*document, "version") != 1) {
    return std::nullopt;
  }
  RolloutRecord record;
  record.spec_digest = text_of(*document, "specDigest");
  record.ring_changed_ms = static_cast<std::int64_t>(number_of(*document, "ringChangedAt"));
  const auto changing = document->FindMember("changing");
  record.changing = changing != document->MemberEnd() && changing->value.IsTrue();
  for (const auto* const item : items_of(*document, "restarted")) {
    const auto node = node_of(*item, "at");
    if (!node) {
      return std::nullopt;
    }
    RolloutRecord::Restarted entry{*node, (*item)["at"].GetInt64()};
    if (item->HasMember("hitRatio") && (*item)["hitRatio"].IsNumber()) {
      entry.hit_ratio = (*item)["hitRatio"].GetDouble();
    }
    record.restarted.push_back(entry);
  }
  for (const auto* const item : items_of(*document, "down")) {
    const auto node = node_of(*item, "left");
    if (!node) {
      return std::nullopt;
    }
    record.down.push_back({*node, (*item)["left"].GetInt64()});
  }
  return record;
}

std::string write_host(const HostRecord& record) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("version");
  writer.Int(1);
  member(writer, "name", record.name);
  member(writer, "address", record.address);
  member(writer, "transport", record.transport);
  member(writer, "user", record.user);
  writer.Key("port");
  writer.Uint(record.port);
  member(writer, "directory", record.directory);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::optional<HostRecord> read_host(std::string_view json) {
  const auto document = parse_object(json);
  if (!document) {
    return std::nullopt;
  }
  const std::uint64_t port = number_of(*document, "port");
  HostRecord record{text_of(*document, "name"),       text_of(*document, "address"),
                    text_of(*document, "transport"),  text_of(*document, "user"),
                    static_cast<std::uint16_t>(port), text_of(*document, "directory")};
  // What we dial comes from a znode that anybody may have written: only what a spec could say.
  if (!is_host_name(record.name) || !is_host_name(record.address) || port == 0 || port > 65535 ||
      !(record.user.empty() || is_user_name(record.user)) ||
      !(record.directory.empty() || is_host_path(record.directory))) {
    return std::nullopt;
  }
  return record;
}

std::string write_cloud(const RegisterCloud& cloud, const std::string& created) {
  constexpr std::size_t kServersMax = 500;
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  member(writer, "serviceCode", cloud.service_code);
  writer.Key("servers");
  writer.StartArray();
  for (std::size_t i = 0; i < std::min(cloud.nodes.size(), kServersMax); ++i) {
    writer.StartObject();
    member(writer, "ip", cloud.nodes[i].ip_text());
    writer.Key("config");
    writer.StartObject();
    member(writer, "port", fmt::to_string(cloud.nodes[i].port));
    writer.EndObject();
    writer.EndObject();
  }
  writer.EndArray();
  member(writer, "created", created);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string write_mapping(const MappedNode& node) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  member(writer, "memlimit", fmt::to_string(node.config.memlimit_mb));
  member(writer, "connections", fmt::to_string(node.config.connections));
  member(writer, "threads", fmt::to_string(node.config.threads));
  member(writer, "port", fmt::to_string(node.node.port));
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "specs/json_out.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "model/names.h"

namespace arcform {
namespace {

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size =
        static_cast<unsigned char>(text.front()) < 0x80 ? 1 : first_character(text).size;
    if (size == 0) {
      return false;
    }
    text.remove_prefix(size);
  }
  return true;
}

std::string as_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t size = first_character(text).size;
    out += size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

rapidjson::SizeType size_of(std::string_view text) {
  return static_cast<rapidjson::SizeType>(text.size());
}

}  // namespace

struct JsonOut::State {
  /// The writers share no virtual functions: `call` takes either.
  template <class Call>
  void with_writer(const Call& call) {
    layout == JsonLayout::indented ? call(pretty) : call(plain);
  }

  JsonLayout layout = JsonLayout::indented;
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> pretty{buffer};
  rapidjson::Writer<rapidjson::StringBuffer> plain{buffer};
};

JsonOut::JsonOut(JsonLayout layout) : state_(std::make_unique<State>()) {
  state_->layout = layout;
  state_->pretty.SetIndent(' ', 2);
  state_->pretty.SetMaxDecimalPlaces(3);
  state_->plain.SetMaxDecimalPlaces(3);
}
JsonOut::~JsonOut() = default;

void JsonOut::begin_object() {
  state_->with_writer([&](auto& writer) { writer.StartObject(); });
}
void JsonOut::end_object() {
  state_->with_writer([&](auto& writer) { writer.EndObject(); });
}
void JsonOut::begin_list() {
  state_->with_writer([&](auto& writer) { writer.StartArray(); });
}
void JsonOut::end_list() {
  state_->with_writer([&](auto& writer) { writer.EndArray(); });
}

void JsonOut::key(std::string_view name) {
  if (!is_utf8(name)) {
    const std::string valid = as_utf8(name);
    state_->with_writer([&](auto& writer) { writer.Key(valid.data(), size_of(valid)); });
    return;
  }
  state_->with_writer([&](auto& writer) { writer.Key(name.data(), size_of(name)); });
}

void JsonOut::text(std::string_view value) {
  if (!is_utf8(value)) {
    const std::string valid = as_utf8(value);
    state_->with_writer([&](auto& writer) { writer.String(valid.data(), size_of(valid)); });
    return;
  }
  // RapidJSON wants a pointer even for nothing.
  state_->with_writer(
      [&](auto& writer) { writer.String(value.empty() ? "" : value.data(), size_of(value)); });
}

void JsonOut::unsigned_number(std::uint64_t value) {
  state_->with_writer([&](auto& writer) { writer.Uint64(value); });
}
void JsonOut::signed_number(std::int64_t value) {
  state_->with_writer([&](auto& writer) { writer.Int64(value); });
}
void JsonOut::decimal(double value) {
  state_->with_writer([&](auto& writer) { writer.Double(value); });
}
void JsonOut::boolean(bool value) {
  state_->with_writer([&](auto& writer) { writer.Bool(value); });
}
void JsonOut::null() {
  state_->with_writer([&](auto& writer) { writer.Null(); });
}

std::string JsonOut::take() && {
  return std::string(state_->buffer.GetString(), state_->buffer.GetSize()) + "\n";
}

}  // namespace arcform

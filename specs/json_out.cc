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
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer{buffer};
};

JsonOut::JsonOut() : state_(std::make_unique<State>()) {
  state_->writer.SetIndent(' ', 2);
}
JsonOut::~JsonOut() = default;

void JsonOut::begin_object() {
  state_->writer.StartObject();
}
void JsonOut::end_object() {
  state_->writer.EndObject();
}
void JsonOut::begin_list() {
  state_->writer.StartArray();
}
void JsonOut::end_list() {
  state_->writer.EndArray();
}

void JsonOut::key(std::string_view name) {
  if (!is_utf8(name)) {
    const std::string valid = as_utf8(name);
    state_->writer.Key(valid.data(), size_of(valid));
    return;
  }
  state_->writer.Key(name.data(), size_of(name));
}

void JsonOut::text(std::string_view value) {
  if (!is_utf8(value)) {
    const std::string valid = as_utf8(value);
    state_->writer.String(valid.data(), size_of(valid));
    return;
  }
  // RapidJSON wants a pointer even for nothing.
  state_->writer.String(value.empty() ? "" : value.data(), size_of(value));
}

void JsonOut::unsigned_number(std::uint64_t value) {
  state_->writer.Uint64(value);
}
void JsonOut::signed_number(std::int64_t value) {
  state_->writer.Int64(value);
}
void JsonOut::boolean(bool value) {
  state_->writer.Bool(value);
}
void JsonOut::null() {
  state_->writer.Null();
}

std::string JsonOut::take() && {
  return std::string(state_->buffer.GetString(), state_->buffer.GetSize()) + "\n";
}

}  // namespace arcform

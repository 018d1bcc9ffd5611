// SPDX-License-Identifier: Apache-2.0
#include "specs/event_record.h"

#include <utility>

#include "specs/json_out.h"

namespace arcform {

std::string write_event(const EventRecord& record) {
  JsonOut out(JsonLayout::one_line);
  const auto text = [&out](const char* key, const std::string& value) {
    if (!value.empty()) {
      out.key(key);
      out.text(value);
    }
  };
  const auto count = [&out](const char* key, std::uint64_t value) {
    if (value > 0) {
      out.key(key);
      out.unsigned_number(value);
    }
  };
  out.begin_object();
  out.key("id");
  out.unsigned_number(record.id);
  text("run", record.run);
  text("deployment", record.deployment);
  text("controller", record.controller);
  text("at", record.at);
  text("severity", record.severity);
  text("event", record.event);
  out.key("round");
  out.unsigned_number(record.round);
  text("action", record.action);
  text("subject", record.subject);
  text("text", record.text);
  if (record.seconds > 0) {
    out.key("seconds");
    out.decimal(record.seconds);
  }
  count("repeats", record.repeats);
  count("dropped", record.dropped);
  out.end_object();
  return std::move(out).take();
}

}  // namespace arcform

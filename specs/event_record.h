// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace arcform {

/// One event of a watching controller as a JSON document. specs/event_schema.json says what each
/// member means; an empty text and a zero are left out, but for `id` and `round`.
struct EventRecord {
  std::uint64_t id = 0;
  std::string run;
  std::string deployment;
  std::string controller;
  std::string at;
  std::string severity;
  std::string event;
  std::uint64_t round = 0;
  std::string action;
  std::string subject;
  std::string text;
  double seconds = 0;
  std::uint64_t repeats = 0;
  std::uint64_t dropped = 0;
};

/// One line with its newline.
std::string write_event(const EventRecord& record);

}  // namespace arcform

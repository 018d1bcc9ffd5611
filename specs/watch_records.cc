// SPDX-License-Identifier: Apache-2.0
#include "specs/watch_records.h"

#include <set>
#include <utility>

#include "model/pause.h"
#include "specs/parts.h"
#include "specs/record_json.h"

namespace arcform {
namespace {

using record_json::parse_object;
using record_json::text;
using record_json::text_of;
using record_json::Writer;
using Member = std::pair<const char*, const std::string*>;

constexpr std::size_t kMark = 8;

/// {"version":1,...}; members without a value are left out.
std::string object_of(const std::vector<Member>& members, const std::vector<std::string>* steps) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("version");
  writer.Int(1);
  for (const auto& [key, value] : members) {
    if (!value->empty()) {
      writer.Key(key);
      text(writer, *value);
    }
  }
  if (steps != nullptr) {
    writer.Key("steps");
    writer.StartArray();
    for (const std::string& step : *steps) {
      text(writer, step);
    }
    writer.EndArray();
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace

std::string write_pause(const Pause& pause) {
  return object_of({{"scope", &pause.scope},
                    {"until", &pause.until},
                    {"reason", &pause.reason},
                    {"by", &pause.by},
                    {"since", &pause.since},
                    {"specDigest", &pause.spec_digest}},
                   nullptr);
}

std::optional<Pause> read_pause(std::string_view json) {
  const auto document = parse_object(json);
  if (!document) {
    return std::nullopt;
  }
  Pause pause{text_of(*document, "scope"),  text_of(*document, "until"),
              text_of(*document, "reason"), text_of(*document, "by"),
              text_of(*document, "since"),  text_of(*document, "specDigest")};
  const bool whole =
      is_pause_scope(pause.scope) && pause.until.empty() != pause.spec_digest.empty();
  return whole ? std::optional(std::move(pause)) : std::nullopt;
}

std::string write_proposal(const Proposal& proposal) {
  return object_of({{"hash", &proposal.hash},
                    {"specDigest", &proposal.spec_digest},
                    {"at", &proposal.at},
                    {"by", &proposal.by},
                    {"marks", &proposal.marks}},
                   &proposal.steps);
}

std::optional<Proposal> read_proposal(std::string_view json) {
  const auto document = parse_object(json);
  if (!document) {
    return std::nullopt;
  }
  Proposal proposal{text_of(*document, "hash"),
                    text_of(*document, "specDigest"),
                    text_of(*document, "at"),
                    text_of(*document, "by"),
                    {},
                    text_of(*document, "marks")};
  const auto steps = document->FindMember("steps");
  if (steps != document->MemberEnd() && steps->value.IsArray()) {
    for (const auto& step : steps->value.GetArray()) {
      if (step.IsString() && proposal.steps.size() < Proposal::kStepsMax) {
        proposal.steps.emplace_back(step.GetString(), step.GetStringLength());
      }
    }
  }
  return proposal.hash.empty() ? std::nullopt : std::optional(std::move(proposal));
}

std::string proposal_hash(const std::string& spec_digest, const std::vector<std::string>& steps) {
  std::string all = spec_digest + "\n";
  for (const std::string& step : steps) {
    all += step + "\n";
  }
  return sha256_hex(all).substr(0, 12);
}

std::string write_approval(const Approval& approval) {
  return object_of({{"hash", &approval.hash},
                    {"specDigest", &approval.spec_digest},
                    {"at", &approval.at},
                    {"by", &approval.by},
                    {"marks", &approval.marks}},
                   nullptr);
}

std::optional<Approval> read_approval(std::string_view json) {
  const auto document = parse_object(json);
  if (!document) {
    return std::nullopt;
  }
  return Approval{text_of(*document, "hash"), text_of(*document, "specDigest"),
                  text_of(*document, "at"), text_of(*document, "by"), text_of(*document, "marks")};
}

std::string step_mark(const std::string& step) {
  return proposal_hash("", {step}).substr(0, kMark);
}

std::string join_marks(const std::string& first, const std::string& second) {
  std::set<std::string> seen;
  std::string out;
  for (const std::string* const marks : {&first, &second}) {
    for (std::size_t at = 0; at + kMark <= marks->size(); at += kMark) {
      const std::string mark = marks->substr(at, kMark);
      if (seen.size() < Approval::kStepsMax && seen.insert(mark).second) {
        out += mark;
      }
    }
  }
  return out;
}

bool Approval::covers(const std::string& step) const {
  const std::string mark = step_mark(step);
  for (std::size_t from = 0; from + kMark <= marks.size(); from += kMark) {
    if (marks.compare(from, kMark, mark) == 0) {
      return true;
    }
  }
  return false;
}

}  // namespace arcform

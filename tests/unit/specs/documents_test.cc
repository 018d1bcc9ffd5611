// SPDX-License-Identifier: Apache-2.0
// Goal: what a document says is what was put in, it satisfies its schema, and a document that is
// not as it was written is refused with the reason.
#include <sstream>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/schema.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "specs/document.h"
#include "specs/observed_file.h"
#include "specs/plan_file.h"
#include "specs/reader.h"
#include "specs/report_file.h"
#include "specs/schema.h"
#include "tests/support/builders.h"
#include "tests/support/golden.h"
#include "tests/support/text_file.h"

namespace arcform {
namespace {

constexpr const char* kSpec = R"({
  "apiVersion": "arcform/v1", "deployment": "seoul-prod", "ssh": { "user": "arcus" },
  "hosts": [ { "name": "cache[001-003].arcus", "address": "10.0.0.[1-3]" } ],
  "packages": { "arcus": { "installed": "/opt/arcus" },
                "zookeeper": { "installed": "/usr/share/zookeeper" } },
  "ensemble": { "package": "zookeeper", "dataDirectory": "/var/lib/zookeeper",
                "servers": ["cache001.arcus", "cache002.arcus", "cache003.arcus"] },
  "clouds": [ { "serviceCode": "test-cloud", "package": "arcus",
                "nodes": [ { "host": "cache[001-003].arcus", "count": 2, "port": 11211 } ] } ]
}
)";

DesiredState spec() {
  return *read_spec(kSpec, "spec.json").desired;
}

SavedPlan saved_plan(const ObservedState& observed) {
  const Policy policy{{"old"}};
  return make_saved(kSpec, spec(), observed, plan(spec(), observed, policy), policy);
}

ObservedState troubled() {
  ObservedState observed = ideal(spec(), 2);
  kill_node(observed, "cache001.arcus", at("10.0.0.1:11211"), true);
  pause_node(observed, at("10.0.0.2:11211"));
  lose_host(observed, spec(), "cache003.arcus");
  cloud_in(observed, "test-cloud")
      .joined.insert(cloud_in(observed, "test-cloud").joined.begin(),
                     {"evil\x1b[2J", std::nullopt, -7, 3});
  return observed;
}

/// Empty, or where a document breaks its schema.
std::string violation(const std::string& schema_text, const std::string& text) {
  rapidjson::Document schema;
  schema.Parse(schema_text.data(), schema_text.size());
  REQUIRE(!schema.HasParseError());
  const rapidjson::SchemaDocument compiled(schema);
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  REQUIRE(!document.HasParseError());
  rapidjson::SchemaValidator validator(compiled);
  if (document.Accept(validator)) {
    return "";
  }
  rapidjson::StringBuffer where;
  validator.GetInvalidDocumentPointer().StringifyUriFragment(where);
  return fmt::format("{} at {}", validator.GetInvalidSchemaKeyword(), where.GetString());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string refusal(const std::string& text) {
  const Result<SavedPlan> read = read_plan(text, "x.plan");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == ErrorCode::invalid_argument);
  return read.error().message;
}

template <class... Kinds>
std::vector<Action> one_of_each(const std::variant<Kinds...>& /*any*/) {
  return {Action(Kinds{})...};
}

RunningProcess running(std::string_view program) {
  RunningProcess process;
  process.identity = {SharedText("boot"), 7, 8};
  process.argv = {program};
  return process;
}

}  // namespace

TEST_CASE("a plan is read as it was written") {
  for (const ObservedState& observed : {bare(spec()), troubled(), ideal(spec())}) {
    const SavedPlan saved = saved_plan(observed);
    const std::string text = write_plan(saved);
    CHECK(text == write_plan(saved));
    const Result<SavedPlan> read = read_plan(text, "x.plan");
    INFO((read ? "" : read.error().message));
    REQUIRE(read.has_value());
    CHECK(read->plan == saved.plan);
    CHECK(read->facts == saved.facts);
    CHECK(read->desired == saved.desired);
    CHECK(read->policy == saved.policy);
    CHECK(read->spec_text == saved.spec_text);
    CHECK(write_plan(*read) == text);
    CHECK(violation(plan_schema(), text) == "");
  }
}

TEST_CASE("every kind of action is written and read") {
  SavedPlan saved;
  saved.spec_text = kSpec;
  saved.desired = spec();
  saved.plan.launches.resize(1);
  for (Action& action : one_of_each(Action())) {
    std::visit(
        [](auto& kind) {
          if constexpr (requires { kind.node; }) {
            kind.node = at("10.0.0.1:11211");
          }
          if constexpr (requires { kind.start->node; }) {
            kind.stop = StopNode{};
            kind.start = StartNode{};
            kind.stop->node = at("10.0.0.1:11211");
            kind.start->node = at("10.0.0.1:11211");
          }
        },
        action);
    if (auto* const change = std::get_if<ReconfigureEnsemble>(&action)) {
      change->before = std::map<int, std::string>{{1, "10.0.0.1:2888:3888"}};
      change->after = std::map<int, std::string>{};
    }
    if (auto* const retire = std::get_if<RetireServer>(&action)) {
      retire->stop = StopServer{};
    }
    if (auto* const server = std::get_if<AdoptServer>(&action)) {
      server->running = running("java");
    }
    if (auto* const node = std::get_if<AdoptNode>(&action)) {
      node->running = running("memcached");
    }
    if (auto* const unmap = std::get_if<UnmapNodes>(&action)) {
      unmap->nodes = {at("10.0.0.1:11211")};
    }
    if (auto* const server = std::get_if<RestartServer>(&action)) {
      server->stop = StopServer{};
      server->start = StartServer{};
    }
    if (auto* const start = std::get_if<StartNode>(&action)) {
      start->stale = ObservedJoin{"10.0.0.1:1-x", at("10.0.0.1:1"), -2, 9};
      start->dead = ProcessIdentity{"boot", 7, 8};
    }
    Step step;
    step.action = action;
    saved.plan.steps.push_back(step);
  }
  saved.facts.of_steps.resize(saved.plan.steps.size());
  const std::string text = write_plan(saved);
  const Result<SavedPlan> read = read_plan(text, "x.plan");
  INFO((read ? "" : read.error().message));
  REQUIRE(read.has_value());
  CHECK(read->plan == saved.plan);
  CHECK(violation(plan_schema(), text) == "");
}

TEST_CASE("the documents of a plan, a status and diagnostics") {
  CHECK(compare_golden("specs/plan.json", write_plan(saved_plan(troubled()))) == "");
  CHECK(compare_golden("specs/status.json", write_status(status_report(spec(), troubled()))) == "");
  const SpecResult bad = read_spec(R"({"apiVersion": "arcform/v2", "hots": []})", "s.json");
  CHECK(compare_golden("specs/diagnostics.json",
                       write_diagnostics("s.json", false, bad.diagnostics)) == "");
}

TEST_CASE("statuses and diagnostics satisfy their schemas") {
  for (const ObservedState& observed : {bare(spec()), troubled(), ideal(spec())}) {
    CHECK(violation(status_schema(), write_status(status_report(spec(), observed))) == "");
    const StatusReport report = status_report(spec(), observed);
    CHECK(violation(status_schema(), write_watched(report, WatchReport{})) == "");
  }
  const SpecResult bad = read_spec("{}", "s.json");
  CHECK(violation(diagnostics_schema(), write_diagnostics("s", false, bad.diagnostics)) == "");
  CHECK(violation(status_schema(), R"({"format": 7})") != "");
}

TEST_CASE("every line of a watching controller's log satisfies the schema of events") {
  const std::string schema(event_schema());
  std::istringstream lines(content_of(ARCFORM_SOURCE_DIRECTORY "/tests/golden/watch/log.jsonl"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    CAPTURE(line);
    CHECK(violation(schema, line) == "");
  }
  CHECK(count == 18);
  CHECK(violation(schema, R"({"id": 1, "event": "alarm"})") != "");
}

TEST_CASE("the schemas are as they were reviewed") {
  CHECK(compare_golden("specs/plan.schema.json", plan_schema()) == "");
  CHECK(compare_golden("specs/observation.schema.json", observation_schema()) == "");
  CHECK(compare_golden("specs/status.schema.json", status_schema()) == "");
  CHECK(compare_golden("specs/diagnostics.schema.json", diagnostics_schema()) == "");
}

TEST_CASE("an observation is read as it was written") {
  for (const ObservedState& observed : {bare(spec()), troubled(), ideal(spec())}) {
    const SavedObservation saved{
        "seoul-prod", {"2026-01-31T10:00:00Z", "ann@ops1 pid 4711"}, asked_by(spec()), observed};
    const std::string text = write_observation(saved);
    const Result<SavedObservation> read = read_observation(text, "seen.json");
    INFO((read ? "" : read.error().message));
    REQUIRE(read.has_value());
    CHECK(*read == saved);
    CHECK(violation(observation_schema(), text) == "");
  }
}

TEST_CASE("a plan that was cut off, edited or is of another version is refused") {
  const std::string text = write_plan(saved_plan(troubled()));
  CHECK(refusal(text.substr(0, text.size() / 2)).find("cut off or was edited") !=
        std::string::npos);
  CHECK(
      refusal(replaced(text, "\"repair\": true", "\"repair\": false")).find("was changed after") !=
      std::string::npos);
  CHECK(refusal(replaced(text, "\"version\": 1", "\"version\": 2"))
            .find("is version 2 of arcform/plan, and this arcform knows version 1") !=
        std::string::npos);
  CHECK(refusal(replaced(text, "arcform/plan", "arcform/observation"))
            .find("no document of the format arcform/plan but arcform/observation") !=
        std::string::npos);
  CHECK(refusal(replaced(text, "\"startNode\"", "\"explode\""))
            .find("steps[0].action.kind: is an action that this arcform does not know") !=
        std::string::npos);
  CHECK(refusal(replaced(text, "\"repair\": true", "\"repair\": 1")).find("is not true or false") !=
        std::string::npos);
}

TEST_CASE("another digest in a plan does not stand for the plan's own") {
  const std::string text = write_plan(saved_plan(troubled()));
  const std::string own = text.substr(text.find("\"digest\": \""), 76);
  const std::size_t later = text.find("\"digest\": \"", text.find(own) + own.size());
  REQUIRE(later != std::string::npos);
  CHECK(refusal(replaced(text, own, text.substr(later, 76))).find("was changed after") !=
        std::string::npos);
}

TEST_CASE("any single byte that is changed in a plan is noticed, or changes nothing") {
  const SavedPlan saved = saved_plan(troubled());
  const std::string text = write_plan(saved);
  for (std::size_t i = 0; i < text.size(); i += 37) {
    std::string edited = text;
    edited[i] = edited[i] == '1' ? '2' : '1';
    const Result<SavedPlan> read = read_plan(edited, "x.plan");
    INFO(i << ": " << text.substr(i, 20));
    CHECK((!read || write_plan(*read) == text));
  }
}

TEST_CASE("a plan that was only laid out anew is the same plan") {
  const std::string text = write_plan(saved_plan(troubled()));
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  rapidjson::StringBuffer packed;
  rapidjson::Writer<rapidjson::StringBuffer> writer(packed);
  document.Accept(writer);
  const std::string again(packed.GetString(), packed.GetSize());
  CHECK(is_document(again));
  CHECK(read_plan(again, "x.plan").has_value());
}

TEST_CASE("documents are told from specs by their beginning") {
  CHECK(is_document("{\n  \"format\": \"arcform/plan\", "));
  CHECK_FALSE(is_document(kSpec));
  CHECK_FALSE(is_document(""));
  CHECK_FALSE(is_document("\"format\": \"arcform/plan\""));
}

TEST_CASE("bytes that are no text do not make a document that is none") {
  ObservedState observed = ideal(spec());
  host_in(observed, "cache001.arcus").processes.push_back({99'999, 1, "\xff\xfe", {"a\xc3"}});
  const std::string text = write_observation({"seoul-prod", {}, asked_by(spec()), observed});
  const Result<SavedObservation> read = read_observation(text, "seen.json");
  REQUIRE(read.has_value());
  CHECK(read->state.host("cache001.arcus")->processes.back().comm == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace arcform

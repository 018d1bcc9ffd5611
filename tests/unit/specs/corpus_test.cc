// SPDX-License-Identifier: Apache-2.0
// Goal: the JSON Schema and the reader agree. Method: every file of corpus/ goes through both; the
// beginning of its name says what must happen. accept: both take it. reject: neither does. cross:
// only the reader refuses it, as no schema can say the rule
// (or draft 4 cannot, which is what RapidJSON knows: "propertyNames").
#include <algorithm>
#include <filesystem>
#include <vector>

#include <catch2/catch.hpp>
#include <rapidjson/document.h>
#include <rapidjson/schema.h>

#include "specs/schema.h"
#include "tests/support/text_file.h"
#include "tests/unit/specs/spec_text.h"

namespace arcform {
namespace {

constexpr unsigned kFlags = rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag;

std::vector<std::filesystem::path> corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::string(ARCFORM_SOURCE_DIRECTORY) + "/tests/unit/specs/corpus")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool schema_accepts(const std::string& text) {
  rapidjson::Document schema;
  schema.Parse(spec_schema().data(), spec_schema().size());
  REQUIRE(!schema.HasParseError());
  const rapidjson::SchemaDocument compiled(schema);
  rapidjson::Document spec;
  spec.Parse<kFlags>(text.data(), text.size());
  REQUIRE(!spec.HasParseError());
  rapidjson::SchemaValidator validator(compiled);
  return spec.Accept(validator);
}

bool reader_accepts(const std::string& text) {
  return read_spec(text, "s").desired.has_value();
}

}  // namespace

TEST_CASE("schema and reader accept and reject the same specs") {
  std::map<std::string, int> counts;
  for (const auto& file : corpus()) {
    const std::string name = file.filename().string();
    const std::string kind = name.substr(0, name.find('-'));
    const std::string text = content_of(file.string());
    INFO(name << "\n" << said_about(text));
    CHECK(schema_accepts(text) == (kind != "reject"));
    CHECK(reader_accepts(text) == (kind == "accept"));
    ++counts[kind];
  }
  CHECK(counts["accept"] >= 10);
  CHECK(counts["reject"] >= 40);
  CHECK(counts["cross"] >= 15);
  CHECK(counts.size() == 3);
}

TEST_CASE("the examples satisfy the schema") {
  CHECK(schema_accepts(
      content_of(std::string(ARCFORM_SOURCE_DIRECTORY) + "/examples/three-hosts.json")));
}

TEST_CASE("the schema in the binary is the file") {
  CHECK(spec_schema() == content_of(std::string(ARCFORM_SOURCE_DIRECTORY) + "/specs/schema.json"));
}

}  // namespace arcform

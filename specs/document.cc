// SPDX-License-Identifier: Apache-2.0
#include "specs/document.h"

#include <algorithm>

namespace arcform {
namespace {

/// Documents hold whole observations: far more than a person writes.
constexpr std::size_t kDocumentMax = 1'000'000'000;

Error bad(std::string_view file_name, SourcePosition at, const std::string& what) {
  return {ErrorCode::invalid_argument,
          fmt::format("{}:{}:{}: {}", printable(file_name), at.line, at.column, what)};
}

}  // namespace

bool is_document(std::string_view text) {
  constexpr std::size_t kHead = 400;
  std::string packed(text.substr(0, kHead));
  std::erase_if(packed, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  return packed.starts_with('{') && packed.find("\"format\":\"arcform/") != std::string::npos;
}

Result<json::Value> parse_document(std::string_view text, std::string_view file_name,
                                   std::string_view format, std::uint32_t version) {
  json::ParseResult parsed = json::parse(text, kDocumentMax);
  if (!parsed.root || !parsed.problems.empty()) {
    const json::Problem& problem = parsed.problems.front();
    return bad(file_name, problem.at,
               problem.what + "; the file is cut off or was edited, make it anew");
  }
  DocumentHead head;
  Trouble trouble;
  FieldReader reader(*parsed.root, trouble);
  reader("format", head.format);
  if (trouble || head.format != format) {
    return bad(file_name, parsed.root->at,
               fmt::format("is no document of the format {}{}", format,
                           head.format.empty() ? "" : " but " + printable(head.format, 64)));
  }
  reader("version", head.version);
  if (trouble || head.version != version) {
    return bad(file_name, parsed.root->at,
               fmt::format("is version {} of {}, and this arcform knows version {}; make it with "
                           "the arcform that reads it",
                           trouble ? "?" : fmt::to_string(head.version), format, version));
  }
  return std::move(*parsed.root);
}

}  // namespace arcform

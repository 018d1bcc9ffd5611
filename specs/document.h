// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "model/result.h"
#include "specs/json_shape.h"
#include "specs/parts.h"

/// What all documents of ours share: they begin with "format", "version" and "digest". The digest
/// is the SHA-256 of the document as it is written with an empty digest, so that one that was cut
/// off or edited is told, and one that was only laid out anew is not.
namespace arcform {

/// The beginning of a document.
struct DocumentHead {
  std::string format;
  std::uint32_t version = 1;
  std::string digest;
};

template <class A, Same<DocumentHead> T>
void fields_of_head(A& archive, T& head) {
  auto& [format, version, digest] = head;
  archive("format", format, "what this document is");
  archive("version", version, "of the format; another number is another format");
  archive("digest", digest, "SHA-256 of the document as written with an empty digest");
}

/// The text of a document that has its digest already.
template <class Document>
std::string text_of_document(const Document& document) {
  JsonOut out;
  write_value(out, document);
  return std::move(out).take();
}

template <class Document>
std::string digest_of_document(Document document) {
  document.head.digest.clear();
  return sha256_hex(text_of_document(document));
}

/// `Document` has a member `head`.
template <class Document>
std::string write_document(Document document) {
  document.head.digest = digest_of_document(document);
  return text_of_document(document);
}

/// True for a text that says it is one of our documents ("format": "arcform/..."), whole or not.
bool is_document(std::string_view text);

/// The root of a document of this format and version, or what is wrong.
Result<json::Value> parse_document(std::string_view text, std::string_view file_name,
                                   std::string_view format, std::uint32_t version);

/// Reads a document; `document.head` says which format and version it must be.
template <class Document>
Result<void> read_document(std::string_view text, std::string_view file_name, Document& document) {
  const DocumentHead wanted = document.head;
  const Result<json::Value> root = parse_document(text, file_name, wanted.format, wanted.version);
  if (!root) {
    return root.error();
  }
  Trouble trouble;
  read_value(*root, document, trouble);
  if (trouble) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}:{}:{}: {}: {}; make the file anew", printable(file_name),
                             trouble->at.line, trouble->at.column, trouble->path, trouble->what)};
  }
  if (digest_of_document(document) != document.head.digest) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("{}: was changed after it was written, or another version of arcform "
                             "wrote it (its digest "
                             "does not fit); make it anew",
                             printable(file_name))};
  }
  return {};
}

}  // namespace arcform

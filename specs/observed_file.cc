// SPDX-License-Identifier: Apache-2.0
#include "specs/observed_file.h"

#include "specs/document.h"
#include "specs/observed_fields.h"

namespace arcform {

template <class A, Same<AskedHost> T>
void fields(A& archive, T& value) {
  auto& [address, data_directory] = value;
  archive("address", address);
  archive("dataDirectory", data_directory, "empty: not asked");
}

template <class A, Same<Asked> T>
void fields(A& archive, T& value) {
  auto& [hosts, prefixes, connect_string] = value;
  archive("hosts", hosts, "by name");
  archive("prefixes", prefixes, "of packages");
  archive("connectString", connect_string);
}

namespace {

struct ObservationDocument {
  DocumentHead head{"arcform/observation", 1, ""};
  SavedObservation saved;
};

template <class A, Same<ObservationDocument> T>
void fields(A& archive, T& value) {
  auto& [head, saved] = value;
  auto& [deployment, seen, asked, state] = saved;
  fields_of_head(archive, head);
  archive("deployment", deployment);
  archive("observed", seen);
  archive("asked", asked, "by the spec of the observation: all else is unknown");
  archive("state", state);
}

}  // namespace

std::string write_observation(const SavedObservation& saved) {
  ObservationDocument document;
  document.saved = saved;
  return write_document(std::move(document));
}

Result<SavedObservation> read_observation(std::string_view text, std::string_view file_name) {
  ObservationDocument document;
  if (const Result<void> read = read_document(text, file_name, document); !read) {
    return read.error();
  }
  return std::move(document.saved);
}

std::string observation_schema() {
  return schema_of<ObservationDocument>(
      "arcform observation, version 1",
      "What `arcform observe` writes and `arcform plan --from FILE` reads.");
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "specs/report_file.h"

#include "specs/json_shape.h"
#include "specs/shared_fields.h"
#include "specs/watch_fields.h"

namespace arcform {

static const char* json_name(Verdict verdict) {
  return verdict <= Verdict::unknown ? name_of(verdict) : nullptr;
}

static const char* json_name(Known known) {
  switch (known) {
    case Known::yes:
      return "yes";
    case Known::no:
      return "no";
    case Known::unknown:
      return "unknown";
  }
  return nullptr;
}

template <class A, Same<ServerStatus> T>
void fields(A& archive, T& value) {
  auto& [id, host, address, pid, mode, version, connections, adopted] = value;
  archive("id", id);
  archive("host", host);
  archive("address", address);
  archive("pid", pid, "null: no process of ours, or unknown");
  archive("mode", mode, "leader, follower, observer, standalone, not serving, down or unknown");
  archive("version", version);
  archive("connections", connections);
  archive("adopted", adopted, "false: somebody else started it, and the next apply takes it over");
}

template <class A, Same<NodeStatus> T>
void fields(A& archive, T& value) {
  auto& [node, host, verdict, why, in_spec, pid, answers, version, joined, config, adopted] = value;
  archive("address", node);
  archive("host", host, "empty: nobody knows");
  archive("verdict", verdict);
  archive("why", why);
  archive("inSpec", in_spec);
  archive("pid", pid, "null: no process of ours, or unknown");
  archive("answers", answers);
  archive("version", version);
  archive("joined", joined);
  archive("config", config, "what it was started with; null: it does not run, or unknown");
  archive("adopted", adopted, "false: somebody else started it, and it is as the spec says");
}

template <class A, Same<CloudStatus> T>
void fields(A& archive, T& value) {
  auto& [service_code, in_spec, registered, claimed, clients, nodes_wanted, nodes_up, nodes,
         foreign_children] = value;
  archive("serviceCode", service_code);
  archive("inSpec", in_spec);
  archive("registered", registered);
  archive("claimed", claimed, "by this deployment");
  archive("clients", clients);
  archive("nodesWanted", nodes_wanted, "in the spec");
  archive("nodesUp", nodes_up, "of those");
  archive("nodes", nodes);
  archive("foreignChildren", foreign_children, "of its cache_list");
}

template <class A, Same<Unobserved> T>
void fields(A& archive, T& value) {
  auto& [subject, why] = value;
  archive("subject", subject);
  archive("why", why);
}

template <class A, Same<StatusReport> T>
void fields(A& archive, T& value) {
  auto& [deployment, spec, verdict, converged, external, servers, clouds, other_clouds, unobserved,
         revision, applied_at, applied_by, lock_holder] = value;
  archive("deployment", deployment);
  archive("spec", spec, "its file name");
  archive("verdict", verdict, "in words");
  archive("converged", converged, "observed equals desired");
  archive("external", external, "connect string; empty: the ensemble is ours");
  archive("servers", servers);
  archive("clouds", clouds, "of the spec and of the deployment");
  archive("otherClouds", other_clouds, "registered by others");
  archive("unobserved", unobserved);
  archive("revision", revision, "the last applied one; 0: none, or unknown");
  archive("appliedAt", applied_at);
  archive("appliedBy", applied_by);
  archive("lockHolder", lock_holder, "empty: nobody");
}

template <class A, Same<Diagnostic> T>
void fields(A& archive, T& value) {
  auto& [line, column, path, what, advice, warning] = value;
  archive("line", line, "from 1");
  archive("column", column, "from 1");
  archive("path", path, "empty: the file as a whole");
  archive("what", what);
  archive("advice", advice, "what to do");
  archive("warning", warning, "false: an error");
}

namespace {

struct StatusDocument {
  std::string format = "arcform/status";
  std::uint32_t version = 1;
  StatusReport report;
};

template <class A, Same<StatusDocument> T>
void fields(A& archive, T& value) {
  auto& [format, version, report] = value;
  archive("format", format);
  archive("version", version);
  fields(archive, report);
}

struct WatchedDocument {
  StatusDocument status;
  WatchReport watch;
};

template <class A, Same<WatchedDocument> T>
void fields(A& archive, T& value) {
  auto& [status, watch] = value;
  fields(archive, status);
  archive("watch", watch);
}

struct HistoryDocument {
  std::vector<LoadHistory> nodes;
};

template <class A, Same<HistoryDocument> T>
void fields(A& archive, T& value) {
  auto& [nodes] = value;
  archive("nodes", nodes);
}

struct DiagnosticsDocument {
  std::string format = "arcform/diagnostics";
  std::uint32_t version = 1;
  std::string file;
  bool valid = false;
  std::vector<Diagnostic> diagnostics;
};

template <class A, Same<DiagnosticsDocument> T>
void fields(A& archive, T& value) {
  auto& [format, version, file, valid, diagnostics] = value;
  archive("format", format);
  archive("version", version);
  archive("file", file);
  archive("valid", valid, "no error among the diagnostics");
  archive("diagnostics", diagnostics, "in the order of the file");
}

template <class Document>
std::string written(const Document& document, JsonLayout layout = JsonLayout::indented) {
  JsonOut out(layout);
  write_value(out, document);
  return std::move(out).take();
}

}  // namespace

std::string write_status(const StatusReport& report) {
  StatusDocument document;
  document.report = report;
  return written(document);
}

std::string status_schema() {
  return schema_of<StatusDocument>("arcform status, version 1",
                                   "What `arcform status --format json` prints.");
}

std::string write_watched(const StatusReport& report, const WatchReport& watch, JsonLayout layout) {
  WatchedDocument document;
  document.status.report = report;
  document.watch = watch;
  return written(document, layout);
}

std::string write_history(const std::vector<LoadHistory>& nodes) {
  HistoryDocument document;
  document.nodes = nodes;
  return written(document);
}

std::string write_diagnostics(std::string_view file, bool valid,
                              const std::vector<Diagnostic>& diagnostics) {
  DiagnosticsDocument document;
  document.file = file;
  document.valid = valid;
  document.diagnostics = diagnostics;
  return written(document);
}

std::string diagnostics_schema() {
  return schema_of<DiagnosticsDocument>("arcform diagnostics, version 1",
                                        "What `arcform validate --format json` prints.");
}

}  // namespace arcform

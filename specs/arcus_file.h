// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "specs/reader.h"

/// Arcus' own configuration file, as arcus.sh is given it (naver/arcus scripts/conf/test.json) and
/// as it keeps it in cache_list/<svc> and the mappings.
namespace arcform {

/// One cache node of the file.
struct ArcusNode {
  std::string hostname;
  std::string ip;
  /// The global "config" and over it the node's own; values as text, whatever their type.
  std::map<std::string, std::string> config;
  int line = 0;
};

struct ArcusFile {
  std::string service_code;
  std::vector<ArcusNode> nodes;  ///< in the order of the file
};

/// The file, or what keeps it from being one. Keys that nobody knows are left out silently:
/// arcus.sh adds its own ("created", "modified").
struct ArcusResult {
  std::optional<ArcusFile> file;  ///< only when there is no error
  std::vector<Diagnostic> problems;
};
ArcusResult read_arcus_file(std::string_view text);

/// The data of a mapping key: a flat object of settings; empty: something else.
std::map<std::string, std::string> read_mapping_config(std::string_view text);

/// What a node's settings say in our words. Settings that are missing or are no numbers keep what
/// `config` has; keys without a counterpart go to `others`.
void take_arcus_config(const std::map<std::string, std::string>& settings, NodeConfig& config,
                       std::map<std::string, std::string>& others);

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/action.h"

namespace arcform {

/// The start line of a cache node: the one arcus.sh uses (naver/arcus scripts/fabfile.py,
/// mc_start_server) with `-o` added, and without `-d` and `-v`, so that the process keeps its pid
/// and writes nothing but warnings.
std::vector<std::string> node_arguments(const Launch& launch, Endpoint node,
                                        const NodeConfig& config);

/// What the identity file of a node says about its start line: program, and everything that a spec
/// may set. Equal digests mean equal arguments, so the command line need not be read again.
std::string node_digest(const std::string& prefix, const NodeConfig& config);

/// What a running node's command line says, as far as a spec may set it.
struct ParsedNodeArguments {
  std::string program;  ///< argv[0]
  std::uint16_t port = 11211;
  NodeConfig config;
  std::string connect_string;
};

/// Reads a command line by getopt's rules: values attached ("-m100") or apart ("-m", "100"), flags
/// clustered, the last of a repeated option wins. nullopt: not a cache node's command line.
std::optional<ParsedNodeArguments> parse_node_arguments(const Argv& argv);

}  // namespace arcform

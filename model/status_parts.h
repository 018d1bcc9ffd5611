// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"
#include "model/render_text.h"
#include "model/unadopted.h"

/// What the forms of a status share. Only model/ uses it.
namespace arcform {

/// One line of a cloud's table: a node of the spec, or one that only a mapping or a znode names.
struct NodeLine {
  Endpoint node;
  std::string host;                     ///< empty: nobody knows
  const DesiredNode* wanted = nullptr;  ///< nullptr: not in the spec
};

/// The nodes that are mapped to each service code.
using MappedToCloud = std::map<std::string, std::vector<Endpoint>>;
MappedToCloud mapped_nodes(const ObservedState& observed);

/// The lines of one cloud, by address.
std::vector<NodeLine> node_lines(const std::string& code, const DesiredState& desired,
                                 const ObservedState& observed, const MappedToCloud& mapped);

/// The lines as a table. `observed`: the world with what is not adopted yet as ours. On a narrow
/// terminal the reasons stand below the lines, and only where there is something to say.
std::string node_table(const std::vector<NodeLine>& lines, const std::string& code,
                       const DesiredState& desired, const ObservedState& observed,
                       const Unadopted& unadopted, const RenderOptions& options);

/// Whether an ephemeral znode of the node stands in the cloud.
bool has_joined(const ObservedCloud& cloud, Endpoint node);

}  // namespace arcform

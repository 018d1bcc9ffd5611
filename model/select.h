// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/desired.h"
#include "model/observed.h"
#include "model/plan.h"
#include "model/result.h"

/// Narrowing a plan to some clouds, hosts and nodes.
namespace arcform {

/// "cloud:NAME", "host:NAME" or "node:ADDRESS" (ip:port, or host:port with a host of the spec).
/// Error: invalid_argument.
Result<Selector> parse_selector(std::string_view text);
/// The text that parse_selector reads.
std::string text_of(const Selector& selector);

/// Everything that a selector may name, in order: the spec's clouds, hosts and nodes, and what the
/// tree still has of ours. Without an observation: what the spec names.
std::vector<std::string> selectable(const DesiredState& desired, const ObservedState& observed);

/// How many of `nodes`, which leave the cloud `code`, one of the selectors names; all of them when
/// there is no selector. Pure.
std::size_t count_selected(const std::vector<Endpoint>& nodes, const std::string& code,
                           const DesiredState& desired, const ObservedState& observed,
                           const std::vector<Selector>& only);

/// Error invalid_argument: it names nothing that is known, with what was probably meant.
Result<void> check_selector(const Selector& selector, const DesiredState& desired,
                            const ObservedState& observed);
/// The same of each of an --only.
Result<void> check_selectors(const std::vector<Selector>& only, const DesiredState& desired,
                             const ObservedState& observed);

/// The plan's steps that change what one of the selectors names, and the preparation that they
/// cannot do without: servers started and agreed, tree, registration, mapping. A step that must
/// come after others that are left out (a cloud is unregistered when all of its nodes are gone) is
/// left out too; steps that only keep an order with what is left out are not. Mappings are written
/// and removed for the selected nodes only. What is held stays when it is about the selection or
/// about everything. Plan::hidden counts the rest. Steps keep their order. Pure.
Plan select(Plan plan, const DesiredState& desired, const ObservedState& observed,
            const std::vector<Selector>& only);

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace arcform {

enum class CompletionShell { bash, zsh, fish };

/// "bash", "zsh", "fish"
std::optional<CompletionShell> shell_named(std::string_view name);

/// A script that completes arcform's commands, options and their values, made from the command line
/// itself. Names for --only come from the spec on the line (or arcform.json) when the key is
/// pressed, through `arcform completion names SPEC`.
std::string completion_script(CompletionShell shell);

}  // namespace arcform

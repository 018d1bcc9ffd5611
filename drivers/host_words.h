// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// What may stand in a script for a host, checked before it is written.
namespace arcform {

/// "[a-z]+-[0-9]+": one path component that no shell or tool can take for anything else.
bool is_slot(std::string_view text);
/// One word of the identity file.
bool is_word(std::string_view text);
/// No newline, no "." or ".." in it, no slash at its end.
bool is_clean_path(std::string_view path);
bool is_absolute(std::string_view path);

}  // namespace arcform

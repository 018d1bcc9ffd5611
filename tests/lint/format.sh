#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every C++ file is as clang-format leaves it.
#   format.sh FOLDER CLANG-FORMAT
set -eu
cd "$1"
find model specs drivers controller examples tests \( -name '*.h' -o -name '*.cc' \) -exec \
  "$2" --dry-run -Werror {} +

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each header of the pure layers can be included on its own.
#   headers.sh FOLDER COMPILER
set -eu
cd "$1"
printf "%s\n" model/*.h specs/*.h |
  xargs -P "$(nproc)" -I "{}" "$2" -std=c++20 -fsyntax-only -I. -include "{}" -x c++ /dev/null

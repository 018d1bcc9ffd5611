#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each header of the pure layers can be included on its own.
#   headers.sh FOLDER COMPILER
set -eu
cd "$1"
failed=0
for header in model/*.h specs/*.h; do
  "$2" -std=c++20 -fsyntax-only -I. -include "$header" -x c++ /dev/null || failed=1
done
exit $failed

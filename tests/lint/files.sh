#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file names its licence and keeps its budget: 400 lines (tests 500), 70 lines per
# function; documents 120, 60 or 40 lines.
#   files.sh FOLDER
set -eu
cd "$1"
found=$(mktemp)
trap 'rm -f "$found"' EXIT

sources() {
  find model specs drivers controller examples tests .ci CMakeLists.txt \( -name '*.h' -o \
    -name '*.cc' -o -name '*.sh' -o -name '*.cmake' -o -name CMakeLists.txt -o -path .ci/run \
    -o -path 'tests/lab/*' \) -type f ! -name '*.md' | sort
}

sources | while read -r file; do
  budget=400
  case $file in tests/*) budget=500 ;; esac
  awk -v file="$file" -v budget=$budget -v functions=70 '
    function too_long(from, labels) {
      length_here = NR - from + 1 - labels
      if (code && length_here > functions)
        printf "%s:%d: a function of %d lines, the budget is %d\n", file, from, length_here,
          functions
    }
    BEGIN { code = file ~ /\.(h|cc)$/ }
    NR <= 2 && /^(\/\/|#) SPDX-License-Identifier: Apache-2.0$/ { licensed = NR }
    NR == 1 { script = /^#!/ }
    # A function ends with a brace alone, as deep as it begins: in a namespace or in a class. The
    # labels of a total switch do not count.
    /^ +case .*:$/ { ++labels }
    /^}$/ { too_long(outer, labels) }
    /^  }$/ { too_long(inner, labels) }
    /^[^ }#\/]/ { outer = NR; labels = 0 }
    /^  [^ }#\/]/ { inner = NR }
    END {
      if (licensed != 1 + script)
        printf "%s:1: no \"SPDX-License-Identifier: Apache-2.0\" at the top\n", file
      if (NR > budget)
        printf "%s: %d lines, the budget is %d; split it\n", file, NR, budget
    }' "$file"
done >"$found"

document() {
  lines=none
  [ ! -r "$1" ] || lines=$(wc -l <"$1")
  { [ "$lines" != none ] && [ "$lines" -le "$2" ]; } ||
    echo "$1: $lines lines, the budget is $2" >>"$found"
}
document README.md 120
document CONTRIBUTING.md 60
for layer in model specs drivers controller; do
  document $layer/README.md 40
done

cat "$found"
[ "$(sources | wc -l)" -gt 100 ] || { echo "$1: too few source files found" && exit 1; }
[ ! -s "$found" ]

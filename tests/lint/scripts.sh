#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No script gives shellcheck anything to say.
#   scripts.sh FOLDER
set -eu
cd "$1"
# shellcheck disable=SC2046 # no path here has a space
set -- $(grep -rlE '^#!/bin/(ba)?sh' .ci examples tests) examples/packages.sh
[ $# -gt 5 ] || { echo "too few scripts found: $*" && exit 1; }
shellcheck --external-sources --source-path=SCRIPTDIR --source-path=. "$@"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The jobs of examples/ci are well-formed YAML.
#   yaml.sh FOLDER
set -eu
cd "$1"
rules='{extends: default, rules: {document-start: disable, truthy: {check-keys: false},
  line-length: {max: 100}, comments: {min-spaces-from-content: 1}}}'
set -- examples/ci/*.yml
[ $# -ge 2 ] || { echo "too few files found: $*" && exit 1; }
yamllint --strict -d "$rules" "$@"

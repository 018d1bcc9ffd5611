#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Goal: the quickstart works as README.md says, also twice in a row, refuses taken ports, and leaves
# no process behind. Method: the script itself, in a network namespace of its own, so that its ports
# are free whatever runs on this machine.
#   quickstart_test.sh QUICKSTART FOLDER
set -eu
if [ "${3-}" != inside ]; then
  exec unshare --net "$0" "$1" "$2" inside
fi
quickstart=$1 folder=$2
ip link set lo up
export ARCFORM_QUICKSTART_DIR="$folder"

fail() {
  echo "quickstart_test: $*"
  exit 1
}
# Nothing may stay, however this ends.
finish() {
  status=$?
  [ ! -e "$folder/quickstart.json" ] || "$quickstart" down >/dev/null || status=1
  rm -rf "$folder" "$folder.out"
  exit $status
}
rm -rf "$folder"
trap finish EXIT

holds() { grep -qF -- "$1" "$folder.out" || fail "not in the output: $1"; }
for time in first second; do
  "$quickstart" >"$folder.out" 2>&1 || { cat "$folder.out" && fail "the $time time it failed"; }
  cat "$folder.out"
  holds 'quickstart (registered, 0 clients attached, 2 of 2 nodes joined)'
  holds '11211 -> STORED VALUE greeting 0 5 hello END'
  holds '! 127.0.0.1:11211  here  start:'
  holds '11211 -> END'
  holds '11212 -> VALUE greeting 0 5 hello END'
done

! ARCFORM_QUICKSTART_DIR="$folder.other" "$quickstart" >"$folder.out" 2>&1 ||
  fail "ports that are taken do not stop it"
holds 'quickstart: port 2181 is taken'
[ ! -e "$folder.other" ] || fail "it made a folder although ports were taken"

"$quickstart" down
[ -z "$(ss --listening --tcp --numeric --no-header)" ] || fail "somebody still listens: $(ss -ltnp)"
"$quickstart" down || fail "a second down is no harm"

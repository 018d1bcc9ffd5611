#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A real Arcus cloud on this one machine: builds arcform, has it bring up a ZooKeeper server and two
# cache nodes, kills one of them and has it repaired.
#   examples/quickstart.sh        up
#   examples/quickstart.sh down   everything stopped again
# All that runs and is written lies in ~/.arcform-quickstart, or in $ARCFORM_QUICKSTART_DIR.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
binary=$root/build/release/arcform
arcus=$root/build/release/stock-node
folder=${ARCFORM_QUICKSTART_DIR:-$HOME/.arcform-quickstart}
spec=$folder/quickstart.json
# shellcheck source=examples/packages.sh
. "$here/packages.sh"

die() {
  echo "quickstart: $*" >&2
  exit 1
}
say() { printf '\n== %s\n' "$*"; }
arcform() { "$binary" "$@"; }
run() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# A path that a spec takes, and sed too.
check_paths() {
  case $folder in
  /*) ;;
  *) die "$folder: the folder must be an absolute path" ;;
  esac
  local path
  for path in "$folder" "$root"; do
    case $path in
    *[!A-Za-z0-9._/-]*) die "$path: only letters, digits and ._/- may stand in this path" ;;
    esac
  done
}

build() {
  if [ ! -w "$root" ]; then  # Somebody else's clone, already built.
    [ -x "$binary" ] || die "$root: you may not write there; clone to a folder of your own"
    return
  fi
  local options=()
  if [ ! -e "$root/build/release/CMakeCache.txt" ]; then
    options=(-DARCFORM_TESTS=OFF)
    # Another compiler may know warnings that the project was never built with.
    [ "$(g++ -dumpversion)" = 12 ] || options+=(-DARCFORM_WERROR=OFF)
    if command -v ccache >/dev/null; then
      options+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    fi
  fi
  cd "$root"
  cmake --preset release "${options[@]}" >/dev/null
  cmake --build --preset release --target arcform stock_node
}

# The pid of a slot's process, where it is alive. arcform notes a process as
# "1 BOOT PID START DIGEST"; the start time tells a later process with the same pid apart.
pid_of() {
  local version boot pid start digest stat
  read -r version boot pid start digest 2>/dev/null <"$folder/arcform/$1/id" || return 1
  : "$version" "$digest"
  [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 1
  read -r stat 2>/dev/null <"/proc/$pid/stat" || return 1
  # shellcheck disable=SC2086 # the fields are split on purpose
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "${20}" = "$start" ] && echo "$pid"
}

# check_port SLOT PORT: nobody listens there but a process of our own, from an earlier run.
check_port() {
  local hex
  hex=$(printf '%04X' "$2")
  if cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port=":$hex" 'substr($2, length($2) - 4) == port && $4 == "0A" { found = 1 }
                         END { exit !found }' && ! pid_of "$1" >/dev/null; then
    die "port $2 is taken; stop what listens there ('ss -ltnp' names it) and run this again." \
      "Nothing was started"
  fi
}

check_ports() {
  local port
  for port in 2181 2888 3888; do
    check_port server-1 "$port"
  done
  for port in 11211 11212; do
    check_port "node-$port" "$port"
  done
}

# ask PORT LINE...: sends lines to a cache node and prints its answers.
ask() {
  local port=$1
  shift
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf '%s\r\n' "$@" quit >&3
  timeout 5 cat <&3 | tr -d '\r'
  exec 3>&-
}

# expect PORT ANSWER LINE...: as ask, and the answer must be this one.
expect() {
  local port=$1 wanted=$2 answer
  shift 2
  answer=$(ask "$port" "$@")
  printf '%s <- %s\n%s -> %s\n' "$port" "${*//$'\n'/ }" "$port" "${answer//$'\n'/ }"
  [ "$answer" = "$wanted" ] || die "127.0.0.1:$port: a strange answer: $answer"
}

up() {
  # shellcheck disable=SC2086 # one word per package
  install_packages $build_packages $run_packages
  check_paths
  say "building (the first time takes some minutes)"
  build
  check_ports
  mkdir -p "$folder"
  sed -e "s,@FOLDER@,$folder,; s,@ARCUS@,$arcus," "$here/quickstart.json" >"$spec"
  cd "$folder"

  say "in $folder: a ZooKeeper server and a cache cloud of two nodes"
  run arcform apply --yes quickstart.json
  run arcform status quickstart.json

  say "a key on each node"
  local port stored=$'STORED\nVALUE greeting 0 5\nhello\nEND' empty=END pid
  for port in 11211 11212; do
    expect "$port" "$stored" 'set greeting 0 0 5' hello 'get greeting'
  done

  say "a node dies"
  pid=$(pid_of node-11211) || die "cache node 127.0.0.1:11211: its process is not there"
  run kill -KILL "$pid"
  while pid_of node-11211 >/dev/null; do :; done
  run arcform plan quickstart.json
  say "and is repaired; the other one never noticed"
  run arcform apply --yes quickstart.json
  expect 11211 "$empty" 'get greeting'
  expect 11212 "${stored#*$'\n'}" 'get greeting'

  local hint="$here/quickstart.sh down"
  [ -z "${ARCFORM_QUICKSTART_DIR-}" ] || hint="ARCFORM_QUICKSTART_DIR=$folder $hint"
  cat <<END

The cloud runs, and goes on running: ZooKeeper on 127.0.0.1:2181, service code "quickstart".
On by hand: say "count": 3 in quickstart.json, and then
  cd $folder
  PATH=\$PATH:$root/build/release
  arcform plan quickstart.json
  arcform apply quickstart.json
To take it all down:
  $hint
END
}

down() {
  check_paths
  [ -e "$spec" ] || die "$spec: not there, so nothing of the quickstart runs from $folder"
  [ -x "$binary" ] || die "$binary: not built; run $here/quickstart.sh first"
  local slot
  sed -e 's/"ensemble": {/& "state": "stopped",/; s/"serviceCode":/"state": "stopped", &/' \
    "$spec" >"$folder/stopped.json"
  cd "$folder"
  run arcform apply --yes stopped.json
  for slot in "$folder"/arcform/*/; do
    slot=$(basename "$slot")
    ! pid_of "$slot" >/dev/null || die "$slot still runs, see $folder/arcform/$slot/log"
  done
  echo
  echo "Nothing of it runs any more. What is left are files: rm -r $folder"
}

case ${1-up} in
up) up ;;
down) down ;;
*) die "usage: examples/quickstart.sh [down]" ;;
esac

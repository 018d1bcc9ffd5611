#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Proves that the lab keeps its promises: one "ok" line per check, ends with 1 at the first that fails.
# As root. Makes a lab of its own (st<pid>), beside any other that is up.
# shellcheck disable=SC2016,SC2009 # expanded on the hosts; there is no pgrep for what we look for
set -eu

here=$(cd "$(dirname "$0")" && pwd)
name=st$$
lab() { "$here/lab" --name "$name" "$@"; }
unset ARCFORM_LAB_DIR || :
folder=$(lab dir)
scratch=$(mktemp -d)
trap 'lab down >/dev/null 2>&1; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

ok() { echo "ok $*"; }
fail() {
  echo "FAILED $*" >&2
  [ ! -s "$scratch/out" ] || sed 's/^/  | /' "$scratch/out" >&2
  exit 1
}
# check TEXT COMMAND...: the command must succeed; refuse: it must fail.
check() {
  text=$1 && shift
  "$@" >"$scratch/out" 2>&1 || fail "$text ($*: ended with $?)"
  ok "$text"
}
refuse() {
  text=$1 && shift
  ! "$@" >"$scratch/out" 2>&1 || fail "$text ($*: should not work)"
  ok "$text"
}
# printed WORDS: what the command before had to say.
printed() {
  grep -qF "$1" "$scratch/out" || fail "it does not say: $1"
  ok "it says: $1"
}
# expect TEXT WANTED COMMAND...: the command must succeed and print exactly WANTED.
expect() {
  text=$1 wanted=$2 && shift 2
  "$@" >"$scratch/out" 2>"$scratch/err" || fail "$text ($*: ended with $?: $(cat "$scratch/err"))"
  [ "$(cat "$scratch/out")" = "$wanted" ] || fail "$text ($*: wanted '$wanted')"
  ok "$text"
}
status_of() {
  "$@" >"$scratch/quiet" 2>&1 && echo 0 || echo $?
}

with_key() {
  key=$1 && shift
  lab run ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
    -o UserKnownHostsFile="$folder/known_hosts" -o ConnectTimeout=5 -i "$folder/keys/$key" -l arcus "$@"
}
by_hand() { lab run ssh -n -F "$folder/ssh_config" -o BatchMode=yes "$@"; }
with_passphrase() {
  printf '#!/bin/sh\necho "correct horse"\n' >"$scratch/askpass"
  chmod 700 "$scratch/askpass"
  SSH_ASKPASS=$scratch/askpass SSH_ASKPASS_REQUIRE=force lab run ssh -n -F /dev/null \
    -o PreferredAuthentications=publickey -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
    -o UserKnownHostsFile="$folder/known_hosts" -i "$folder/keys/id_ed25519_passphrase" \
    -l arcus cache001.arcus true
}
# connect FROM ADDRESS: does sshd there answer within two seconds, as seen from a host or the operator?
connect() {
  from=$1 && shift
  case $from in
  operator) lab run timeout 2 ssh-keyscan -t ed25519 -T 2 "$1" | grep -q ssh-ed25519 ;;
  *) lab exec "$from" timeout 2 ssh-keyscan -t ed25519 -T 2 "$1" | grep -q ssh-ed25519 ;;
  esac
}

# What the lab must leave as it was. /run/netns itself is a mount that iproute2 makes once and keeps.
machine() {
  ip -br addr
  ip route
  grep -v " /run/netns" /proc/self/mounts || :
}
own_traces() {
  ip netns list | grep "^$name-" || :
  grep "/run/netns/$name-" /proc/self/mounts || :
  ps -e -o pid= -o args= | grep "[h]ost-init $folder" || :
  ls -d "$folder" 2>/dev/null || :
}

two_hosts() {
  expect "ssh by ssh_config" "arcus cache002.arcus" by_hand cache002.arcus 'echo $(id -un) $(hostname)'
  expect "ssh by short name" cache001.arcus by_hand cache001 hostname -f
  for key in id_ed25519 id_ecdsa id_rsa; do
    expect "ssh with $key" cache001.arcus with_key $key -n cache001.arcus hostname
    expect "ssh with $key by address" cache002.arcus with_key $key -n 10.0.0.2 hostname
  done
  for type in ssh-ed25519 ecdsa-sha2-nistp256; do
    check "host key $type is known" with_key id_ed25519 -n -o HostKeyAlgorithms=$type cache001.arcus true
  done
  check "ssh with the passphrase key" with_passphrase
  refuse "ssh with the wrong key" with_key wrong -n cache001.arcus true
  printed "Permission denied (publickey)"

  cd "$scratch"
  expect "run keeps folder and environment" "$scratch kept" \
    env LAB_TEST=kept "$here/lab" --name "$name" run sh -c 'echo $(pwd) $LAB_TEST'
  expect "run returns the exit status" 7 status_of lab run sh -c 'exit 7'
  expect "exec returns the exit status" 9 status_of lab exec cache001.arcus sh -c 'exit 9'
  expect "exec -u arcus" "arcus /home/arcus" lab exec -u arcus 1 sh -c 'echo $(id -un) $PWD'
  expect "addresses have names" cache002.arcus \
    lab exec 1 sh -c "getent hosts 10.0.0.2 | awk '{ print \$2 }'"
  check "localhost at the operator's place" lab run getent hosts 127.0.0.1
}

isolation() {
  # 1 may write each of these; 2 must not see it, nor may the machine.
  for folder_inside in /home/arcus /tmp /var/tmp /var/log/zookeeper /var/lib/zookeeper /dev/shm; do
    check "arcus writes in $folder_inside" lab exec -u arcus 1 touch "$folder_inside/$name"
    refuse "private: $folder_inside" lab exec 2 test -e "$folder_inside/$name"
    refuse "not on the machine: $folder_inside" test -e "$folder_inside/$name"
  done
  check "root writes in /run" lab exec 1 touch "/run/$name"
  refuse "private: /run" test -e "/run/$name"

  by_hand cache001.arcus 'setsid sleep 4242 >/dev/null 2>&1 &'
  check "a daemon outlives its session" lab exec 1 sh -c 'ps -e -o args= | grep -x "sleep 4242"'
  check "status shows it" sh -c "\"$here/lab\" --name $name status | grep -q \"cache001.*sleep\""
  refuse "host 2 does not see it" lab exec 2 sh -c 'ps -e -o args= | grep -x "sleep 4242"'
    refuse "boot ids differ" lab exec 1 test "$(lab exec 2 cat /proc/sys/kernel/random/boot_id)" = \
    "$(lab exec 1 cat /proc/sys/kernel/random/boot_id)"
}

# Many processes whose parents are gone, then all killed: none may stay behind as a zombie.
reaping() {
    lab exec -u arcus 1 sh -c 'for i in $(seq 100); do (sleep 4243 >/dev/null 2>&1 &); done'
  expect "100 orphans belong to process 1" 100 \
    lab exec 1 sh -c "ps -e -o ppid= -o args= | awk '\$1 == 1 && \$3 == 4243' | wc -l"
    lab exec 1 sh -c 'kill -9 $(ps -e -o pid= -o args= | awk "\$2 == \"sleep\" && \$3 == 4243 { print \$1 }")'
    check "killed orphans are reaped" lab exec 1 timeout 5 sh -c \
    'while ps -e -o stat= -o comm= | grep -q "^Z\|4243" || ps -e -o args= | grep -qx "sleep 4243"; do :; done'
}

faults() {
  check "host to host" connect 1 cache002.arcus
  check "host to operator" lab exec 1 getent hosts operator.arcus
  lab cut cache002.arcus
  refuse "cut: not reached from the operator" connect operator 10.0.0.2
  refuse "cut: not reached from a host" connect 1 10.0.0.2
  lab mend cache002.arcus
  check "mended: reached from the operator" connect operator 10.0.0.2
  check "mended: reached from a host" connect 1 10.0.0.2
  lab cut --unreachable 2
  refuse "cut --unreachable: ssh fails" by_hand cache002.arcus true
  printed "No route to host"
  lab mend 2
  check "mended again" connect operator 10.0.0.2

  lab put-down-sshd cache002.arcus
  refuse "sshd put down: ssh fails" by_hand cache002.arcus true
  printed "Connection refused"
  lab start-sshd cache002.arcus
  check "sshd started" by_hand cache002.arcus true
  lab exec -u arcus 2 touch kept
  boot=$(lab exec 2 cat /proc/sys/kernel/random/boot_id)
  lab power-off 2
  refuse "off: exec says so" lab exec 2 true
  printed "is off"
  lab power-on 2
  check "on again: ssh, and its disk is kept" by_hand cache002.arcus test -e kept
  refuse "on again: another boot id" test "$(lab exec 2 cat /proc/sys/kernel/random/boot_id)" = "$boot"
}

leftovers() {
  lab down >/dev/null
  expect "nothing left of the lab" "" own_traces
  machine >"$scratch/after"
  check "the machine's network and mounts are as before" cmp "$scratch/before" "$scratch/after"
  check "down twice is fine" lab down
}

# An `up` that was killed half way, at several moments.
half_finished() {
  for delay in 0.05 0.3 0.4 0.5; do
    setsid timeout -s KILL $delay "$here/lab" --name "$name" up 3 >/dev/null 2>&1 || :
    check "down after $delay s of up" lab down
    expect "nothing left after $delay s of up" "" own_traces
  done
  mkdir "$folder" && touch "$folder/mine"
  refuse "down leaves a strange folder alone" lab down
  refuse "up does too" lab up 1
  rm -r "$folder"
}

machine >"$scratch/before"
check "up 2" lab up 2
check "up 2 again" lab up 2
refuse "up 3 while up with 2" lab up 3
printed "is up with 2 hosts"
check "status" lab status
two_hosts
isolation
reaping
faults
leftovers
half_finished
check "up with a home of 1 MB" lab up 1 --home-size 1m
refuse "which fills up" lab exec -u arcus 1 dd if=/dev/zero of=filler bs=64k count=32
printed "No space left on device"
check "and lets ssh in" by_hand cache001.arcus true
leftovers
echo "all ok"

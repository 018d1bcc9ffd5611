#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Measures arcform against the goals and against bare tools in the same run. See README.md.
# shellcheck disable=SC2016,SC2088 # the hosts of the lab expand these
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/release
smoke="" sizes="3 30" runs=15 make=yes only=""

usage() {
  cat <<'END'
usage: run.sh [--smoke] [--hosts "3 30"] [--runs N] [--only "probe plan ..."]
              [--build FOLDER] [--no-build]              (as root)
--smoke: two hosts, one run of everything: proves the suite, not the goals.
Rows: probe plan mappings converge upload watch idle memory.
END
}

while [ $# -gt 0 ]; do
  case $1 in
  --smoke) smoke=yes sizes=2 runs=1 ;;
  --hosts) sizes=${2:?} && shift ;;
  --runs) runs=${2:?} && shift ;;
  --only) only=${2:?} && shift ;;
  --build) build=$(cd "${2:?}" && pwd) && shift ;;
  --no-build) make=no ;;
  *) usage >&2 && exit 2 ;;
  esac
  shift
done

die() {
  echo "bench: $*" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || die "needs root, for tests/lab"
ARCFORM_LAB_NAME=bench$(($$ % 100000))
export ARCFORM_LAB_NAME
lab=$root/tests/lab/lab
tools=$build/tests/bench
work=$(mktemp -d "$build/bench.XXXXXX")
chmod 755 "$work"
lab_dir=$("$lab" dir)
cleanup() {
  code=$?
  trap - EXIT
  "$lab" down >"$work/down" 2>&1 || cat "$work/down" >&2
  rm -rf "$work"
  exit $code
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# --- the table -------------------------------------------------------------------------------------

failures=0
wanted() { [ -z "$only" ] || case " $only " in *" $1 "*) ;; *) return 1 ;; esac; }
calc() { awk "BEGIN { printf(\"%.4g\", $1) }"; }
line() { printf '%-58s %12s %12s  %s\n' "$@"; }
# row TEXT GOAL MEASURED UNIT: small is good. info TEXT MEASURED UNIT: no goal.
row() {
  verdict=met
  [ "$(calc "$3 <= $2")" = 1 ] || { verdict=MISSED && failures=$((failures + 1)); }
  line "$1" "<= $2 $4" "$3 $4" $verdict
}
at_least() {
  verdict=met
  [ "$(calc "$3 >= $2")" = 1 ] || { verdict=MISSED && failures=$((failures + 1)); }
  line "$1" ">= $2 $4" "$3 $4" $verdict
}
info() { line "$1" - "$2 $3" "($4)"; }
# field FILE NAME COLUMN: of what bench_measure or plan_bench wrote.
field() { awk -v name="$2" -v column="$3" '$1 == name { print $column }' "$1"; }
# median FILE COLUMN: of one line per round.
median() { awk -v c="$2" '{ print $c }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
now() { date +%s%N; }
seconds_since() { calc "($(now) - $1) / 1e9"; }

# --- a deployment ----------------------------------------------------------------------------------

# spec HOSTS PER-HOST >FILE: servers on the first three (or two) hosts, PER-HOST nodes on each.
spec() {
  servers='"cache001.arcus"'
  for i in 2 3; do [ "$1" -lt $i ] || servers="$servers, \"cache00$i.arcus\""; done
  cat <<END
{ "apiVersion": "arcform/v1", "deployment": "bench",
  "ssh": { "user": "arcus", "identityFiles": ["$lab_dir/keys/id_ed25519"], "agent": false,
           "knownHosts": "$lab_dir/known_hosts" },
  "hosts": [{ "name": "cache[001-$(printf %03d "$1")].arcus", "address": "10.0.0.[1-$1]" }],
  "packages": { "arcus": { "installed": "$prefix" },
                "zookeeper": { "installed": "/usr/share/zookeeper" } },
  "ensemble": { "package": "zookeeper", "servers": [$servers],
                "dataDirectory": "/home/arcus/zookeeper" },
  "clouds": [{ "serviceCode": "bench", "package": "arcus",
               "config": { "memlimit": 64, "threads": 1, "connections": 100 },
               "nodes": [{ "host": "cache[001-$(printf %03d "$1")].arcus", "count": $2, "port": 11211 }] }] }
END
}

arcform() { "$lab" run "$build/arcform" "$@"; }
ensemble() { seq -s, -f '10.0.0.%g:2181' 1 "$1" | sed 's/,$//'; }
in_lab() { "$lab" run "$@"; }

# Hosts have a /tmp and a home of their own, so the build folder may not be there.
prefix=/home/arcus/arcus
up() { # HOSTS
  "$lab" up "$1" >"$work/up"
  for home in "$lab_dir"/hosts/*/home; do
    cp -r "$build/stock-node" "$home/arcus"
    cp "$tools/bench_measure" "$home/"
    chmod -R a+rX "$home/arcus" "$home/bench_measure"
  done
}

bring_up() { # HOSTS PER-HOST
  count=$1
  servers_count=$((count < 3 ? count : 3))
  up "$count"
  spec "$count" "$2" >"$work/spec.json"
}
bring_down() { "$lab" down >"$work/down"; }
converge() {
  arcform apply --yes "$work/spec.json" >"$work/apply" 2>&1 || {
    cat "$work/apply" >&2
    die "the deployment of $count hosts does not converge"
  }
}

# --- rows ------------------------------------------------------------------------------------------

probe_scripts() {
  # shellcheck disable=SC2088 # the host expands it
  folder='~/.arcform/bench'
  "$tools/bench_print_probe" "$folder" /home/arcus/zookeeper $prefix \
    /usr/share/zookeeper >"$work/probe-server.sh"
  "$tools/bench_print_probe" "$folder" '' $prefix /usr/share/zookeeper \
    >"$work/probe.sh"
  scripts=""
  for i in $(seq 1 "$count"); do
    file=$work/probe.sh
    [ "$i" -gt 3 ] || file=$work/probe-server.sh
    scripts="$scripts 10.0.0.$i=$file"
  done
}

bench_probe() {
  "$lab" exec -u arcus cache001 /home/arcus/bench_measure $((runs * 5)) 'probe=sh -s' 'empty=sh -c :' \
    <"$work/probe-server.sh" >"$work/probe.times"
  row "host CPU of a probe (server and node there)" 12 "$(field "$work/probe.times" probe 4)" ms
  info "host CPU of an empty sh" "$(field "$work/probe.times" empty 4)" ms "for comparison"
}

ssh_script() { # OPTIONS...: all hosts at once, by the system's ssh
  echo 'for i in '"$(seq -s ' ' 1 "$count")"'; do'
  echo "ssh -F $lab_dir/ssh_config $* cache\$(printf %03d \$i) 'exec /bin/sh -s' <$work/probe.sh >/dev/null || echo \$i >>$work/ssh.failed &"
  echo "done; wait; [ ! -e $work/ssh.failed ]"
}

bench_plan() {
  ssh_script >"$work/ssh.sh"
  ssh_script -o KexAlgorithms=curve25519-sha256 >"$work/ssh-fast.sh"
  bare="bare=$tools/bench_bare_fanout arcus $lab_dir/keys/id_ed25519 $scripts"
  in_lab "$tools/bench_measure" $(((runs + 4) / 5)) "plan=$build/arcform plan $work/spec.json" \
    "$bare" >"$work/fresh.$count" </dev/null
  # A Java server that has just started interprets what one that is in use has compiled, and its
  # compilers take a good share of the machine until then: the larger, the fewer hosts share it.
  in_lab "$tools/bench_measure" $((runs * 4 + runs * 36 / count)) "plan=$build/arcform plan $work/spec.json" \
    >"$work/warm-up" </dev/null
  in_lab "$tools/bench_measure" "$runs" "plan=$build/arcform plan $work/spec.json" \
    "$bare" "apply=$build/arcform apply --yes $work/spec.json" >"$work/plan.$count" </dev/null
  in_lab "$tools/bench_measure" $(((runs + 4) / 5)) "plan=$build/arcform plan $work/spec.json" \
    "ssh=sh $work/ssh.sh" "fast=sh $work/ssh-fast.sh" >"$work/ssh.$count" </dev/null
  file=$work/plan.$count
  plan=$(field "$file" plan 2) bare=$(field "$file" bare 2) apply=$(field "$file" apply 2)
  row "plan, $count hosts, cold / bare libssh2 (medians)" 1.15 "$(calc "$plan / $bare")" x
  info "  the same, servers just started" \
    "$(calc "$(field "$work/fresh.$count" plan 2) / $(field "$work/fresh.$count" bare 2)")" x \
    "their code is interpreted"
  info "  the same, fastest runs" \
    "$(calc "$(field "$file" plan 3) / $(field "$file" bare 3)")" x "$plan and $bare ms"
  row "our CPU of it per host" 3.5 "$(calc "$(field "$file" plan 4) / $count")" ms
  info "  of the bare one" "$(calc "$(field "$file" bare 4) / $count")" ms "for comparison"
  row "apply with nothing to do / plan, $count hosts" 1.1 "$(calc "$apply / $plan")" x
  plan=$(field "$work/ssh.$count" plan 2)
  at_least "parallel system ssh / plan, $count hosts" 2.5 \
    "$(calc "$(field "$work/ssh.$count" ssh 2) / $plan")" x
  info "  with -o KexAlgorithms=curve25519-sha256" \
    "$(calc "$(field "$work/ssh.$count" fast 2) / $plan")" x "faster than that"
}

bench_mappings() {
  in_lab "$tools/bench_measure" "$runs" "plan=$build/arcform plan $work/spec.json" \
    >"$work/few" </dev/null
  in_lab "$tools/bench_tree_tool" "$(ensemble $servers_count)" fill 0 1000
  in_lab "$tools/bench_measure" "$runs" "plan=$build/arcform plan $work/spec.json" \
    >"$work/many" </dev/null
  for i in $(seq 1 5); do
    in_lab "$tools/bench_tree_tool" "$(ensemble $servers_count)" read
  done | sort -n >"$work/limit"
  limit=$(sed -n 3p "$work/limit")
  more=$(calc "$(field "$work/many" plan 2) - $(field "$work/few" plan 2)")
  info "1,000 foreign mappings: plan takes longer by" "$(calc "$more / $limit")" x \
    "of the C client's pipelined read, $limit ms"
  bench_import
}

# Only ZooKeeper is asked: the hosts of those mappings do not exist.
bench_import() {
  servers=$(ensemble $servers_count)
  in_lab "$tools/bench_tree_tool" "$servers" create /arcus/cache_list/bench-other
  in_lab "$tools/bench_measure" "$runs" \
    "import=$build/arcform import live --no-hosts -z $servers" \
    "one=$tools/bench_tree_tool $servers read-one-by-one" >"$work/import" </dev/null
  import=$(field "$work/import" import 2)
  row "import live, 1,000 mappings" 1000 "$import" ms
  info "  a client that asks one by one needs" \
    "$(calc "$(field "$work/import" one 2) / $import")" x "of that"
}

# The least that must happen in turn: servers until one serves, a node until its znode stands.
critical_path() {
  begun=$(now)
  for i in 1 2 3; do
    # shellcheck disable=SC2016 # expanded on the host
    "$lab" exec -u arcus "$i" sh -c '
      mkdir -p bare && echo "$1" >bare/myid
      printf "%s\n" tickTime=2000 initLimit=10 syncLimit=5 clientPort=2181 dataDir="$HOME/bare" \
        admin.enableServer=false standaloneEnabled=false 4lw.commands.whitelist=srvr \
        server.1=10.0.0.1:2888:3888 server.2=10.0.0.2:2888:3888 server.3=10.0.0.3:2888:3888 >bare/zoo.cfg
      exec java -Xmx1000m -Dzookeeper.root.logger=WARN,CONSOLE -cp /etc/zookeeper/conf:/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-log4j12.jar:/usr/share/java/log4j-1.2.jar \
        org.apache.zookeeper.server.quorum.QuorumPeerMain bare/zoo.cfg' \
      sh "$i" >"$work/bare.$i" 2>&1 &
  done
  in_lab "$tools/bench_tree_tool" "$(ensemble 3)" wait || {
    cat "$work"/bare.? >&2
    die "bare servers do not serve"
  }
  servers_took=$(seconds_since "$begun")
  base=/arcus/cache_server_mapping
  in_lab "$tools/bench_tree_tool" "$(ensemble 3)" create /arcus $base $base/10.0.0.1:11211 \
    $base/10.0.0.1:11211/bench /arcus/cache_list /arcus/cache_list/bench
  begun=$(now)
  "$lab" exec -u arcus 1 $prefix/bin/memcached -E $prefix/lib/default_engine.so \
    -m 64 -p 11211 -c 100 -t 1 -z "$(ensemble 3)" >"$work/bare.node" 2>&1 &
  in_lab "$tools/bench_tree_tool" "$(ensemble 3)" await-child /arcus/cache_list/bench
  node_took=$(seconds_since "$begun")
}

bench_converge() {
  : >"$work/starts"
  for i in $(seq 1 $(((runs + 4) / 5))); do
    [ "$i" = 1 ] || bring_down
    bring_up 3 2
    critical_path
    bring_down
    wait || :
    bring_up 3 2
    begun=$(now)
    converge
    echo "$(seconds_since "$begun") $servers_took $node_took" >>"$work/starts"
  done
  took=$(median "$work/starts" 1) path=$(awk '{ print $2 + $3 }' "$work/starts" | median - 1)
  row "three bare hosts to six nodes / critical path (medians)" 1.5 "$(calc "$took / $path")" x
  info "  arcform; three servers' start and one node's" "$took" s "$path s"
  # shellcheck disable=SC2016 # expanded on the host
  "$lab" exec -u arcus cache002 sh -c 'read -r v boot pid rest <.arcform/bench/node-11211/id; kill -9 "$pid"'
  begun=$(now)
  converge
  row "a killed node repaired by apply" 2 "$(seconds_since "$begun")" s
  arcform plan --exit-code "$work/spec.json" >"$work/plan" || {
    cat "$work/plan" >&2
    die "after the repair there is still something to do"
  }
  bring_down
}

# The same archive to all hosts at once: checked, unpacked and found whole again by apply; only
# written by the system's ssh.
bench_upload() {
  count=${smoke:+2} count=${count:-10} servers_count=1
  up "$count"
  cp -r "$build/stock-node" "$work/prefix"
  head -c 20M /dev/urandom >"$work/prefix/lib/bulk"
  "$build/arcform" pack "$work/prefix" -o "$work/arcus.tar.gz" >"$work/packed"
  spec "$count" 1 | sed 's/"serviceCode"/"state": "stopped", "serviceCode"/' >"$work/spec.json"
  converge
  sed -i "s#\"arcus\": { \"installed\": \"$prefix\" }#\"arcus\": { \"archive\": \"arcus.tar.gz\", \"directory\": \"/home/arcus/packages\" }#" \
    "$work/spec.json"
  to_all() { # COMMAND: on every host at once, given the archive
    echo 'for i in '"$(seq -s ' ' 1 "$count")"'; do'
    echo "ssh -F $lab_dir/ssh_config cache\$(printf %03d \$i) '$1' <$work/arcus.tar.gz &"
    echo 'done; wait'
  }
  to_all 'cat >file' >"$work/cat.sh"
  to_all 'cat >file && sha256sum file && mkdir -p x && tar -xzf file -C x' >"$work/install.sh"
  size=$(wc -c <"$work/arcus.tar.gz")
  arrivals() { # COMMAND...: the seconds until the archive lies on every host, and until it ended
    "$tools/bench_arrivals" "$size" "$lab_dir"/hosts/*/home -- "$@"
  }
  : >"$work/uploads"
  for i in $(seq 1 $(((runs + 4) / 5))); do
    rm -rf "$lab_dir"/hosts/*/home/packages "$lab_dir"/hosts/*/home/file "$lab_dir"/hosts/*/home/x
    apply=$(arrivals "$lab" run "$build/arcform" apply --yes "$work/spec.json" 2>"$work/apply") ||
      die "apply: $(cat "$work/apply")"
    grep -q 'uploading: ' "$work/apply" || die "apply sent nothing"
    cat=$(arrivals "$lab" run sh "$work/cat.sh") || die "ssh HOST 'cat >file'"
    begun=$(now)
    in_lab sh "$work/install.sh" >"$work/sums"
    echo "$apply $cat $(seconds_since "$begun")" >>"$work/uploads"
  done
  at_least "rate of an upload to $count hosts / ssh 'cat > file'" 0.8 \
    "$(calc "$(median "$work/uploads" 3) / $(median "$work/uploads" 1)")" x
  info "  from apply's start until $size bytes lie on each" "$(median "$work/uploads" 1)" s "ssh: $(median "$work/uploads" 3) s"
  info "  until apply has checked and unpacked them all" "$(median "$work/uploads" 2)" s \
    "ssh that checks and unpacks, too: $(median "$work/uploads" 5) s"
  converge
  ! grep -q 'uploading: ' "$work/apply" || die "a second apply sends the archive again"
  bring_down
}

# shellcheck source=/dev/null
. "$here/kill_rows.sh"
# shellcheck source=/dev/null
. "$here/idle_row.sh"

bench_memory() {
  "$tools/bench_plan_bench" ${smoke:+1000 2000} >"$work/memory"
  largest=$(tail -n 1 "$work/memory" | cut -d ' ' -f 1)
  smaller=$(awk '{ if ($1 != last) before = last; last = $1 } END { print before }' "$work/memory")
  pick() { awk -v n="$1" -v p="$2" -v c="$3" '$1 == n && $2 == p { print $c }' "$work/memory"; }
  dom=$(pick "$largest" dom 3)
  for kind in new same; do
    row "diff and plan, $largest nodes, all $kind / RapidJSON's DOM" 3 \
      "$(calc "$(pick "$largest" plan-$kind 3) / $dom")" x
  done
  info "  reading the spec" "$(calc "$(pick "$largest" spec 3) / $dom")" x "of the DOM, $dom ms"
  for what in spec:read observed:observed plan-new:planned; do
    info "  memory per node, ${what#*:}" "$(calc "$(pick "$largest" "${what%:*}" 4) / $largest")" kB "heap"
  done
  row "memory per node, spec, observation and plan" 1 "$(calc "($(pick "$largest" spec 4) + \
    $(pick "$largest" observed 4) + $(pick "$largest" plan-same 4)) / $largest")" kB
  row "remap oracle, 1,000 nodes, 100 of them new" 50 "$(pick 1000 ring 3)" ms
  growth=$(calc "($largest / $smaller) * log($largest) / log($smaller)")
  for phase in spec diff-new plan-new diff-same plan-same; do
    row "$phase: growth from $smaller to $largest nodes / n log n" 1.5 \
      "$(calc "$(pick "$largest" $phase 3) / $(pick "$smaller" $phase 3) / $growth")" x
  done
}

# --- all of it -------------------------------------------------------------------------------------

if [ $make = yes ]; then
  cmake --build "$build" --target bench -j2 >"$work/build" || { cat "$work/build" >&2 && die "build"; }
fi
line WHAT GOAL MEASURED VERDICT
first=${sizes%% *} last=${sizes##* }
for size in $sizes; do
  wanted probe || wanted plan || wanted mappings || break
  bring_up "$size" 1
  converge
  probe_scripts
  [ "$size" != "$first" ] || ! wanted probe || bench_probe
  ! wanted plan || bench_plan
  [ "$size" != "$first" ] || ! wanted mappings || bench_mappings
  bring_down
done
if wanted plan && [ "$first" != "$last" ]; then
  info "memory per open host connection" "$(calc "($(field "$work/plan.$last" plan 5) - \
    $(field "$work/plan.$first" plan 5)) / ($last - $first)")" kB "of the largest resident size"
fi
! wanted converge || bench_converge
! wanted upload || bench_upload
! wanted idle || bench_idle
! wanted watch || bench_watch
! wanted memory || bench_memory
echo
[ $failures -gt 0 ] || { echo "All goals met." && exit 0; }
echo "$failures goals missed."
[ -n "$smoke" ] || exit 1

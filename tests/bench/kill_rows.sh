#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Rows of a watcher; run.sh reads this and has all that is named here.
# shellcheck shell=sh disable=SC2154

# CPU time in ms of the followed host's shells and sshd sessions, with what they have waited for.
followed_cpu() { # HOST
  "$lab" exec "$1" sh -c 'cat /proc/[0-9]*/stat 2>/dev/null' |
    awk -v hertz="$(getconf CLK_TCK)" '$2 == "(sshd)" || $2 == "(bash)" {
      sum += $14 + $15 + $16 + $17 } END { printf("%d\n", sum * 1000 / hertz) }'
}
centile() { sort -n | awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p / 100 + 0.9999)
  print v[i < 1 ? 1 : i] }'; }

# Every node is killed once: when its end is noticed, when it answers, when its znode stands.
bench_watch() {
  hosts=${smoke:+2} hosts=${hosts:-5}
  nodes=${smoke:+2} nodes=${nodes:-10} tries=0
  bring_up "$hosts" "$nodes"
  converge
  for i in $(seq 1 "$hosts"); do
    echo "10.0.0.$i $("$lab" exec "$i" stat -L -c %i /proc/self/ns/net)"
  done >"$work/spaces"
  for i in $(seq 1 "$hosts"); do
    echo "10.0.0.$i $lab_dir/hosts/cache00$i.arcus/home/.arcform/bench"
  done >"$work/folders"
  : >"$work/watched"
  "$lab" run "$build/arcform" watch --log json "$work/spec.json" >"$work/watched" 2>&1 &
  watcher=$!
  until grep -q 'observed equals desired' "$work/watched"; do
    sleep 0.2 && tries=$((tries + 1))
    [ $tries -lt 150 ] || { cat "$work/watched" >&2 && die "watch does not find all well"; }
  done
  span=${smoke:+5} span=${span:-60} # s
  sleep 5
  before=$(followed_cpu 2)
  sleep "$span"
  spent=$(calc "($(followed_cpu 2) - $before) / $span / 10")
  kill "$watcher"
  wait "$watcher" || die "watch does not end well"
  row "CPU of a followed host with $nodes nodes, % of a core" 0.2 "$spent" %
  in_lab "$tools/bench_kill_nodes" "$(ensemble "$servers_count")" bench "$work/spaces" \
    "$work/folders" "$build/arcform" watch --log text "$work/spec.json" >"$work/kills"
  for column in 2:noticed:1000 3:answers:1500 4:joined:1500; do
    name=${column#*:} goal=${column##*:} name=${name%:*}
    row "$(wc -l <"$work/kills") killed nodes: $name, 99th percentile" "$goal" \
      "$(cut -d ' ' -f "${column%%:*}" "$work/kills" | centile 99)" ms
    info "  median" "$(cut -d ' ' -f "${column%%:*}" "$work/kills" | centile 50)" ms "of all"
  done
  bring_down
}

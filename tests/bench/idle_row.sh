# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# A row of run.sh, which reads this file.

# What a controller costs while nothing happens, from the kernel's accounts of its process.
bench_idle() {
  size=${smoke:+2} seconds=${smoke:+5}
  bring_up "${size:-100}" 1
  converge
  "$lab" run "$build/arcform" watch --log json "$work/spec.json" >"$work/watch" 2>&1 &
  watch=$!
  for _ in $(seq 1 600); do
    ! grep -q '"event":"converged"' "$work/watch" || break
    sleep 0.1
  done
  ticks() { awk '{ print $14 + $15 }' "/proc/$watch/stat"; }
  begun=$(ticks)
  sleep "${seconds:-60}"
  used=$(calc "($(ticks) - $begun) / $(getconf CLK_TCK)")
  peak=$(awk '$1 == "VmHWM:" { print $2 / 1024 }' "/proc/$watch/status")
  row "watch, idle, $count hosts: share of one core" 2 "$(calc "100 * $used / ${seconds:-60}")" %
  row "  its largest resident size" 100 "$(calc "$peak")" MB
  info "  load of the machine after that" "$(cut -d " " -f 1 /proc/loadavg)" "" "of the last minute"
  kill -TERM "$watch"
  wait "$watch" || {
    code=$?
    tail -n 5 "$work/watch" >&2
    die "watch ends with $code"
  }
  bring_down
}

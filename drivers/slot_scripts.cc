// SPDX-License-Identifier: Apache-2.0
// What the scripts know of processes and of who owns a slot.
#include "drivers/host_scripts.h"

namespace arcform {
namespace {

/// `starts PID` sets $state, $parent, $threads and $ticks (fields 3, 4, 20 and 22 of its stat; the
/// name before them may hold anything, newlines and parentheses too) and fails when there is no
/// such process. A process whose first thread has ended is a zombie by its state, and keeps its
/// ports and files until its last thread has: a Java that was stopped on a busy host is that for a
/// second. `await_end PID TICKS TIME` fails when it lives after that time, in hundredths of a
/// second as /proc/uptime counts; `stands` waits so for one that is ending.
constexpr std::string_view kProcesses = R"sh(starts() {
  line= stat=
  { while IFS= read -r line || [ -n "$line" ]; do stat="$stat$line "; done <"/proc/$1/stat"
  } 2>/dev/null
  [ -n "$stat" ] || return 1
  set -- ${stat##*') '}
  state=$1 parent=$2 threads=${18} ticks=${20}
}
lives() {
  starts "$1" && [ "$ticks" = "$2" ] && case $state in [ZXx]) [ "$threads" -gt 1 ] ;; esac
}
nap() { sleep "$1" 2>/dev/null || sleep 1; }
now() {
  read -r up rest </proc/uptime
  now=${up%.*}${up#*.}
}
await_end() {
  now
  end=$((now + $3))
  delay=0.02
  while lives "$1" "$2"; do
    now
    [ "$now" -lt "$end" ] || return 1
    nap "$delay"
    delay=0.05
  done
}
stands() {
  lives "$1" "$2" && case $state in [ZXx]) ! await_end "$1" "$2" 1000 ;; esac
}
)sh";

/// One starter (or remover) per slot: everybody announces itself by a file named after its own
/// identity and then looks for others. Whoever sees a living other takes its file back and tries
/// again, so two can never both go on; files of the dead are free to be removed since no identity
/// ever comes back. A process that is ending is waited for: the probe counts it as ended.
constexpr std::string_view kLock = R"sh(acquire() {
  starts "$$"
  mine=starting-$boot-$$-$ticks
  tries=0
  while :; do
    printf '' >"$mine" || return 1
    busy=
    for other in starting-*; do
      [ "$other" = "$mine" ] && continue
      who=${other#starting-"$boot"-}
      if [ "$who" != "$other" ] && lives "${who%-*}" "${who#*-}"; then busy=$who
      else rm -f "$other"; fi
    done
    [ -n "$busy" ] || return 0
    rm -f "$mine"
    tries=$((tries + 1))
    if [ "$tries" -ge 100 ]; then
      say "another start or removal is under way (pid ${busy%-*})"; return 16
    fi
    nap "0.0$(($$ % 7 + 2))"
  done
}
occupied() {
  [ -f id ] && read -r version b p t old rest <id && [ "$b" = "$boot" ] && stands "$p" "$t"
}
)sh";

}  // namespace

std::string_view process_functions() {
  return kProcesses;
}

std::string script_of_slots() {
  return std::string(kProcesses) + std::string(kLock);
}

}  // namespace arcform

// SPDX-License-Identifier: Apache-2.0
#include "drivers/host_scripts.h"

#include <fmt/format.h>

#include "drivers/script.h"

namespace arcform {
namespace {

constexpr std::string_view kPrelude = R"sh(say() { printf '%s\n' "$1" >&2; }
nearest() {
  near=$1
  until [ -e "$near" ] || [ -L "$near" ]; do near=${near%/*}; [ -n "$near" ] || near=/; done
}
home() {
  case ${HOME-} in /*) d=${HOME%/}/$1 ;; *) say 'HOME is not set there'; return 15 ;; esac
}
{ read -r self rest </proc/self/stat; } 2>/dev/null && [ "$self" = "$$" ] || {
  say '/proc is not mounted, or is that of another PID namespace'; return 15; }
IFS= read -r boot </proc/sys/kernel/random/boot_id || return 15
)sh";

/// Who listens on a port: the socket's inode, then whose descriptor it is. Only when refusing.
constexpr std::string_view kListener = R"sh(listener() {
  inode=$(awk -v p=":$1" '$4 == "0A" && substr($2, length($2) - 4) == p { print $10; exit }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  [ -n "$inode" ] || return 0
  holder=$(ls -l /proc/[0-9]*/fd 2>/dev/null |
    awk -v w="socket:[$inode]" '/^\/proc\// { d = $0 } index($0, w) { print d; exit }')
  holder=${holder#/proc/}
  holder=${holder%%/*}
  [ -n "$holder" ] || return 0
  printf ' (pid %s: %s)' "$holder" "$(tr '\000' ' ' <"/proc/$holder/cmdline" | cut -c1-200)"
}
)sh";

/// Runs in the process that becomes the program: it writes its own identity (pid and start time
/// survive exec), so there is no moment in which the program lives without an identity file. Its
/// end of the pipe is closed by the exec, which is what the starter waits for.
constexpr std::string_view kBecome = R"sh(boot=$1 digest=$2
shift 2
line= stat=
while IFS= read -r line || [ -n "$line" ]; do stat="$stat$line "; done </proc/self/stat
start_time() { set -- ${stat##*") "}; ticks=${20}; }
start_time
[ "${stat%% *}" = "$$" ] && [ -n "$ticks" ] || exit 1
{ printf '1 %s %s %s %s\n' "$boot" "$$" "$ticks" "$digest" >id.new &&
  mv -f id.new id; } 2>&3 || exit 1
printf 'id %s %s' "$$" "$ticks" >&3
exec env -i PATH="$PATH" LANG=C ${HOME:+"HOME=$HOME"} ${USER:+"USER=$USER"} "$@" 3>&-
)sh";

constexpr std::string_view kStart = R"sh(start_it() {
  if occupied; then
    case $state in [ZXx]) say "its process (pid $p) is ending, and has not ended"; return 16 ;; esac
    printf 'running %s %s %s' "$b" "$p" "$t"
    return 0
  fi
  case $1 in
    */*) [ -f "$1" ] && [ -x "$1" ] || { say "$1 is not there or not executable"; return 10; } ;;
    *) case $(command -v "$1") in /*) ;; *) say "$1 is not on the PATH ($PATH)"; return 10 ;; esac ;;
  esac
  if [ "$port" != 0 ] &&
    grep -qs ":$hex [0-9A-F]*:0000 0A " /proc/net/tcp /proc/net/tcp6; then
    say "something else listens on port $port$(listener "$hex")"; return 11
  fi
  soft=$(ulimit -Sn)
  if [ "$files" != 0 ] && [ "$soft" != unlimited ] && [ "$soft" -lt "$files" ]; then
    ulimit -Sn "$files" 2>/dev/null || ulimit -n "$files" 2>/dev/null || {
      say "$files open files are needed, and the hard limit is $(ulimit -Hn)"; return 14; }
  fi
  if [ -s log ]; then mv -f log log.1 || return 1; fi
  printf '' >>log || return 1
  words=$(setsid $inner_shell -c "$inner" arcform "$boot" "$digest" "$@" \
    3>&1 >>log 2>&1 </dev/null &)
  case $words in
    'id '*) printf 'started %s %s' "$boot" "${words#id }" ;;
    *) say "the process ended before it was the program: $words $(tail -n 2 log)"
      printf '%8192s' x | dd of=id.new >&2
      rm -f id.new
      return 1 ;;
  esac
}
)sh";

constexpr std::string_view kStop = R"sh(send() {
  lives "$pid" "$born" || return 0
  kill "-$1" "$pid" && return 0
  lives "$pid" "$born" || return 0
  say "pid $pid cannot be signalled"; return 12
}
[ "$boot" = "$its_boot" ] && lives "$pid" "$born" || { printf gone; return 0; }
if [ "$drain" != 0 ] && await_end "$pid" "$born" "$drain"; then printf gone; return 0; fi
send TERM || return
if await_end "$pid" "$born" "$patience"; then printf gone; return 0; fi
send KILL || return
if await_end "$pid" "$born" 1000; then printf killed; return 0; fi
say "pid $pid (state $state) is still there 10 s after SIGKILL"
return 17
)sh";

/// The limits of another process: `prlimit` of util-linux. Its own words are in /proc.
constexpr std::string_view kRaise = R"sh([ "$boot" = "$its_boot" ] && lives "$pid" "$born" || {
  say "pid $pid is gone"; return 16; }
soft='' hard=''
while read -r a b c d e rest; do
  [ "$a $b $c" = 'Max open files' ] && soft=$d hard=$e
done <"/proc/$pid/limits"
[ -n "$soft" ] || { say "the limits of pid $pid cannot be read"; return 12; }
[ "$soft" = unlimited ] && return 0
[ "$soft" -lt "$files" ] || return 0
if [ "$hard" != unlimited ] && [ "$hard" -lt "$files" ]; then
  say "$files open files are needed, and the hard limit of pid $pid is $hard"; return 14
fi
command -v prlimit >/dev/null || { say 'there is no prlimit (util-linux)'; return 15; }
lives "$pid" "$born" && prlimit --pid "$pid" --nofile="$files:"
)sh";

constexpr std::string_view kForget = R"sh([ -e "$d/$slot" ] || [ -L "$d/$slot" ] || return 0
[ -d "$d/$slot" ] && [ ! -L "$d/$slot" ] || { say "$d/$slot is not a folder of ours"; return 13; }
cd "$d/$slot" || return 1
acquire || return
if occupied; then
  rm -f "$mine"
  say "its process (pid $p) lives; stop it first"; return 13
fi
cd / && rm -rf -- "${d:?}/${slot:?}"
)sh";

/// A name that is free; the parts of one server end up together. The folder itself stays: it may be
/// a mount point, and whoever made it gave it its owner.
constexpr std::string_view kSetAside = R"sh([ -d "$d/$slot" ] && [ ! -L "$d/$slot" ] || return 0
cd "$d/$slot" || return 1
acquire || return
if occupied; then
  rm -f "$mine"
  say "its process (pid $p) lives; stop it first"; return 13
fi
aside() {
  [ -e "$1/myid" ] || [ -e "$1/version-2" ] || return 0
  n=1
  while [ -e "$1/removed-$n" ]; do n=$((n + 1)); done
  mkdir "$1/removed-$n" || return 1
  for file in version-2 myid; do
    [ ! -e "$1/$file" ] || mv "$1/$file" "$1/removed-$n/$file" || return 1
  done
}
)sh";

/// The temporary file stands in the target's own folder (rename is atomic only within a file
/// system); what a killed writer left there is removed by the next one. conv=fsync before the
/// rename; whether the rename itself survives a power cut does not matter, a lost one is drift.
constexpr std::string_view kPut = R"sh(put() {
  [ ! -d "$1" ] || { say "it is a directory"; return 13; }
  if [ -f "$1" ]; then
    old=$(cat "$1" 2>/dev/null; printf x)
    [ "$old" != "$3x" ] || return 0
  fi
  folder=${1%/*}
  [ -d "${folder:-/}" ] || mkdir -p "$folder" || return 1
  for stale in "$folder/.${1##*/}.arcform-"*; do
    if [ -f "$stale" ] && [ ! -d "/proc/${stale##*-}" ]; then rm -f "$stale"; fi
  done
  temporary=$folder/.${1##*/}.arcform-$$
  write "$@" || { r=$?; rm -f "$temporary"; return "$r"; }
}
write() {
  words=$(printf '%s' "$3" | dd of="$temporary" bs=65536 conv=fsync 2>&1) || {
    say "$words"; return 1; }
  [ "$(wc -c <"$temporary")" -eq "$4" ] || { say 'fewer bytes arrived than were sent'; return 1; }
  chmod "$2" "$temporary" && mv -f "$temporary" "$1"
}
)sh";

/// An epoch is announced before others are looked for, so a later one is never forgotten: the
/// files of earlier ones go, those of other trees stay. Not `:`, whose redirection would end the
/// shell when it fails (POSIX: a special builtin).
constexpr std::string_view kFence = R"sh(fenced() {
  [ -d "$d/fence" ] || mkdir -p "$d/fence" || return 1
  [ -f "$d/fence/$1-$2" ] || printf '' >"$d/fence/$1-$2" || return 1
  for other in "$d/fence/$1-"*; do
    if [ "${other##*-}" -gt "$2" ]; then
      rm -f "$d/fence/$1-$2"
      say "a later holder of the lock (epoch ${other##*-}) has worked here; this is epoch $2"
      return 13
    fi
    [ "${other##*-}" -eq "$2" ] || rm -f "$other"
  done
}
)sh";

}  // namespace

std::string script_prelude(std::string_view directory) {
  std::string out(kPrelude);
  if (directory.starts_with("~/")) {
    out += fmt::format("home {} || return\n", shell_quote(directory.substr(2)));
  } else {
    out += shell_assignment("d", directory);
  }
  return out;
}

std::string script_fence(const ScriptPlace& place) {
  if (place.fence.tree == 0) {
    return "";
  }
  return fmt::format("{}fenced {:016x} {} || return\n", kFence,
                     static_cast<std::uint64_t>(place.fence.tree), place.fence.epoch);
}

std::string fence_script(const ScriptPlace& place) {
  return script_prelude(place.directory) + script_fence(place);
}

std::string start_script(const StartRequest& request, const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += script_fence(place);
  out += script_of_slots();
  out += kListener;
  out += kStart;
  out += shell_assignment("slot", request.slot);
  out += shell_assignment("digest", request.digest.empty() ? "-" : request.digest);
  out += fmt::format("port={}\nhex={:04X}\nfiles={}\n", request.port, request.port,
                     request.open_files);
  out += shell_assignment("inner_shell", place.shell);
  out += shell_assignment("inner", kBecome);
  out += "mkdir -p \"$d/$slot\" && cd \"$d/$slot\" || return 1\nacquire || return\nstart_it";
  for (const std::string& word : request.argv) {
    out += ' ';
    out += shell_quote(word);
  }
  out += "\nresult=$?\nrm -f \"$mine\"\nreturn \"$result\"\n";
  return out;
}

std::string stop_script(const StopRequest& request, const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += script_fence(place);
  out += process_functions();
  out += shell_assignment("its_boot", request.process.boot_id.value());
  out += fmt::format("pid={}\nborn={}\npatience={}\ndrain={}\n", request.process.pid,
                     request.process.start_ticks, request.patience.count() / 10,
                     request.drain.count() / 10);
  out += kStop;
  return out;
}

std::string raise_open_files_script(const ProcessIdentity& process, std::uint64_t files,
                                    const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += script_fence(place);
  out += process_functions();
  out += shell_assignment("its_boot", process.boot_id.value());
  out += fmt::format("pid={}\nborn={}\nfiles={}\n", process.pid, process.start_ticks, files);
  out += kRaise;
  return out;
}

std::string forget_script(const std::string& slot, const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += script_fence(place);
  out += script_of_slots();
  out += shell_assignment("slot", slot);
  out += kForget;
  return out;
}

std::string set_aside_script(const std::string& slot, const std::vector<std::string>& directories,
                             const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += script_fence(place);
  out += script_of_slots();
  out += shell_assignment("slot", slot);
  out += kSetAside;
  for (const std::string& directory : directories) {
    out += fmt::format("aside {} || {{ r=$?; rm -f \"$mine\"; return \"$r\"; }}\n",
                       shell_quote(directory));
  }
  out += "rm -f \"$mine\"\n";
  return out;
}

std::string write_files_script(const std::vector<FileWrite>& files, const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += script_fence(place);
  out += kPut;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const FileWrite& file = files[i];
    const std::string path =
        file.path.starts_with('/') ? shell_quote(file.path) : "\"$d\"/" + shell_quote(file.path);
    out += fmt::format("put {} {:04o} {} {} || {{ r=$?; printf {}; return \"$r\"; }}\n", path,
                       file.mode & 0777U, shell_quote(file.content), file.content.size(), i);
  }
  return out;
}

std::string last_words_script(const std::string& slot, const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += shell_assignment("slot", slot);
  out += "[ -f \"$d/$slot/log\" ] || return 0\n";
  // Without the frames of Java's stack traces, which hide the line that says what happened.
  out += "tail -c 16384 \"$d/$slot/log\" | sed '/^[[:space:]]*at .*(.*)$/d' | tail -c 2048\n";
  return out;
}

std::string is_alive_script(const ProcessIdentity& process, const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += process_functions();
  out += shell_assignment("its_boot", process.boot_id.value());
  out += fmt::format("if [ \"$boot\" = \"$its_boot\" ] && stands {} {}; then printf alive\n",
                     process.pid, process.start_ticks);
  out += "else printf dead; fi\n";
  return out;
}

}  // namespace arcform

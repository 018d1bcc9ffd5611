// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "drivers/host_scripts.h"
#include "drivers/probe.h"
#include "drivers/script.h"
#include "model/packages.h"

namespace arcform {
namespace {

constexpr std::string_view kPackages = R"sh(package() {
  node=0 engine=0 logger=0 scrub=0 server=n
  [ -f "$2/bin/memcached" ] && [ -x "$2/bin/memcached" ] && node=1
  [ -r "$2/lib/default_engine.so" ] && engine=1
  [ -r "$2/lib/syslog_logger.so" ] && logger=1
  [ -r "$2/lib/ascii_scrub.so" ] && scrub=1
  for jar in "$2"/lib/zookeeper-[0-9]*.jar; do [ -r "$jar" ] && server=a; done
  [ $server = n ] && for jar in "$2"/zookeeper-[0-9]*.jar; do [ -r "$jar" ] && server=s; done
  [ $server = n ] && [ "$2" = /usr/share/zookeeper ] &&
    [ -r /usr/share/java/zookeeper.jar ] && server=d
  printf 'package %s %s %s %s %s %s\n' "$1" $node $engine $logger $scrub $server
}
)sh";

/// Every folder with the name of a release of the package, with what its mark says. A disk whose
/// room nobody can tell ("-") is left to the installation itself.
constexpr std::string_view kReleases = R"sh(releases() {
  open_folder "$2" || return
  nearest "$2"
  free=$(df -Pk "$near" 2>/dev/null | {
    read -r heads; read -r device total used available rest; printf %s "$available"; })
  case $free in '' | *[!0-9]*) free=- ;; esac
  printf 'releases %s %s %s\n' "$1" "$free" "$2"
  for release in "$2/$3"-????????????; do
    [ -d "$release" ] && [ ! -L "$release" ] || continue
    case ${release##*-} in *[!0-9a-f]*) continue ;; esac
    version= sum= at=
    [ -f "$release/$mark" ] && read -r version sum at rest <"$release/$mark"
    printf 'release %s %s %s\n' "${release##*/}" "${sum:--}" "${at:--}"
  done
  package "$1" "$2/$4"
}
printf tools
for tool in tar gzip xz zstd sha256sum; do
  command -v $tool >/dev/null && printf ' %s' $tool
done
printf '\n'
)sh";

/// A folder that we may not look into must not pass for an empty or absent one.
constexpr std::string_view kFolders = R"sh(open_folder() {
  nearest "$1"
  [ ! -d "$near" ] || [ -x "$near" ] || { say "$near may not be searched"; return 12; }
  [ ! -d "$1" ] || [ -r "$1" ] || { say "$1 may not be read"; return 12; }
}
data() {
  open_folder "$1" && open_folder "$1/version-2" || return
  exists=0 filled=0 myid=
  [ -d "$1" ] && exists=1
  if [ -f "$1/myid" ]; then
    read -r myid <"$1/myid"
    [ -n "$myid" ] || [ ! -s "$1/myid" ] || { say "$1/myid may not be read"; return 12; }
  fi
  for file in "$1"/version-2/*; do [ -e "$file" ] && filled=1; break; done
  printf 'data %s %s %s\n' $exists $filled "$myid"
}
)sh";

constexpr std::string_view kHostLines = R"sh(printf 'arcform-probe 1\nboot %s\n' "$boot"
total= free= available=
while read -r key value rest; do
  case $key in
    MemTotal:) total=$value ;;
    MemFree:) free=$value ;;
    MemAvailable:) available=$value; break ;;
  esac
done </proc/meminfo
uid=
while read -r key value rest; do
  case $key in Uid:) uid=$value; break ;; esac
done </proc/self/status
printf 'memory %s %s\nuser %s\nfiles ' "$total" "${available:-$free}" "$uid"
ulimit -Hn
java=0 writable=0
command -v java >/dev/null && java=1
open_folder "$d" || return
[ -d "$near" ] && [ -w "$near" ] && writable=1
printf 'java %s\ndirectory %s\nwritable %s\n' $java "$d" $writable
)sh";

/// A server with dynamic reconfiguration keeps its members in a file beside its zoo.cfg.
/// An identity file of zero bytes is what a power cut can leave: nothing of that boot lives.
constexpr std::string_view kSlotLines = R"sh(ours=' '
end=/proc/self/environ
set -- "$end"
for slot in "$d"/node-* "$d"/server-*; do
  [ -d "$slot" ] && [ ! -L "$slot" ] || continue
  name=${slot##*/}
  case ${name#*-} in '' | *[!0-9]*) continue ;; esac
  [ -x "$slot" ] || { say "$slot may not be searched"; return 12; }
  identity=-
  if [ -s "$slot/id" ]; then
    read -r identity <"$slot/id" || { say "$slot/id cannot be read or has no line"; return 13; }
    rest=${identity#* }
    if [ "${rest%% *}" = "$boot" ]; then
      rest=${rest#* }
      ours="$ours${rest%% *} "
    fi
  fi
  printf 'slot %s %s\n' "$name" "$identity"
  case $name in server-*)
    set -- "$@" "$slot/zoo.cfg"
    [ ! -r "$slot/zoo.cfg" ] || while read -r line; do
      case ${line#dynamicConfigFile=} in "$slot"/zoo.cfg.dynamic.*)
        set -- "$@" "${line#*=}" ;;
      esac
    done <"$slot/zoo.cfg"
    set -- "$@" "$end" ;;
  esac
done
)sh";

/// The names of processes are read by the shell itself (comm has at most 15 bytes); everything
/// else is left to `head`. Anybody may run a "memcached" or a "java" with what he likes as its
/// arguments, so those have a share of the answer that they cannot exceed, and what stands between
/// the files nobody can know before: it is the environment of `head`, which is all of `env -i` and
/// a number that the kernel has made up just now. A file that vanished meanwhile is an empty piece.
/// Listening sockets are asked of `ss` where it is: to read /proc/net/tcp makes the kernel walk its
/// whole table of connections (262144 buckets: 6 ms a file).
constexpr std::string_view kProcessLines = R"sh(pids= others= count=0
for process in /proc/[0-9]*; do
  read -r comm <$process/comm || continue
  pid=${process#/proc/}
  case $ours in *" $pid "*)
    pids="$pids $pid"
    set -- "$@" $process/stat "$end" $process/cmdline "$end"
    continue ;;
  esac
  case $comm in memcached | java)
    [ $count -lt 256 ] || continue
    count=$((count + 1))
    others="$others $pid" ;;
  esac
done 2>/dev/null
printf 'pids%s%s\nlistening\n' "$pids" "$others"
ss -ltnH 2>/dev/null || {
  tcp6=
  [ -r /proc/net/tcp6 ] && tcp6=/proc/net/tcp6
  grep -h ' 0A ' /proc/net/tcp $tcp6
}
printf 'listened %s\n' "$?"
read -r mark </proc/sys/kernel/random/uuid
printf 'mark %s\n' "$mark"
env -i "mark=$mark" head -q -c 65536 -- "$@" 2>/dev/null
if [ -n "$others" ]; then
  set --
  for pid in $others; do
    set -- "$@" /proc/$pid/stat "$end" /proc/$pid/cmdline "$end"
  done
  env -i "mark=$mark" head -q -c $((393216 / (count > 6 ? count : 6))) -- "$@" 2>/dev/null
fi
read -r up rest </proc/uptime
printf 'uptime %s\n' "$up"
)sh";

}  // namespace

std::string probe_script(const ProbeRequest& request, std::string_view directory) {
  std::string out = script_prelude(directory);
  out += kPackages;
  out += kFolders;
  out += kHostLines;
  for (std::size_t i = 0; i < request.prefixes.size(); ++i) {
    out += fmt::format("package {} {}\n", i, shell_quote(request.prefixes[i]));
  }
  if (!request.releases.empty()) {
    out += fmt::format("mark={}\n", shell_quote(kReleaseMark));
    out += kReleases;
  }
  for (std::size_t i = 0; i < request.releases.size(); ++i) {
    const ReleasePlace& place = request.releases[i];
    out += fmt::format("releases {} {} {} {} || return\n", i,
                       place.folder.empty() ? "\"$d/packages\"" : shell_quote(place.folder),
                       shell_quote(place.package), shell_quote(place.release));
  }
  if (!request.data_directory.empty()) {
    out += fmt::format("data {} || return\n", shell_quote(request.data_directory));
  }
  out += kSlotLines;
  out += kProcessLines;
  return out;
}

}  // namespace arcform

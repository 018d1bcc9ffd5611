// SPDX-License-Identifier: Apache-2.0
#include "drivers/install_scripts.h"

#include <fmt/format.h>

#include "drivers/script.h"
#include "model/packages.h"

namespace arcform {
namespace {

/// `whole FOLDER` sets $sum to the checksum in its mark and fails when it has none.
constexpr std::string_view kCommon = R"sh(final=$folder/$release
whole() {
  sum=
  [ -d "$1" ] && [ ! -L "$1" ] && [ -f "$1/$mark" ] &&
    read -r version sum rest <"$1/$mark" && [ "$version" = 1 ] && [ ${#sum} -eq 64 ]
}
discard() {
  chmod -R u+rwX "$1" 2>/dev/null
  rm -rf -- "$1"
}
size_of() { if [ -f "$1" ]; then wc -c <"$1"; else echo 0; fi; }
children() {
  for entry in /proc/[0-9]*; do
    starts "${entry#/proc/}" && [ "$parent" = "$1" ] && printf '%s ' "${entry#/proc/}"
  done
}
)sh";

/// Names that begin with a dot and end in the identity of whoever works on them: those of the dead
/// are rubbish. One that lives, has got nothing for a second and does not unpack yet waits for a
/// connection that is gone: its `cat` is ended, and it cleans up after itself.
constexpr std::string_view kLeftovers = R"sh(leftovers() {
  for stale in "$folder/.$package"-????????????.arcform-*; do
    [ -d "$stale" ] && [ ! -L "$stale" ] || continue
    who=${stale##*.arcform-}
    id=${who#"$boot"-}
    case $id in *[!0-9-]* | -* | *-) id= ;; esac
    if [ "$id" != "$who" ] && [ -n "$id" ] && lives "${id%-*}" "${id#*-}"; then
      [ ! -e "$stale/tree" ] || continue
      now=$(size_of "$stale/archive")
      before=
      tries=0
      while [ "$now" != "$before" ] && [ $tries -lt 10 ]; do
        before=$now
        sleep 1
        now=$(size_of "$stale/archive")
        tries=$((tries + 1))
      done
      [ "$now" = "$before" ] && [ ! -e "$stale/tree" ] || continue
      lives "${id%-*}" "${id#*-}" && kill $(children "${id%-*}") 2>/dev/null
      await_end "${id%-*}" "${id#*-}" 250
    fi
    discard "$stale"
  done
}
)sh";

constexpr std::string_view kReceive = R"sh(receive() {
  cat <&3 >"$mine/archive" || return 1
  got=$(size_of "$mine/archive")
  [ "$got" -eq "$size" ] || { say "only $((got)) of $size bytes arrived"; return 16; }
  sum=$(sha256sum <"$mine/archive") || return 1
  [ "${sum%% *}" = "$sha256" ] || {
    say "wrong checksum: ${sum%% *} arrived, $sha256 was meant; run the same command again"
    return 16; }
}
pack_error() { say "the archive cannot be unpacked"; return 13; }
unpack() {
  mkdir "$mine/tree" || return 1
  umask 022
  if [ -n "$compressor" ]; then
    { "$compressor" -dc <"$mine/archive" || printf x >"$mine/broken"; } |
      tar -xof - -C "$mine/tree" || return 1
    [ ! -e "$mine/broken" ] || pack_error || return
  else
    tar -xof - -C "$mine/tree" <"$mine/archive" || return 1
  fi
  rm -f "$mine/archive"
  root=$mine/tree
  if [ ! -e "$root/bin" ] && [ ! -e "$root/lib" ]; then
    set -- "$root"/*
    if [ $# -eq 1 ] && [ -d "$1" ] && [ ! -L "$1" ]; then root=$1; fi
  fi
  set -- "$root"/*
  [ -e "$1" ] || { say 'there is nothing in the archive'; return 13; }
}
publish() {
  chmod 755 "$root" && rm -rf -- "$root/${mark:?}" &&
    printf '1 %s %s\n' "$sha256" "$(date +%s)" >"$root/$mark" || return 1
  sync -f "$root" 2>/dev/null || sync
  tree=.arcform-tree-$$
  mv "$root" "$mine/$tree" || return 1
  if [ ! -e "$final" ]; then mv "$mine/$tree" "$final" || return 1; fi
  # Somebody else may have been faster: then ours stands inside of theirs.
  [ ! -e "$final/$tree" ] || discard "$final/$tree"
  whole "$final" || { say "$final is not what was put there"; return 16; }
}
)sh";

constexpr std::string_view kInstall = R"sh(install_it() {
  if [ -e "$final" ] || [ -L "$final" ]; then
    if whole "$final" && [ "$sum" = "$sha256" ]; then printf present; return 0; fi
    say "$final stands there and is no whole release of ours; move it away"; return 11
  fi
  missing=
  for tool in tar sha256sum $compressor; do
    command -v "$tool" >/dev/null || missing="$missing $tool"
  done
  [ -z "$missing" ] || { say "not on the PATH there:$missing; install it"; return 15; }
  mkdir -p "$folder" || return 1
  leftovers
  free=$(df -Pk "$folder" 2>/dev/null | {
    read -r heads; read -r device total used available rest; printf %s "$available"; })
  case $free in
    '' | *[!0-9]*) ;;
    *) [ "$free" -ge "$room" ] || {
      say "No space left on device: $folder has $free kB free, $room kB are needed"; return 14; } ;;
  esac
  starts "$$"
  mine=$folder/.$release.arcform-$boot-$$-$ticks
  mkdir "$mine" || return 1
  receive && unpack && publish
  result=$?
  discard "$mine"
  [ "$result" -ne 0 ] || printf installed
  return "$result"
}
install_it
)sh";

/// Of processes whose memory we may not read, the command line is read all the same. The pattern is
/// in the environment, as an argument would find itself.
constexpr std::string_view kRemove = R"sh(remove_it() {
  [ ! -d "$folder" ] || leftovers
  [ -e "$final" ] || [ -L "$final" ] || return 0
  whole "$final" || { say "$final is no release of ours"; return 13; }
  cat /proc/[0-9]*/cmdline /proc/[0-9]*/maps 2>/dev/null | tr '\000' '\n' |
    INSIDE=$final/ awk 'index($0, ENVIRON["INSIDE"]) { found = 1 } END { exit !found }'
  case $? in
    0) say "a process runs from $final"; return 13 ;;
    1) ;;
    *) say 'whether a process runs from it cannot be told'; return 15 ;;
  esac
  starts "$$"
  mine=$folder/.$release.arcform-$boot-$$-$ticks
  mv "$final" "$mine" && discard "$mine"
}
remove_it
)sh";

/// An absolute folder, or "packages" in ours.
std::string opening(const ScriptPlace& place, const std::string& folder, const std::string& package,
                    const std::string& release) {
  std::string out = script_prelude(place.directory);
  out += script_fence(place);
  out += process_functions();
  out += shell_assignment("folder", folder);
  out += shell_assignment("package", package);
  out += shell_assignment("release", release);
  out += shell_assignment("mark", kReleaseMark);
  out += kCommon;
  out += kLeftovers;
  return out;
}

}  // namespace

std::string install_script(const InstallRequest& request, const ScriptPlace& place) {
  std::string out = opening(place, request.folder, request.package, request.release);
  out += shell_assignment("sha256", request.sha256);
  out += shell_assignment("compressor", request.compressor);
  out += fmt::format("size={}\nroom={}\n", request.size, (request.room + 1023) / 1024);
  out += kReceive;
  out += kInstall;
  return out;
}

std::string remove_release_script(const RemoveRequest& request, const ScriptPlace& place) {
  std::string out = opening(place, request.folder, request.package, request.release);
  out += kRemove;
  return out;
}

}  // namespace arcform

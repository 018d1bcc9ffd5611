// SPDX-License-Identifier: Apache-2.0
#include "drivers/adopt_script.h"

#include <fmt/format.h>

#include "drivers/script.h"

namespace arcform {
namespace {

/// The identity file is written as the starter of a process writes it (see the lock there): no two
/// at once, whole or not at all. Words of a command line end with NUL; 'x' keeps the last newline.
constexpr std::string_view kAdopt = R"sh(descends() {
  up=$answering
  until [ "$up" = "$pid" ]; do
    [ "$up" -gt 1 ] && starts "$up" || return 1
    up=$parent
  done
}
adopt_it() {
  if occupied; then
    [ "$p $t" = "$pid $born" ] || { say "its slot has a live process (pid $p)"; return 11; }
    printf adopted
    return 0
  fi
  [ "$boot" = "$its_boot" ] && lives "$pid" "$born" || { say "pid $pid has ended"; return 16; }
  kill -0 "$pid" 2>/dev/null || {
    say "pid $pid belongs to another user; log in as that one"; return 12; }
  is=$(tr '\000' '\n' <"/proc/$pid/cmdline" && printf x) || return 1
  [ "$is" = "$argv" ] || { say "pid $pid runs with another command line by now"; return 16; }
  [ "$answering" = 0 ] || descends || {
    say "its port is answered by pid $answering, which is not pid $pid"; return 16; }
  printf '1 %s %s %s %s\n' "$boot" "$pid" "$born" "$digest" >id.new && mv -f id.new id || return 1
  printf adopted
}
)sh";

constexpr std::string_view kReadFile = R"sh([ -e "$path" ] || [ -L "$path" ] || {
  nearest "$path"
  [ ! -d "$near" ] || [ -x "$near" ] || { say "$near may not be searched"; return 12; }
  printf absent
  return 0
}
[ -f "$path" ] || { say "$path is no plain file"; return 13; }
[ -r "$path" ] || { say "$path may not be read"; return 12; }
[ "$(wc -c <"$path")" -le 65536 ] || { say "$path is larger than 64 kB"; return 14; }
printf 'file\n'
cat -- "$path"
)sh";

}  // namespace

std::string adopt_script(const AdoptRequest& request, const ScriptPlace& place) {
  std::string argv;
  for (const std::string& word : request.argv) {
    argv += word + "\n";
  }
  std::string out = script_prelude(place.directory);
  out += script_fence(place);
  out += script_of_slots();
  out += kAdopt;
  out += shell_assignment("slot", request.slot);
  out += shell_assignment("digest", request.digest.empty() ? "-" : request.digest);
  out += shell_assignment("its_boot", request.process.boot_id.value());
  out += fmt::format("pid={}\nborn={}\nanswering={}\n", request.process.pid,
                     request.process.start_ticks, request.answering);
  out += shell_assignment("argv", argv + "x");
  out += "mkdir -p \"$d/$slot\" && cd \"$d/$slot\" || return 1\nacquire || return\nadopt_it\n";
  out += "result=$?\nrm -f \"$mine\"\nreturn \"$result\"\n";
  return out;
}

std::string read_file_script(const std::string& path, const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += shell_assignment("path", path);
  out += kReadFile;
  return out;
}

}  // namespace arcform

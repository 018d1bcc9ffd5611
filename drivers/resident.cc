// SPDX-License-Identifier: Apache-2.0
#include "drivers/resident.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "drivers/script.h"

namespace arcform {
namespace {

constexpr std::size_t kLineMax = 256;

/// $1: nonce, $2: our folder, $3: the boot's id. `nap` waits without a child where the shell can:
/// nothing is ever written to the pipe, so reading from it only takes time.
constexpr std::string_view kLoop = R"sh(n=$1 d=$2 boot=$3
if [ -n "${BASH_VERSION-}" ] && eval 'exec 9<> <(:)' 2>/dev/null; then
  eval 'nap() { read -rt 0.25 -u 9 nothing; }'
  each=4
else
  nap() { sleep 0.5 2>/dev/null || sleep 1; }
  each=2
fi
look() {
  list= kept=
  for f in "$d"/node-*/id; do
    [ -f "$f" ] && read -r v b p t rest <"$f" || continue
    slot=${f%/id} slot=${slot##*/}
    [ "$b" = "$boot" ] || continue
    case " $told " in
      *" $slot:$p "*) kept="$kept $slot:$p" ;;
      *) list="$list $slot:$p" ;;
    esac
  done
  told=$kept
}
told= turn=0
while :; do
  if [ $((turn % each)) -eq 0 ]; then look; fi
  if [ $((turn % (each * 5))) -eq 0 ]; then printf '%s beat\n' "$n" || exit 0; fi
  left=
  for e in $list; do
    if [ -d "/proc/${e##*:}" ]; then left="$left $e"; continue; fi
    told="$told $e"
    printf '%s gone %s %s\n' "$n" "${e%:*}" "${e##*:}" || exit 0
  done
  list=$left
  turn=$((turn + 1))
  nap
done
)sh";

}  // namespace

std::string resident_script(std::string_view nonce, const ScriptPlace& place) {
  std::string out = script_prelude(place.directory);
  out += fmt::format("loop={}\n", shell_quote(kLoop));
  out += fmt::format(
      "if command -v bash >/dev/null 2>&1; then exec bash -c \"$loop\" loop {0} \"$d\" \"$boot\" "
      "</dev/null 2>/dev/null; fi\n"
      "exec /bin/sh -c \"$loop\" loop {0} \"$d\" \"$boot\" </dev/null 2>/dev/null\n",
      shell_quote(nonce));
  return out;
}

bool ResidentReader::take(std::string_view text) {
  rest_ += text;
  std::size_t begin = 0;
  bool more = true;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos && more;
       end = rest_.find('\n', begin)) {
    more = take_line(std::string_view(rest_).substr(begin, end - begin));
    begin = end + 1;
  }
  rest_.erase(0, begin);
  if (rest_.size() > kLineMax) {  // Nothing of ours is that long.
    rest_.clear();
  }
  return more;
}

/// "NONCE beat" or "NONCE gone node-11211 4711"; everything else is a login shell's noise.
bool ResidentReader::take_line(std::string_view line) {
  if (!line.starts_with(nonce_) || line.size() > kLineMax) {
    return true;
  }
  line.remove_prefix(nonce_.size());
  if (line == " beat") {
    return tell_(HostNews{});
  }
  constexpr std::string_view kGone = " gone ";
  const std::size_t space = line.rfind(' ');
  if (!line.starts_with(kGone) || space <= kGone.size()) {
    return true;
  }
  HostNews news;
  news.slot = line.substr(kGone.size(), space - kGone.size());
  const std::string_view pid = line.substr(space + 1);
  const auto read = std::from_chars(pid.data(), pid.data() + pid.size(), news.pid);
  const bool whole = read.ec == std::errc{} && read.ptr == pid.data() + pid.size();
  return !whole || !node_slot_port(news.slot) || tell_(news);
}

}  // namespace arcform

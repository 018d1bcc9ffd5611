#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where, and what systemd says of the unit.
#   install.sh CMAKE BUILD-FOLDER SCRATCH
set -eu
cmake=$1 build=$2 root=$3
rm -rf "$root"
DESTDIR=$root "$cmake" --install "$build" --prefix /usr >/dev/null

expected="usr/bin/arcform
usr/lib/systemd/system/arcform-watch@.service
usr/share/bash-completion/completions/arcform
usr/share/fish/vendor_completions.d/arcform.fish
usr/share/man/man1/arcform.1
usr/share/zsh/site-functions/_arcform"
found=$(cd "$root" && find . ! -type d | sed 's,^\./,,' | LC_ALL=C sort)
if [ "$found" != "$expected" ]; then
  printf 'installed:\n%s\nbut expected:\n%s\n' "$found" "$expected"
  exit 1
fi
"$root/usr/bin/arcform" --version >/dev/null

unit=$root/usr/lib/systemd/system/arcform-watch@.service
grep -qx 'ExecStart=/usr/bin/arcform watch --log json /etc/arcform/%i.json' "$unit"
# shellcheck disable=SC2016 # systemd expands it
for line in Type=notify 'ExecReload=/bin/kill -HUP $MAINPID' KillMode=process; do
  grep -qxF "$line" "$unit" || { echo "the unit has no line $line" && exit 1; }
done

# systemd wants the programs that the unit names to be there, so they are where it names them.
"$cmake" --install "$build" --prefix "$root/opt" >/dev/null
unit=$root/opt/lib/systemd/system/arcform-watch@.service
systemd-analyze verify --man=no "$unit" 2>"$root/verify" || { cat "$root/verify" && exit 1; }
if [ -s "$root/verify" ]; then
  cat "$root/verify"
  exit 1
fi
# Of 10; what is left is that it may use the network, see /proc and be a user.
systemd-analyze security --offline=true --threshold=25 \
  --root="$root" arcform-watch@x.service >"$root/security" || { cat "$root/security" && exit 1; }

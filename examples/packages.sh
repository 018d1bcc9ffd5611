# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034 # read by quickstart.sh and tests/run.sh, which source this file
# The Debian packages that arcform needs, and how to install those that are missing.

# To build the program and the examples.
build_packages='g++ cmake ninja-build pkg-config libarchive-dev libasio-dev libcli11-dev libfmt-dev
  libhttp-parser-dev libssh2-1-dev libssl-dev libzookeeper-mt-dev rapidjson-dev'
# To run a cloud: ZooKeeper, and the memcached that examples/stock-node wraps.
run_packages='default-jre-headless memcached zookeeper'
# To build and run the tests: hosts on one machine with an sshd each, shells, a browser, lint.
test_packages='busybox|busybox-static catch2 ccache chromium clang-format curl dash git iproute2 jq
  librapidcheck-dev fish man-db mandoc openssh-client openssh-server openssl procps shellcheck
  systemd util-linux xz-utils yamllint zsh zstd'

# missing_packages NAME...: prints those that are not installed. Of A|B either will do.
missing_packages() {
  for package; do
    for one in $(echo "$package" | tr "|" " "); do
      [ "$(dpkg-query -W -f="\${Status}" "$one" 2>/dev/null)" != "install ok installed" ] ||
        continue 2
    done
    printf "%s\n" "${package%%|*}"
  done
}

# Runs as root with the packages as arguments. Services that come with a package are neither started
# nor left to start at the next boot: only the programs are wanted.
# shellcheck disable=SC2016 # expanded by the shell that runs it
install_script='
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap "rm -f $policy" EXIT
  printf "#!/bin/sh\nexit 101\n" >$policy
  chmod 755 $policy
fi
install() { apt-get install -y --no-install-recommends "$@"; }
lists=$(find /var/lib/apt/lists -name "*_Packages*" 2>/dev/null | head -n 1)
[ -n "$lists" ] || apt-get update
install "$@" || { apt-get update; install "$@"; }
[ -d /run/systemd/system ] || exit 0
for package; do
  case $package in
  memcached) systemctl disable --quiet memcached ;;
  openssh-server) systemctl disable --quiet ssh ;;
  esac
done
'

# install_packages NAME...: installs what is missing, as root or through sudo; fails with the list
# where neither is possible. Elsewhere than on Debian it only says what is needed.
install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian system: what these Debian packages hold must be there: $*" >&2
    return 0
  fi
  # shellcheck disable=SC2046 # one word per package
  set -- $(missing_packages "$@")
  [ $# -gt 0 ] || return 0
  echo "installing: $*"
  if [ "$(id -u)" -eq 0 ]; then
    sh -c "$install_script" install "$@" </dev/null
  elif command -v sudo >/dev/null; then
    sudo sh -c "$install_script" install "$@" </dev/null
  else
    false
  fi || {
    echo "packages are missing and could not be installed; as root, run:" >&2
    echo "  apt-get update && apt-get install --no-install-recommends $*" >&2
    return 1
  }
}

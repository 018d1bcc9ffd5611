#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What arcus.sh does on one host, command for command (naver/arcus scripts/fabfile.py: zk_config,
# zk_start, mc_start_server; conf/zoo.cfg). Run there as the user who owns the installation.
#   arcus_sh.sh zookeeper-init PREFIX ID IP:PORT,IP:PORT,...
#   arcus_sh.sh zookeeper-start PREFIX
#   arcus_sh.sh memcached-start PREFIX PORT MEMLIMIT CONNECTIONS THREADS ZKLIST
set -eu
verb=$1
prefix=$2
home=$prefix/zookeeper

zookeeper_init() {
  mkdir -p "$home/bin" "$home/conf" "$home/data"
  # The myid is the position in the list, the client port that of the first.
  first=${2%%,*}
  cat >"$home/conf/zoo.cfg" <<CONFIG
maxClientCnxns=100
# The number of milliseconds of each tick
tickTime=2000
initLimit=10
syncLimit=5
dataDir=$home/data
clientPort=${first##*:}
4lw.commands.whitelist=*
minSessionTimeout=4000
maxSessionTimeout=200000
CONFIG
  number=1
  for server in $(printf '%s' "$2" | tr ',' ' '); do
    printf 'server.%d=%s:2888:3888\n' "$number" "${server%%:*}" >>"$home/conf/zoo.cfg"
    number=$((number + 1))
  done
  printf '%s\n' "$1" >"$home/data/myid"
}

case $verb in
zookeeper-init) zookeeper_init "$3" "$4" ;;
zookeeper-start)
  # Debian's script takes the file; that of Arcus finds it beside itself.
  ZOO_LOG_DIR=$home/data ZOO_LOG4J_PROP=WARN,CONSOLE \
    /usr/share/zookeeper/bin/zkServer.sh start "$home/bin/../conf/zoo.cfg" \
    </dev/null >/dev/null 2>&1
  ;;
memcached-start)
  "$prefix/bin/memcached" -E "$prefix/lib/default_engine.so" -X "$prefix/lib/syslog_logger.so" \
    -X "$prefix/lib/ascii_scrub.so" -d -v -r -R5 -U 0 -D: -b 8192 "-m$4" -p "$3" -c "$5" -t "$6" \
    -z "$7" </dev/null >/dev/null 2>&1
  ;;
*)
  echo "arcus_sh.sh: $verb?" >&2
  exit 2
  ;;
esac

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154 # read by `lab`, which sets name, state, count, here and init
# Making a lab and taking it down.

# --- up --------------------------------------------------------------------------------------------

need_user() {
  id arcus >/dev/null 2>&1 ||
    useradd --system --user-group --shell /bin/bash --home-dir /home/arcus --no-create-home \
      --password '*' arcus || id arcus >/dev/null || die "user arcus: could not be created"
  [ "$(id -u arcus)" != 0 ] || die "user arcus: is root; the lab needs an ordinary user"
  case $(getent passwd arcus | cut -d: -f7) in
  */sh | */bash | */dash) ;;
  *) die "user arcus: its login shell is not sh or bash; run: usermod -s /bin/bash arcus" ;;
  esac
  # The places that every host covers with its own.
  if [ ! -d /home/arcus ]; then
    mkdir -p /home/arcus
    chown arcus: /home/arcus
  fi
  mkdir -p /var/log/zookeeper /var/lib/zookeeper
}

note_self() {
  read -r stat <"/proc/$$/stat"
  # shellcheck disable=SC2086 # the fields are split on purpose
  set -- $$ ${stat##*) }
  echo "$1 ${21}" >"$state/up.pid"
}

make_keys() {
  mkdir -m 700 "$state/keys" "$state/hosts"
  (
    for i in $(numbers); do
      own=$state/hosts/$(host_name "$i")
      mkdir -p "$own/etc"
      echo "-t ed25519 -f $own/etc/ssh_host_ed25519_key"
      echo "-t ecdsa -f $own/etc/ssh_host_ecdsa_key"
    done
    echo "-t rsa -b 3072 -f $state/keys/id_rsa"
    echo "-t ed25519 -f $state/keys/id_ed25519"
    echo "-t ecdsa -f $state/keys/id_ecdsa"
    echo "-t ed25519 -f $state/keys/wrong"
  ) | xargs -P 4 -L 1 ssh-keygen -q -N '' -C arcform-lab
  ssh-keygen -q -t ed25519 -N 'correct horse' -C arcform-lab -f "$state/keys/id_ed25519_passphrase"
  for key in id_ed25519 id_ecdsa id_rsa id_ed25519_passphrase; do
    cat "$state/keys/$key.pub"
  done >"$state/keys/authorized_keys"
}

etc_hosts() {
  echo "127.0.0.1 localhost"
  echo "::1 localhost ip6-localhost ip6-loopback"
  for i in $(numbers); do echo "10.0.0.$i $(host_name "$i") $(host_name "$i" | cut -d. -f1)"; done
  echo "10.0.0.254 operator.arcus operator"
}

known_hosts() {
  for i in $(numbers); do
    for type in ed25519 ecdsa; do
      read -r algorithm key _ <"$state/hosts/$(host_name "$i")/etc/ssh_host_${type}_key.pub"
      echo "$(host_name "$i"),10.0.0.$i $algorithm $key"
    done
  done
}

ssh_config() {
  cat <<END
Host cache???
  HostName %h.arcus
Host *
  User arcus
  IdentityFile $state/keys/id_ed25519
  IdentitiesOnly yes
  UserKnownHostsFile $state/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  ConnectTimeout 5
END
}

sshd_config() {
  cat <<'END'
Port 22
PidFile /run/sshd.pid
HostKey /run/lab/ssh_host_ed25519_key
HostKey /run/lab/ssh_host_ecdsa_key
AuthorizedKeysFile .ssh/authorized_keys
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
UsePAM no
UseDNS no
MaxStartups 100:30:200
MaxSessions 10
AllowTcpForwarding yes
LogLevel VERBOSE
Subsystem sftp internal-sftp
END
}

make_files() {
  printf %s "$home_size" >"$state/home_size"
  make_keys
  etc_hosts >"$state/etc_hosts"
  known_hosts >"$state/known_hosts"
  ssh_config >"$state/ssh_config"
  sshd_config >"$state/sshd_config"
  for i in $(numbers); do cp "$state/sshd_config" "$state/hosts/$(host_name "$i")/etc/"; done
}

# Lines for `ip -batch` inside the lab's own network namespace.
network() {
  echo "link set lo up"
  echo "link add $name-br address 02:00:0a:00:00:fe type bridge mcast_snooping 0"
  echo "addr add 10.0.0.254/24 dev $name-br"
  echo "link set $name-br up"
  for i in $(numbers); do
    port=$(host_port "$i")
    mac=02:00:0a:00:00:$(printf %02x "$i")
    echo "link add $port type veth peer name eth0 address $mac netns $(host_netns "$i")"
    echo "link set $port master $name-br up"
    echo "neigh replace 10.0.0.$i lladdr $mac dev $name-br nud permanent"
  done
}

make_network() {
  echo "netns add $name-net" >"$state/netns"
  for i in $(numbers); do echo "netns add $(host_netns "$i")"; done >>"$state/netns"
  ip -batch "$state/netns"
  network >"$state/network"
  ip -n "$name-net" -batch "$state/network"
}

# The first child after `unshare --pid` is the host's process 1; nothing of ours stays open in it.
boot_host() {
  boot=$(host_name "$1")
  rm -f "$state/hosts/$boot/init.pid"
  # shellcheck disable=SC2016 # expanded by the inner shell
  (cd / && exec env -i PATH="$PATH" setsid nsenter --net="/run/netns/$(host_netns "$1")" \
    unshare --pid --mount --uts --ipc --propagation private \
    sh -c '"$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &' boot \
    "$here/host-init" "$state" "$boot" "$1" "$count" "$(command -v sshd)") \
    </dev/null >"$state/hosts/$boot/log" 2>&1 || die "host $boot: could not be started: $(cat "$state/hosts/$boot/log")"
}

await_host() {
  waited=$(host_name "$1")
  if until_true 20 sshd_settled "$waited" && sshd_ready "$waited"; then return; fi
  tail -n 20 "$state/hosts/$waited/log" "$state/hosts/$waited/etc/sshd.log" >&2 || :
  die "host $waited: its sshd does not come up: see above"
}

check_tools() {
  for tool in ip nsenter unshare setsid setpriv mount sshd ssh-keygen useradd ps xargs; do
    command -v "$tool" >/dev/null || die "$tool: not found; apt-get install iproute2 util-linux" \
      "openssh-server openssh-client passwd procps"
  done
}

lab_up() {
  case $count in
  '' | *[!0-9]* | ????* | 0*) die "up: how many hosts? a number from 1 to 100" ;;
  esac
  [ "$count" -le 100 ] || die "up $count: at most 100 hosts"
  if is_up; then
    [ "$(cat "$state/count")" = "$count" ] || die "lab $name: is up with $(cat "$state/count") hosts;" \
      "run lab --name $name down first"
    echo "lab $name: already up with $count hosts, in $state"
    return
  fi
  check_tools
  [ ! -e "$state" ] || die "$state: is there but not a lab that is up; run lab --name $name down first"
  for ns in "$name-net" $(for i in $(numbers); do host_netns "$i"; echo; done); do
    netns_exists "$ns" || continue
    die "network namespace $ns: is there already; a lab $name is up with another folder?"
  done
  need_user
  mkdir "$state"
  echo "$name" >"$state/arcform-lab"
  echo "$count" >"$state/count"
  note_self
  trap 'exit 1' HUP INT TERM
  trap 'lab_down' EXIT # until all is well
  make_files
  make_network
  for i in $(numbers); do boot_host "$i"; done
  for i in $(numbers); do await_host "$i"; done
  : >"$state/ready"
  trap - EXIT HUP INT TERM
  echo "lab $name: $count hosts up, in $state"
  echo "try: $0 --name $name run ssh -F $state/ssh_config cache001.arcus"
}

# --- down ------------------------------------------------------------------------------------------

init_gone() { ! find_init "$1"; }

# Process 1 of every host, and what was about to become one when an `up` was killed.
boots_gone() {
  pids=$(ps -e -ww -o pid= -o args= |
    MARK="/host-init $state cache" awk 'index($0, ENVIRON["MARK"]) { print $1 }')
  [ -z "$pids" ] && return
  # shellcheck disable=SC2086 # a list of pids; some may end meanwhile
  kill -9 $pids 2>/dev/null
  return 1
}

netns_empty() {
  pids=$(ip netns pids "$1")
  [ -z "$pids" ] && return
  # shellcheck disable=SC2086 # a list of pids; some may end meanwhile
  kill -9 $pids 2>/dev/null
  return 1
}

lab_down() {
  if [ ! -e "$state" ]; then
    echo "lab $name: not up"
    return
  fi
  if [ ! -e "$state/arcform-lab" ]; then
    rmdir "$state" 2>/dev/null || die "$state: not a lab's folder, left alone"
    return
  fi
  [ "$(cat "$state/arcform-lab")" = "$name" ] ||
    die "$state: belongs to lab $(cat "$state/arcform-lab"), not $name"
  if find_process "$state/up.pid" && [ "$init" != $$ ] && [ ! -e "$state/ready" ]; then
    die "lab $name: process $init is bringing it up; end that first"
  fi
  count=$(cat "$state/count" 2>/dev/null) || count=0
  until_true 10 boots_gone || die "lab $name: processes do not end: $pids"
  # Written before the namespaces are made; without it there are none.
  if [ -e "$state/netns" ]; then
    for i in $(numbers); do
      down=$(host_netns "$i")
      until_true 10 init_gone "$(host_name "$i")" || die "host $(host_name "$i"): does not end"
      netns_exists "$down" || continue
      until_true 10 netns_empty "$down" || die "network namespace $down: processes do not end: $pids"
      ip netns del "$down"
    done
    down_operator
  fi
  until_true 10 rm -rf --one-file-system "$state" 2>/dev/null || die "$state: cannot be removed"
  echo "lab $name: down"
}

# What was started with `lab run` is not ours to end.
down_operator() {
  netns_exists "$name-net" || return 0
  pids=$(ip netns pids "$name-net" | tr '\n' ' ')
  [ -z "$pids" ] || echo "lab: still running from lab run, left alone: $pids" >&2
  [ ! -e "$state/network" ] || ip -n "$name-net" link del "$name-br" 2>/dev/null || :
  ip netns del "$name-net"
}


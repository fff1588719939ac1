# Installs by apt what a command needs and the machine lacks, and says so. Sourced by ./dev.
# shellcheck shell=bash

PACKAGES=$ROOT/scripts/dev/packages.txt
APT_LOCK=/run/lock/reaperd-dev-apt.lock

# ensure_packages NEED...: each NEED is a row of packages.txt.
ensure_packages() {
  local need row wanted=() missing
  for need in "$@"; do
    row=$(table_rest "$PACKAGES" "$need") || die "no row '$need' in scripts/dev/packages.txt"
    # shellcheck disable=SC2206 # the row is a list of words
    wanted+=($row)
  done
  missing=$(missing_packages "${wanted[@]}")
  [ -z "$missing" ] && return 0
  # shellcheck disable=SC2086 # a list of words
  install_packages "$*" $missing
}

# Prints those of the named packages that dpkg does not list as installed.
missing_packages() {
  [ $# -gt 0 ] || return 0
  if ! command -v dpkg-query >/dev/null; then
    say "no dpkg here: taking for granted that these are installed: $*"
    return 0
  fi
  local installed package list=()
  installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null) "
  for package in "$@"; do
    [[ $installed == *" installed:$package "* ]] || list+=("$package")
  done
  # One package may stand in several rows.
  printf '%s\n' "${list[@]}" | sort -u | tr '\n' ' ' | sed 's/ *$//; s/^ *//'
}

# install_packages NEEDS PACKAGE...
install_packages() {
  local needs=$1
  shift
  local names="$*"
  say "installing ${names// /, } (needed for: ${needs// /, })"
  [ "$(id -u)" -eq 0 ] ||
    die "only root can install packages; run: sudo apt-get install --no-install-recommends $names"
  local log=$ROOT/build/dev-logs/apt.log
  mkdir -p "${log%/*}"
  : >"$log"
  (
    flock 9 # one apt of ours at a time; foreign ones are waited for by DPkg::Lock::Timeout
    forbid_service_starts
    if ! apt_lists_fresh; then apt_update || exit 1; fi
    apt_install "$@" || { apt_update && apt_install "$@"; }
  ) 9>"$APT_LOCK" >>"$log" 2>&1 </dev/null ||
    { tail -n 25 "$log" >&2; die "could not install: $names (see build/dev-logs/apt.log)"; }
}

# Package lists are there and were asked for within a day. apt writes into partial/ at each update,
# while the times of the lists themselves are the server's.
apt_lists_fresh() {
  compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null &&
    [ -n "$(find /var/lib/apt/lists/partial -maxdepth 0 -mtime -1 2>/dev/null)" ]
}

# `update` has no waiting for the lists' lock of its own, so a busy lock is tried again.
apt_update() {
  local try
  for try in 1 2 3 4 5 6; do
    apt-get update -q && return 0
    echo "apt-get update failed (try $try of 6)"
    sleep 5 9>&-
  done
  return 1
}

apt_install() {
  DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 install -y \
    --no-install-recommends "$@" 9>&-
}

# Tests start the services they need themselves; a package must start none. Where the machine has no
# policy yet, ours forbids it while apt runs.
forbid_service_starts() {
  local policy=/usr/sbin/policy-rc.d
  [ -e $policy ] && return 0
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
  # shellcheck disable=SC2064 # the name is fixed now
  trap "rm -f $policy" EXIT
}

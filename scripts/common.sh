# shellcheck shell=bash
# Shared by the scripts: packages, builds, messages. Source it; it changes nothing by itself.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*"; }
step() { printf '\n==> %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# as_root_or_die WHAT [COMMAND to try, when it is more than $0]
as_root_or_die() {
  [ "$(id -u)" -eq 0 ] || die "$1 needs root: it installs packages and runs a Docker engine. Try: sudo ${2:-$0}"
}

# Debian 12 and Ubuntu 24.04 name a few packages differently.
distribution() {
  . /etc/os-release
  case "$ID:$VERSION_ID" in
    debian:12) echo debian12 ;;
    ubuntu:24.04) echo ubuntu24 ;;
    *) die "this script knows Debian 12 and Ubuntu 24.04, not $PRETTY_NAME; docs/dependencies.md lists what to install" ;;
  esac
}

build_packages() {
  local boost=1.81
  [ "$(distribution)" = ubuntu24 ] && boost=1.83
  echo g++ cmake ninja-build pkg-config git ca-certificates \
    "libboost$boost-dev" "libboost-json$boost-dev" "libboost-filesystem$boost-dev" "libboost-system$boost-dev" \
    libgit2-dev libssh2-1-dev libyaml-cpp-dev libre2-dev libsqlite3-dev libmnl-dev libcurl4-openssl-dev libcpp-httplib-dev libspdlog-dev \
    libfmt-dev prometheus-cpp-dev libssl-dev zlib1g-dev libcli11-dev ccache lld
}

run_packages() { echo conntrack iproute2 nftables iptables util-linux; }

test_packages() {
  echo libgtest-dev python3 python3-yaml universal-ctags clang-format-14 clang-tidy-19 busybox-static docker.io curl openssl sqlite3 procps iputils-ping docker-registry \
    apache2-utils openssh-server openssh-client nginx fcgiwrap debootstrap systemd-container dpkg-dev file \
    bind9-dnsutils dnsmasq-base dnsperf unbound iperf3 netcat-openbsd \
    ufw firewalld dbus prometheus chromium fonts-dejavu-core
}

fuzz_packages() { echo clang-19 libclang-rt-19-dev llvm-19 libgtest-dev; }

bench_packages() { echo python3 binutils busybox-static docker.io procps libbenchmark-dev bind9-dnsutils dnsmasq-base dnsperf unbound iperf3; }

install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  as_root_or_die "installing ${missing[*]}"
  say "installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq || die "apt-get update failed"
  apt_install "${missing[@]}"
}

# In a subshell, so that the policy file goes also when this is interrupted.
apt_install() (
  # A package's service is not wanted here: engines and registries are started by hand, on our own sockets.
  policy=/usr/sbin/policy-rc.d
  mark='# made by reconcile for one installation'
  if [ ! -e $policy ] || grep -qF "$mark" $policy; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >$policy
    chmod 755 $policy
  fi
  # --no-remove: nothing that is on this machine may go (an older libboost-dev conflicts; see boost_prefix).
  if ! output=$(apt-get install -y -qq --no-remove --no-install-recommends "$@" 2>&1); then
    printf '%s\n' "$output" >&2
    return 1
  fi
)

# Where an older libboost-dev is installed that must stay, the newer one is unpacked into the build folder.
boost_prefix() {
  local version=1.81
  [ "$(distribution)" = ubuntu24 ] && return 0
  dpkg-query -W -f '${Status}' "libboost$version-dev" 2>/dev/null | grep -q 'ok installed' && return 0
  local prefix=$root/build/boost
  if [ ! -e "$prefix/usr/include/boost/version.hpp" ]; then
    mkdir -p "$prefix/packages"
    (cd "$prefix/packages" && apt-get download -qq "libboost$version-dev" "libboost-json$version-dev" \
      "libboost-filesystem$version-dev" "libboost-system$version-dev" "libboost-atomic$version-dev") >&2 || return 1
    for package in "$prefix"/packages/*.deb; do dpkg-deb -x "$package" "$prefix"; done
  fi
  echo "$prefix/usr"
}

# Debian's kubectl 1.20, unpacked into the build folder: a kubectl that is on this machine stays what it is.
old_kubectl() {
  local prefix=$root/build/kubectl-1.20
  [ ! -x "$prefix/usr/bin/kubectl" ] || return 0
  if [ "$(distribution)" = ubuntu24 ]; then
    say "Ubuntu has no kubectl 1.20: the tests with it do not run"
    return 0
  fi
  mkdir -p "$prefix/packages"
  (cd "$prefix/packages" && { apt-get download -qq kubernetes-client || { apt-get update -qq && apt-get download -qq kubernetes-client; }; }) || return 1
  dpkg-deb -x "$prefix"/packages/kubernetes-client_*.deb "$prefix"
}

# What brings `node` and `npm`; nothing where they are already, whoever made their packages.
node_packages() { { command -v node && command -v npm; } >/dev/null || echo nodejs npm; }

# node_modules FOLDER NAME: what FOLDER's lock file names, in build/NAME.
node_modules() {
  local from=$root/$1 to=$root/build/$2
  cmp -s "$from/package-lock.json" "$to/installed.json" && return 0
  mkdir -p "$to"
  cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$to/"
  (cd "$to" && npm ci --no-progress) || return 1
  cp "$from/package-lock.json" "$to/installed.json"
}

install_build_packages() {
  local packages
  packages=$(build_packages)
  if dpkg-query -W -f '${Status}' libboost1.74-dev 2>/dev/null | grep -q 'ok installed'; then
    packages=$(tr ' ' '\n' <<<"$packages" | grep -v '^libboost')
  fi
  # shellcheck disable=SC2086
  install_packages $packages || die "the build packages could not be installed"
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  local prefix
  prefix=$(boost_prefix) || die "Boost could not be unpacked"
  local log=$root/build/$preset.log
  mkdir -p "$root/build"
  if ! (cd "$root" && cmake --preset "$preset" ${prefix:+-DRECONCILE_BOOST_PREFIX=$prefix} >"$log" 2>&1); then
    cat "$log" >&2
    die "cmake failed for preset $preset"
  fi
  if [ -t 1 ]; then
    cmake --build "$root/build/$preset" ${1:+--target "$@"} || die "the build failed"
  else
    cmake --build "$root/build/$preset" ${1:+--target "$@"} >>"$log" 2>&1 || {
      tail -n 60 "$log" >&2
      die "the build failed; the whole log is build/$preset.log"
    }
  fi
}

#!/bin/sh
# Installs the Debian packages that building, testing and the demo need.
# Asks dpkg first, so that a machine that has them all needs no network.
set -eu

packages="build-essential pkg-config clang libclang-rt-14-dev
libssl-dev libevent-dev libyaml-dev libsqlite3-dev libjansson-dev libcbor-dev
libqrencode-dev libpng-dev libseccomp-dev libp11-kit-dev libcap-dev zlib1g-dev
libutf8proc-dev libcmocka-dev softhsm2 opensc opensc-pkcs11 openssl zbar-tools
golang-go golang-golang-x-mod-dev curl strace valgrind libnss3-tools sqlite3 procps
libpq-dev postgresql-15 postgresql-client-15 iproute2 chromium chromium-driver systemd
python3-mnemonic libengine-pkcs11-openssl faketime"

# a machine may bring its own Node.js
command -v node >/dev/null 2>&1 || packages="$packages nodejs"
command -v npm >/dev/null 2>&1 || packages="$packages npm"

missing=
for p in $packages; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null |
		grep -q 'ok installed' || missing="$missing $p"
done
# the first libevent of Debian 12 dies of a long AF_UNIX peer name
dpkg --compare-versions \
	"$(dpkg-query -W -f='${Version}' libevent-core-2.1-7 2>/dev/null || echo 0)" \
	ge 2.1.12-stable-8+deb12u1 || missing="$missing libevent-core-2.1-7 libevent-openssl-2.1-7 libevent-dev"
[ -z "$missing" ] && exit 0

sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null

#!/bin/bash
# Logs of ours against Debian's golang.org/x/mod: checkpoint, root, tiles,
# receipts. With LOG_DIR and LOG_VKEY (a file) set, that log instead.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

if ! [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; then
	echo "ok 1 - a stranger checks the log # SKIP no golang-golang-x-mod-dev"
	exit 0
fi
export GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$work/cache GOFLAGS=
go build -o "$work/verify" docs/audit-kit/verify.go || {
	echo "not ok - docs/audit-kit/verify.go builds"
	exit 1
}

if [ -n "${LOG_DIR:-}" ]; then
	"$work/verify" "$LOG_DIR" "${LOG_VKEY:-$LOG_DIR/log.vkey}"
	exit
fi

make_log() { "$BUILD/tool/make_log" "$@"; }
status=0
for size in 0 1 255 256 257 70000; do
	log=$work/$size receipts=
	make_log "$log" "$size" 30000 2>"$work/times" || {
		echo "not ok - a log of $size entries is made"
		sed 's/^/# /' "$work/times"
		exit 1
	}
	for index in 0 $((size / 2)) $((size - 1)); do
		[ "$size" -gt 0 ] || continue
		make_log --receipt "$log" "$index" >"$work/$size-$index" || exit 1
		receipts="$receipts $work/$size-$index"
	done
	# shellcheck disable=SC2086
	"$work/verify" "$log" "$log/log.vkey" $receipts || status=1
done

# the stranger is one who looks: a changed entry, a changed receipt
printf 7 | dd of="$work/257/tile/entries/000" bs=1 seek=100 conv=notrunc status=none
sed -i 's/^index 0$/index 1/' "$work/256-0"
# noticed NAME LINE COMMAND ...: it fails, and for the reason given
noticed() {
	name=$1 line=$2
	shift 2
	if ! "$@" >"$work/out" && grep -q "^not ok - $line" "$work/out"; then
		echo "ok - $name is noticed"
	else
		echo "not ok - $name is noticed"
		status=1
	fi
}
noticed 'a changed entry' 'sumdb/tlog derives' \
	"$work/verify" "$work/257" "$work/257/log.vkey"
noticed 'a changed receipt' 'sumdb/tlog accepts' \
	"$work/verify" "$work/256" "$work/256/log.vkey" "$work/256-0"
exit $status

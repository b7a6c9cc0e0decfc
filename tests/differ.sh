#!/bin/bash
# Our readers against Go's: changed notes, keys, proofs, receipts, bundles and
# tile paths, for some seconds (tests/go/differ.go). A seed repeats a run.
#
#	tests/differ.sh [SECONDS [SEED]]
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

if ! [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; then
	echo "ok 1 - Go and ours read the same # SKIP no golang-golang-x-mod-dev"
	exit 0
fi
export GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$work/cache GOFLAGS=
go build -o "$work/differ" tests/go/differ.go || {
	echo "not ok - tests/go/differ.go builds"
	exit 1
}
"$work/differ" "$BUILD/tool/differ" tests/corpus "${1:-600}" ${2:+"$2"}

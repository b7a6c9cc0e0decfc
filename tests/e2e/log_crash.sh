#!/bin/bash
# A publisher killed at each of its system calls: whatever checkpoint is there
# afterwards is backed by all its tiles, and starting again makes it whole.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
calls='write fsync rename mkdir unlink unlinkat rmdir sync_file_range'

# trace [OPTION ...]: the second publication fills a tile, so partials go
trace() {
	strace -qq -o "$work/trace" "$@" "$BUILD/tool/make_log" "$work/log" \
		260 200
}
make_log() { "$BUILD/tool/make_log" "$work/log" 260 200 2>"$work/why"; }
verify() { "$BUILD/tool/make_log" --verify "$work/log" >"$work/report" 2>&1; }

if ! trace -e trace="${calls// /,}" 2>"$work/why"; then
	echo "ok 1 - a killed publisher leaves a whole log # SKIP no strace: $(head -n 1 "$work/why")"
	exit 0
fi
cp "$work/trace" "$work/whole"

complain() {
	echo "# $1: $(tail -n 1 "$work/trace") $(cat "$work/why")"
	sed 's/^/# /' "$work/report"
	bad=$((bad + 1))
}

killed=0 bad=0
for call in $calls; do
	for n in $(seq "$(grep -c "^$call(" "$work/whole")"); do
		rm -rf "$work/log" "$work/report"
		# in a shell of its own, which tells of the killing into a file
		(trace -e inject="$call:signal=KILL:when=$n"; exit $?) \
			2>"$work/why" && continue
		killed=$((killed + 1))
		[ ! -e "$work/log/checkpoint" ] || verify ||
			complain "killed at $call $n"
		make_log && verify || complain "started again after $call $n"
	done
done
if [ "$bad" -eq 0 ] && [ "$killed" -gt 50 ]; then
	echo "ok 1 - a publisher killed at any of $killed calls leaves a whole log"
else
	echo "not ok 1 - $bad of $killed killed publishers left a broken log"
	exit 1
fi

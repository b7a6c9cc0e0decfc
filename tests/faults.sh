#!/bin/bash
# The notary's disk fails at every one of its system calls: killed there, told
# EIO or ENOSPC, nothing written, or cut short at any length a file can reach.
# After each the notary is started again and tests/tool/faults.c compares what
# it has with what it had acknowledged.
#
#	tests/faults.sh [STEP]	every STEP-th point (1: all of them); CALLS="…"
#				of these system calls only
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
step=${1:-1}
work=$(mktemp -d) || exit 1
fresh=$("$BUILD/tool/faults" prepare) || exit 1
dir=/tmp/okse-faults-$$
trap 'rm -rf "$work" "$fresh" "$dir"' EXIT
calls=${CALLS:-write pwrite64 fdatasync fsync ftruncate rename unlink unlinkat rmdir mkdir sync_file_range openat}
points=0 hits=0 bad=0
ulimit -c 0

begin() {
	rm -rf "$dir" "$work"/*
	cp -r "$fresh" "$dir"
}

# judge STATUS POINT: 0 all went well, 3 it gave up, 137 it was killed
judge() {
	points=$((points + 1))
	case $1 in
	0|3|137) ;;
	*) echo "# $2: exit status $1: $(tail -n 1 "$work/said")"; bad=$((bad + 1)) ;;
	esac
	"$BUILD/tool/faults" judge "$dir" >"$work/verdict" 2>"$work/judge" && return
	echo "the judge ends with status $?" >>"$work/verdict"
	bad=$((bad + 1))
	sed "s/^/# $2: /" "$work/verdict"
	tail -n 2 "$work/judge" | sed 's/^/#   /'
}

# is_ours CALL: of what is opened only the notary's own files count, not
# libraries, nor what stands for clients and tokens here
is_ours() {
	[ "$1" = openat ] || return 0
	grep 'openat(' "$work/trace" | grep -E 'INJECTED|= \?$' | tail -n 1 |
		grep -F "\"$dir" | grep -qvE 'receipts|\.private'
}

# with FAULT CALL N: was there such a call?
with() {
	begin
	(strace -f -qq -o "$work/trace" -e trace="$2" -e inject="$2:$1:when=$3" \
		"$BUILD/tool/faults" run "$dir" >"$work/said" 2>&1
	exit $?) 2>/dev/null
	status=$?
	grep -qE 'INJECTED|killed by SIGKILL' "$work/trace" || return 1
	is_ours "$2" || return 0
	hits=$((hits + 1))
	judge "$status" "$2 $3 $1"
}

begin
if ! strace -f -qq -o "$work/trace" "$BUILD/tool/faults" run "$dir" >"$work/said" 2>&1; then
	echo "ok 1 - the notary keeps its promises when its disk fails # SKIP no strace: $(head -n 1 "$work/said")"
	exit 0
fi
if ! "$BUILD/tool/faults" judge "$dir" >"$work/verdict" 2>&1; then
	sed 's/^/# without any fault: /' "$work/verdict"
	bad=$((bad + 1))
fi
# without any fault everybody is served: 24 tickets and 16 changes of status
if ! grep -q '^40 receipts' "$work/verdict"; then
	echo "# without any fault there are $(tail -n 1 "$work/verdict")"
	bad=$((bad + 1))
fi
# the judge can tell: receipts of one run, the disk of another
cp "$dir/receipts" "$work/receipts"
cp "$work/receipts" "$fresh/other"
begin
"$BUILD/tool/faults" run "$dir" >"$work/said" 2>&1
mv "$fresh/other" "$dir/receipts"
if "$BUILD/tool/faults" judge "$dir" >"$work/verdict" 2>&1 ||
	! grep -q 'another entry' "$work/verdict"; then
	echo "# the judge finds nothing wrong with another run's receipts"
	bad=$((bad + 1))
fi
turn=0
for call in $calls; do
	n=1
	while :; do
		turn=$((turn + 1))
		any=0
		for fault in signal=KILL error=EIO error=ENOSPC retval=0; do
			# success without an effect is a lie no kernel tells
			case $call:$fault in
			write:retval=0|pwrite64:retval=0|*:[se]*) ;;
			*) continue ;;
			esac
			# a slice takes each point with one fault in turn
			if [ "$step" -ne 1 ]; then
				fault=$(echo signal=KILL error=EIO error=ENOSPC | cut -d' ' -f$((turn % 3 + 1)))
			fi
			with "$fault" "$call" "$n" && any=1
			[ "$step" -eq 1 ] || break
		done
		[ "$any" -eq 1 ] || break
		n=$((n + step))
	done
done

# true short writes: no file may grow beyond a limit that falls anywhere
trap '' XFSZ
largest=$(find "$dir" -type f ! -name receipts -printf '%s\n' | sort -n | tail -n 1)
for limit in $(seq 3000 $((step * 4999)) $((largest + 4999))); do
	begin
	(ulimit -f unlimited; prlimit --fsize="$limit" \
		"$BUILD/tool/faults" run "$dir" >"$work/said" 2>&1)
	judge $? "files cut at $limit bytes"
done

if [ "$bad" -eq 0 ] && [ "$hits" -gt 5 ]; then
	echo "ok 1 - the notary keeps its promises when its disk fails, at $points points"
else
	echo "not ok 1 - $bad broken promises at $points points"
	exit 1
fi

#!/bin/sh
# Runs every test and ends with what failed, shortly, and the sum:
# "N passed, N failed, N skipped".
#
# A test is a program that prints TAP (ok / not ok / ok … # SKIP why). Exit
# status other than 0 without a "not ok" line counts as one failure more.
# `tests/run.sh PATTERN …` runs only the tests whose path matches one. As many
# run at a time as there are processors, or JOBS.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
export BUILD CMOCKA_MESSAGE_OUTPUT=TAP

# What failed in $log: each "not ok" line, or how it ended without one, and the
# first 15 lines of why; what is wrong stands first, a stack after it.
failures() {
	if grep -q '^not ok ' "$log"; then
		cat "$log"
	else
		echo "not ok - exit status $status after $ok results, the last:" \
			"$(grep '^ok ' "$log" | tail -n 1)"
		awk '/^ok / { n = 0; next } { line[n++] = $0 }
			END { for (i = 0; i < n; i++) print line[i] }' "$log"
	fi | awk '
		/^(ok |1\.\.)/ { left = 0 }
		/^not ok / { left = 16 }
		left > 0 && !/^#? *$/ { left--; print substr($0, 1, 300) }' |
		iconv -c -f utf-8 -t utf-8
}

# Of many outputs only the last lines are ever looked at: all failures, with as
# many lines of why as twenty lines have room for.
closing() {
	cat "$out"/*.failed 2>/dev/null | awk '
		/^[^ ]+: not ok / { n++ }
		{ line[NR] = $0 }
		END {
			each = n ? int(19 / n) : 0
			for (i = 1; i <= NR; i++) {
				if (line[i] ~ /^[^ ]+: not ok /) left = each > 1 ? each : 1
				if (left-- > 0) print line[i]
			}
		}'
}

# run_one NAME COMMAND …: its line, and its numbers beside its output
run_one() {
	name=$1
	shift
	log=$BUILD/test-output/$(echo "$name" | tr / -).tap
	started=$(date +%s)
	timeout -k 10 600 "$@" >"$log" 2>&1
	status=$?
	ok=$(grep -c '^ok ' "$log")
	skip=$(grep -ciE '^ok .*# *SKIP' "$log")
	bad=$(grep -c '^not ok ' "$log")
	if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
		bad=1
	fi
	[ "$bad" -eq 0 ] || failures | sed "s|^not ok |$name: &|" >"$log.failed"
	echo "$((ok - skip)) $bad $skip" >"$log.sum"
	# in one piece: others run at the same time
	{
		printf '%-4s %s (%d passed, %ds)\n' \
			"$([ "$bad" -eq 0 ] && echo ok || echo FAIL)" \
			"$name" $((ok - skip)) $(($(date +%s) - started))
		grep -iE '^ok .*# *SKIP' "$log" |
			sed 's/^ok[ 0-9-]*/     skipped: /'
		[ "$bad" -eq 0 ] || sed 's/^/     | /' "$log.failed"
	} >"$log.told"
	cat "$log.told"
}

if [ "${1:-}" = --one ]; then
	shift
	run_one "$@"
	exit 0
fi

wanted() {
	[ $# -eq 1 ] && return 0
	path=$1
	shift
	for pattern; do
		case $path in *$pattern*) return 0 ;; esac
	done
	return 1
}

# Each line: a name, and the words of its command.
list() {
	wanted lint "$@" && echo "lint tests/lint.sh --tap"
	# the longest first, so that none is left alone at the end
	for t in tests/e2e/*.mjs; do
		wanted "$t" "$@" && echo "${t#tests/} node $t"
	done
	for t in tests/e2e/*.sh; do
		wanted "$t" "$@" && echo "${t#tests/} $t"
	done
	for t in tests/unit/*/*_test.c; do
		name=${t#tests/}
		wanted "$name" "$@" && echo "${name%.c} $BUILD/${name%.c}"
	done
	for t in tests/fuzz/*/*.c; do
		name=${t#tests/fuzz/}
		wanted "replay/$name" "$@" && echo "replay/${name%.c}" \
			"$BUILD/replay/${name%.c}" \
			"tests/corpus/$(basename "$t" .c)"
	done
}

out=$BUILD/test-output
rm -rf "$out"
mkdir -p "$out"
list "$@" | xargs -r -P "${JOBS:-$(nproc)}" -L 1 tests/run.sh --one
closing
cat "$out"/*.sum 2>/dev/null | awk '
	{ passed += $1; failed += $2; skipped += $3 }
	END {
		printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
		exit failed != 0
	}'

#!/bin/sh
# Runs every test and ends with the sum: "N passed, N failed, N skipped".
#
# A test is a program that prints TAP (ok / not ok / ok … # SKIP why). Exit
# status other than 0 without a "not ok" line counts as one failure more.
# `tests/run.sh PATTERN …` runs only the tests whose path matches one.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build}
export BUILD CMOCKA_MESSAGE_OUTPUT=TAP
out=$BUILD/test-output
rm -rf "$out"
mkdir -p "$out"
passed=0 failed=0 skipped=0

run_one() {
	name=$1
	shift
	log=$out/$(echo "$name" | tr / -).tap
	started=$(date +%s)
	timeout -k 10 600 "$@" >"$log" 2>&1
	status=$?
	ok=$(grep -c '^ok ' "$log")
	skip=$(grep -ciE '^ok .*# *SKIP' "$log")
	bad=$(grep -c '^not ok ' "$log")
	if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
		bad=1
		echo "# exit status $status, $ok results" >>"$log"
	fi
	passed=$((passed + ok - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
	printf '%-4s %s (%d passed, %ds)\n' "$([ "$bad" -eq 0 ] && echo ok || echo FAIL)" \
		"$name" $((ok - skip)) $(($(date +%s) - started))
	grep -iE '^ok .*# *SKIP' "$log" | sed 's/^ok[ 0-9-]*/     skipped: /'
	[ "$bad" -eq 0 ] || sed 's/^/     | /' "$log" | tail -n 60
}

wanted() {
	[ $# -eq 1 ] && return 0
	path=$1
	shift
	for pattern; do
		case $path in *$pattern*) return 0 ;; esac
	done
	return 1
}

wanted lint "$@" && run_one lint tests/lint.sh --tap
for t in tests/unit/*/*_test.c; do
	name=${t#tests/}
	wanted "$name" "$@" && run_one "${name%.c}" "$BUILD/${name%.c}"
done
for t in tests/fuzz/*/*.c; do
	[ -e "$t" ] || continue
	name=${t#tests/fuzz/}
	corpus=tests/corpus/$(basename "$t" .c)
	wanted "replay/$name" "$@" && run_one "replay/${name%.c}" "$BUILD/replay/${name%.c}" "$corpus"
done
for t in tests/e2e/*.sh; do
	[ -e "$t" ] || continue
	wanted "$t" "$@" && run_one "${t#tests/}" "$t"
done
for t in tests/e2e/*.mjs; do
	[ -e "$t" ] || continue
	wanted "$t" "$@" && run_one "${t#tests/}" node "$t"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

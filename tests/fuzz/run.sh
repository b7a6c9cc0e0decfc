#!/bin/sh
# Runs each fuzzer given for FUZZ_SECONDS from its corpus; stops at a finding.
set -eu
for fuzzer; do
	name=$(basename "$fuzzer")
	fresh=$BUILD/fuzz-corpus/$name
	mkdir -p "$fresh" "tests/corpus/$name"
	echo "== $name, ${FUZZ_SECONDS}s"
	"$fuzzer" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
		-artifact_prefix="$BUILD/fuzz-" -print_final_stats=1 \
		"$fresh" "tests/corpus/$name" 2>&1 | tail -n 12
done

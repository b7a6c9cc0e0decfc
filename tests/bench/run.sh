#!/bin/sh
# Throughput and latency of a whole instance on this machine, against a raw
# C_Sign loop on the same token in the same run. Prints a table; the figures
# wanted are those of the design.
set -eu
cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
OKSE_SHM=0	# what is durable costs what the disk costs
export BUILD OKSE_SHM
node tests/bench/bench.mjs "$@"
echo
node tests/bench/log.mjs
echo
exec node tests/bench/engines.mjs

#!/bin/sh
# A few rounds of tests/kills.mjs; `make test-kill` goes on for a thousand.
exec node "$(dirname "$0")/../kills.mjs" 5 5

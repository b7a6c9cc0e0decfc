#!/bin/sh
# Every 23rd point of tests/faults.sh; `make test-faults` goes through all.
exec "$(dirname "$0")/../faults.sh" 23

#!/bin/sh
# Four seconds of tests/differ.sh; `make fuzz-differential` takes ten minutes.
exec "$(dirname "$0")/../differ.sh" 4

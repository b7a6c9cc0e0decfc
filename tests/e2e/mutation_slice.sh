#!/bin/sh
# A few checks of the verifier switched off in turn, those of the trust policy
# and of notes, by the quick tests; `make test-mutation` tries all of them.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ -n "${SANITIZE:-}" ]; then
	echo "ok 1 - checks switched off # SKIP sanitizers are for other builds"
	exit 0
fi
exec make -s MAKEFLAGS= BUILD="$BUILD" test-mutation \
	MUTATION="--sample 2 --tests trust,note,forgery,verify_forged,rotation_entry" \
	MUTANTS="trust.c trust_open.c note.c vkey.c"

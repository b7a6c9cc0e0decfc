#!/bin/sh
# What `make install` puts where, and the unit as systemd reads it. It is not
# started: that takes a machine of its own.
set -u
cd "$(dirname "$0")/../.." || exit 1
at=$(mktemp -d /tmp/okse-install-XXXXXX)
trap 'rm -rf "$at"' EXIT
n=0

result() { # status sentence
	n=$((n + 1))
	[ "$1" -eq 0 ] && echo "ok $n - $2" || echo "not ok $n - $2"
}

make -s install BUILD="${BUILD:-build}" PREFIX="$at" >"$at.log" 2>&1
result $? "it installs below a prefix"
sed 's/^/# /' "$at.log"
rm -f "$at.log"

missing=0
for f in sbin/oksed bin/okse share/okse/policy/resident-id.yaml \
	share/okse/ceremony/rehearsal.yaml share/man/man1/okse.1 \
	share/man/man5/okse.yaml.5 share/man/man8/oksed.8 \
	lib/systemd/system/oksed.service lib/sysusers.d/okse.conf; do
	[ -s "$at/$f" ] || { echo "# no $f"; missing=1; }
done
result $missing "programs, configuration, manuals and the unit are there"

"$at/bin/okse" policy test "$at/share/okse/policy" >/dev/null
result $? "the installed policy passes its own cases"

unit=$at/lib/systemd/system/oksed.service
said=$(systemd-analyze verify --man=no "$unit" 2>&1 | tee "$at/said")
[ -z "$said" ]
result $? "systemd has nothing to say against the unit"
sed 's/^/# /' "$at/said"

# of 100, the less the better; without SystemCallFilter, which the daemon sets
# itself for each process, and with the network, which its clients need
systemd-analyze security --offline=true --threshold=31 --no-pager \
	"$unit" >"$at/said" 2>&1
result $? "it leaves a service nothing it does not need"
grep '^→' "$at/said" | sed 's/^/# /'

systemd-sysusers --dry-run --root="$at/none" \
	"$at/lib/sysusers.d/okse.conf" 2>&1 | grep -q "Creating user 'okse'"
result $? "its user can be made"
echo "1..$n"

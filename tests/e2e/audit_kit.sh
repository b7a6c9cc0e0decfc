#!/bin/bash
# The auditor's kit (docs/audit-kit) against logs of ours and forgeries of
# them: what is good is taken, what is not is refused, by each tool.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build}
kit=docs/audit-kit
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

result() { # STATUS NAME
	[ "$1" -eq 0 ] && echo "ok - $2" && return
	echo "not ok - $2"
	sed 's/^/# /' "$work/out"
	status=1
}
taken() { # NAME COMMAND …
	name=$1
	shift
	"$@" >"$work/out" 2>&1 && ! grep -q '^not ok' "$work/out"
	result $? "$name"
}
# refused for the reason given, not for a mistake in the script
refused() { # NAME REASON COMMAND …
	name=$1 reason=$2
	shift 2
	! "$@" >"$work/out" 2>&1 && grep -q -- "$reason" "$work/out"
	result $? "$name"
}

"$BUILD/tool/make_log" "$work/log" 260 100 2>/dev/null || exit 1
"$BUILD/tool/make_log" "$work/empty" 0 2>/dev/null || exit 1
"$BUILD/tool/make_log" --receipt "$work/log" 259 >"$work/proof" || exit 1
key=$work/log/log.vkey

taken 'the shell takes a log' $kit/verify.sh log "$work/log" "$key"
taken 'the shell takes an empty log' \
	$kit/verify.sh log "$work/empty" "$work/empty/log.vkey"
taken 'the shell takes a receipt' $kit/verify.sh receipt "$work/proof" "$key"
taken 'Node takes a receipt' node $kit/receipt.mjs "$work/proof" "$key"

forge() { # what makes a fresh copy of the log, forged
	rm -rf "$work/forged"
	cp -r "$work/log" "$work/forged"
}
put() { # BYTE-TEXT OFFSET FILE
	printf %s "$1" | dd of="$3" bs=1 seek="$2" conv=notrunc status=none
}

# CVE-2026-56865: an entry and its level-0 hash, changed together
forge
put 7 100 "$work/forged/tile/entries/000"
len=$(od -An -tu1 -N2 "$work/forged/tile/entries/000" | awk '{ print $1 * 256 + $2 }')
{ printf '\0'; tail -c +3 "$work/forged/tile/entries/000" | head -c "$len"; } |
	openssl dgst -sha256 -binary |
	dd of="$work/forged/tile/0/000" conv=notrunc status=none
refused 'the shell refuses an entry changed with its level-0 hash' \
	'do not hash' $kit/verify.sh log "$work/forged" "$key"
refused 'okse refuses it, too' 'within entries 0 to 255' \
	"$BUILD/okse" audit verify --key "$key" "$work/forged"

forge
head -c 500 "$work/log/tile/entries/001.p/4" >"$work/forged/tile/entries/001.p/4"
refused 'the shell refuses a bundle cut short' 'within an entry' \
	$kit/verify.sh log "$work/forged" "$key"
forge
sed -i '2s/260/259/' "$work/forged/checkpoint"
refused 'the shell refuses another size' 'signature' \
	$kit/verify.sh log "$work/forged" "$key"
tr 'A-Za-z' 'B-ZAb-za' <"$key" >"$work/other.vkey"
refused 'the shell refuses a key that is none' 'NOT VERIFIED' \
	$kit/verify.sh log "$work/log" "$work/other.vkey"

for line in 2 3 4; do
	sed "${line}s/[0-9]/&0/" "$work/proof" | cmp -s - "$work/proof" &&
		sed "${line}s/A/B/" "$work/proof" >"$work/bad" ||
		sed "${line}s/[0-9]/&0/" "$work/proof" >"$work/bad"
	refused "the shell refuses a receipt with line $line changed" \
		'NOT VERIFIED' $kit/verify.sh receipt "$work/bad" "$key"
	refused "Node refuses a receipt with line $line changed" \
		'NOT VERIFIED' node $kit/receipt.mjs "$work/bad" "$key"
done

# ---- Go, where it is
if [ -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; then
	export GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS=
	export GOCACHE=$work/cache
	go build -o "$work/verify" $kit/verify.go || exit 1
	taken 'Go takes log and receipt' \
		"$work/verify" "$work/log" "$key" "$work/proof"
	forge
	put 7 100 "$work/forged/tile/entries/000"
	{ printf '\0'; tail -c +3 "$work/forged/tile/entries/000" |
		head -c "$len"; } | openssl dgst -sha256 -binary |
		dd of="$work/forged/tile/0/000" conv=notrunc status=none
	refused 'Go refuses an entry changed with its level-0 hash' \
		'not ok - sumdb/tlog derives' \
		"$work/verify" "$work/forged" "$key"
else
	echo 'ok - Go checks the log # SKIP no golang-golang-x-mod-dev'
fi
exit $status

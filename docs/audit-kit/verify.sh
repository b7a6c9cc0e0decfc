#!/bin/sh
# Checks a log of Okse, or one receipt, with nothing of ours: openssl,
# sha256sum, basenc, base64, od and awk, as Debian has them.
#
#	verify.sh log DIR VKEYFILE		every entry, the signed root
#	verify.sh receipt FILE VKEYFILE		one entry's place in the log
#
# Everything is derived again from the entries; no tile is believed. A
# thousand entries take about ten seconds. VKEYFILE must come from the
# programme, not from the log's own directory.
set -u
LC_ALL=C
export LC_ALL
work=$(mktemp -d) || exit 4
trap 'rm -rf "$work"' EXIT
die() { echo "NOT VERIFIED: $*"; exit 1; }

tohex() { od -An -v -tx1 | tr -d ' \n'; }
tobin() { tr a-f A-F | basenc -d --base16; }
hash() { tobin | sha256sum | cut -c1-64; }
leaf() { printf '00%s' "$1" | hash; }
node() { printf '01%s%s' "$1" "$2" | hash; }

# ---- the note: text, a blank line, signature lines (C2SP signed-note)
check_note() { # FILE VKEYFILE; sets origin, size, root
	name=$(sed 's/+.*//' "$2")
	id=$(sed 's/^[^+]*+\([0-9a-f]*\)+.*/\1/' "$2")
	key=$(sed 's/^[^+]*+[0-9a-f]*+//' "$2" | base64 -d | tohex)
	case $key in 01*) ;; *) die "not an Ed25519 key" ;; esac
	pub=${key#01}
	[ "${#pub}" -eq 64 ] || die "the key has not 32 bytes"
	want=$( { printf '%s\n' "$name"; printf '01%s' "$pub" | tobin; } |
		sha256sum | cut -c1-8)
	[ "$id" = "$want" ] || die "the key's id is not that of its bytes"
	printf '302a300506032b6570032100%s' "$pub" | tobin >"$work/pub.der"
	head -n 3 "$1" >"$work/text"
	[ "$(sed -n 4p "$1")" = "" ] || die "a checkpoint has three lines"
	line=$(sed -n "5,\$s|^— $name ||p" "$1" | while read -r l; do
		case $(printf %s "$l" | base64 -d | tohex) in
		"$id"*) echo "$l" ;;
		esac
	done)
	[ -n "$line" ] || die "not signed by this key"
	printf %s "$line" | base64 -d | tail -c +5 >"$work/sig"
	openssl pkeyutl -verify -rawin -pubin -keyform DER \
		-inkey "$work/pub.der" -in "$work/text" -sigfile "$work/sig" \
		>/dev/null 2>&1 || die "the signature does not verify"
	origin=$(sed -n 1p "$work/text")
	size=$(sed -n 2p "$work/text")
	root=$(sed -n 3p "$work/text" | base64 -d | tohex)
	[ "$origin" = "$name" ] || die "a checkpoint of another log"
	case $size in '' | *[!0-9]* | 0?*) die "the size is no number" ;; esac
}

# ---- RFC 9162 2.1.3.2
check_receipt() { # FILE VKEYFILE
	[ "$(sed -n 1p "$1")" = c2sp.org/tlog-proof@v1 ] || die "no tlog-proof"
	sed '1,/^$/d' "$1" >"$work/note"
	check_note "$work/note" "$2"
	entry=$(sed -n '2s/^extra //p' "$1")
	index=$(sed -n '3s/^index //p' "$1")
	case $index in '' | *[!0-9]* | 0?*) die "the index is no number" ;; esac
	[ "$index" -lt "$size" ] || die "the index is not in the tree"
	r=$(leaf "$(printf %s "$entry" | base64 -d | tohex)")
	fn=$index sn=$((size - 1))
	for p in $(sed -n '4,/^$/p' "$1"); do
		[ "$sn" -gt 0 ] || die "the proof is too long"
		p=$(printf %s "$p" | base64 -d | tohex)
		if [ $((fn & 1)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
			r=$(node "$p" "$r")
			while [ $((fn & 1)) -eq 0 ] && [ "$fn" -ne 0 ]; do
				fn=$((fn >> 1)) sn=$((sn >> 1))
			done
		else
			r=$(node "$r" "$p")
		fi
		fn=$((fn >> 1)) sn=$((sn >> 1))
	done
	[ "$sn" -eq 0 ] && [ "$r" = "$root" ] ||
		die "the proof does not lead to the signed root"
	echo "VERIFIED: entry $index of $size in $origin"
	printf %s "$entry" | base64 -d
	echo
}

# ---- the whole tree (RFC 6962 2.1), from the bundles
bundle_path() { # N -> x001/x234/067
	awk -v n="$1" 'BEGIN {
		s = sprintf("%03d", n % 1000)
		for (n = int(n / 1000); n > 0; n = int(n / 1000))
			s = sprintf("x%03d/", n % 1000) s
		print s
	}'
}

entries() { # one line of hex for each entry of a bundle
	od -An -v -tx1 "$1" | tr -d ' \n' | awk '
	function h(s, i, v) {
		for (i = 1; i <= length(s); i++)
			v = v * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
		return v
	}
	{ for (at = 1; at <= length($0); at += 4 + 2 * n) {
		n = h(substr($0, at, 4))
		if (at + 3 + 2 * n > length($0)) exit 1
		print substr($0, at + 4, 2 * n)
	} }'
}

check_log() { # DIR VKEYFILE
	check_note "$1/checkpoint" "$2"
	: >"$work/leaves"
	n=0
	while [ $((n * 256)) -lt "$size" ]; do
		w=$((size - n * 256))
		f=$1/tile/entries/$(bundle_path "$n")
		[ "$w" -ge 256 ] || [ ! -e "$f.p/$w" ] || f=$f.p/$w
		[ -e "$f" ] || die "there is no $f"
		entries "$f" >"$work/hex" || die "$f ends within an entry"
		[ "$w" -le 256 ] || w=256
		[ "$(wc -l <"$work/hex")" -ge "$w" ] || die "$f has not $w entries"
		head -n "$w" "$work/hex" | while read -r e; do leaf "$e"; done \
			>>"$work/leaves"
		n=$((n + 1))
	done
	# each pass hashes pairs; a last one without partner moves up
	cp "$work/leaves" "$work/level"
	[ "$size" -gt 0 ] || printf '' | sha256sum | cut -c1-64 >"$work/level"
	while [ "$(wc -l <"$work/level")" -gt 1 ]; do
		paste -d' ' - - <"$work/level" | while read -r a b; do
			[ -z "$b" ] && echo "$a" || node "$a" "$b"
		done >"$work/next"
		mv "$work/next" "$work/level"
	done
	[ "$(cat "$work/level")" = "$root" ] ||
		die "the entries do not hash to the signed root"
	echo "VERIFIED: $size entries of $origin"
}

case ${1-}:$# in
log:3) check_log "$2" "$3" ;;
receipt:3) check_receipt "$2" "$3" ;;
*) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 4 ;;
esac

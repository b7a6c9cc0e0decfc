#!/bin/bash
# What the compiler cannot see: the rules of this code base, by grep. Each
# rule lists what breaks it as file:line: text; silence is good.
# `tests/lint.sh --tap` prints TAP for tests/run.sh.
set -u
shopt -s lastpipe	# what rule() counts stays counted
cd "$(dirname "$0")/.." || exit 1
export LC_ALL=C
tap=0
[ "${1:-}" = --tap ] && tap=1
number=0 failures=0

folders='base quorum policy pkcs11 credential audit signer ceremony cli'
mapfile -t code < <(find $folders -name '*.[ch]' | sort)
mapfile -t sources < <(find $folders -name '*.c' | sort)
mapfile -t all_c < <(find $folders tests -name node_modules -prune -o \
	-name '*.[ch]' -print | sort)

# rule NAME: what breaks it comes on standard input
rule() {
	found=$(cat)
	number=$((number + 1))
	if [ -z "$found" ]; then
		[ "$tap" -eq 0 ] || echo "ok $number - $1"
		return
	fi
	failures=$((failures + 1))
	[ "$tap" -eq 0 ] && echo "$1:" || echo "not ok $number - $1"
	printf '%s\n' "$found" | sed "s/^/$([ "$tap" -eq 1 ] && echo '# ' || echo '  ')/"
}

# The same lines without comments and texts: what is code in them. A line may
# be excused beside itself: /* lint: why */
bare() {
	awk '
	FNR == 1 { comment = 0 }
	/\/\* lint: / { next }
	{
		line = $0
		gsub(/\\"/, "", line)
		gsub(/"[^"]*"/, "\"\"", line)
		out = ""
		while (line != "") {
			if (comment) {
				end = index(line, "*/")
				if (!end) { line = ""; break }
				line = substr(line, end + 2)
				comment = 0
				continue
			}
			start = index(line, "/*")
			if (!start) { out = out line; break }
			out = out substr(line, 1, start - 1)
			line = substr(line, start + 2)
			comment = 1
		}
		sub(/\/\/.*/, "", out)
		if (out ~ /[^ \t]/)
			print FILENAME ":" FNR ": " out
	}' "$@"
}
bare "${code[@]}" >"${TMPDIR:-/tmp}/okse-lint.$$"
trap 'rm -f "${TMPDIR:-/tmp}/okse-lint.$$"' EXIT
within() { cat "${TMPDIR:-/tmp}/okse-lint.$$"; }

# ---- what is not written here

within | grep -E '\bgoto\b' | rule 'no goto'

within | grep -v '^base/' |
	grep -E '\b(malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|alloca)\(' |
	rule 'memory is taken and released in base/ only'

within | grep -E '\b(strcpy|strncpy|strcat|strncat|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|scanf|sscanf|fscanf|tmpnam|mktemp|system|popen)\(' |
	rule 'no function that forgets a length or an error'

# digests, names and pseudonyms are no secrets; whole folders have no others
within | grep -E '\bmemcmp\(' | grep -vE '^(base/bytes\.c|audit/|credential/|pkcs11/|policy/|signer/notary/(facts|retry|ticket)\.c):?' |
	grep -vE 'memcmp\([^,]*_id, ' |
	rule 'memcmp only where nothing is secret'

# a call may go over several lines: join what is between ( and ;
# (dup2 is how a descriptor is handed to a child on purpose)
awk '
FNR == 1 { text = "" }
{
	if (text == "" && $0 !~ /(^|[^a-z_])(open|openat|socket|socketpair|accept|accept4|pipe|pipe2|dup|dup3|fopen|fdopen|eventfd|epoll_create|epoll_create1|memfd_create|mkstemp|mkostemp|timerfd_create|signalfd|inotify_init1)\(/)
		next
	if (text == "") { text = ""; at = FILENAME ":" FNR }
	text = text " " $0
	if ($0 ~ /[;{]/) { print at ": " text; text = "" }
}' "${sources[@]}" | sed 's/[ \t][ \t]*/ /g' |
	grep -vE 'CLOEXEC|fopen\([^;]*"[a-z+]*e[a-z+]*"\)|^[^:]*:[0-9]*: *\*' |
	rule 'descriptors are close-on-exec at birth'

# ---- who may include what

include() { grep -nE "^#include.*$1" "${code[@]}"; }

include '(p11-kit|pkcs11\.h|cryptoki)' | grep -v '^pkcs11/' |
	rule 'Cryptoki only in pkcs11/'
include '<event2?/' | grep -v '^signer/' | rule 'libevent only in signer/'
include '<yaml\.h>' | grep -v '^policy/' | rule 'libyaml only in policy/'
include '<jansson\.h>' | grep -vE '^(credential/inspect|cli/)' |
	rule 'jansson is for the tools only'
include '<sqlite3\.h>' | grep -v '^signer/notary/' |
	rule 'SQL only in the notary'

seen=
for folder in $folders; do
	seen="$seen $folder"
	# shellcheck disable=SC2086
	find "$folder" -name '*.[ch]' -exec grep -HnE '^#include "' {} + |
		grep -vE "#include \"($(echo $seen | tr ' ' '|'))/[^\"]*\""
done | rule 'includes go to the folder itself and those before it'

# ---- size and shape

awk '
FNR == 1 { start = 0 }
/^\{/ { start = FNR }
/^\}/ {
	if (start && FNR - start - 1 > 60)
		print FILENAME ":" start ": " FNR - start - 1 " lines"
	start = 0
}' "${all_c[@]}" | rule 'functions have at most 60 lines'

wc -l "${all_c[@]}" | awk '
	$2 != "total" && $1 > ($2 ~ /^tests\// ? 750 : 500) { print $2 ": " $1 " lines" }' |
	rule 'files have at most 500 lines, tests 750'

# a character counts once, however many bytes of UTF-8 it has
for f in "${all_c[@]}"; do
	sed 's/[\x80-\xBF]//g' "$f" | expand |
		awk -v f="$f" 'length > 80 { print f ":" NR ": " length " columns" }'
done | rule 'lines have at most 80 columns'

grep -nE '[ 	]+$' "${all_c[@]}" tests/*.sh tests/e2e/*.sh Makefile 2>/dev/null |
	rule 'no white space at the ends of lines'

for f in $(find $folders -name '*.h' | sort); do
	guard=OKSE_$(echo "$f" | tr 'a-z/.-' 'A-Z___')
	{ grep -q "^#ifndef $guard\$" "$f" && grep -q "^#define $guard\$" "$f"; } ||
		echo "$f: no guard $guard"
done | rule 'headers are guarded by their own name'

for f in "${sources[@]}"; do
	[ "$(head -c 2 "$f")" = '/*' ] || echo "$f:1: no word on what it is for"
done | rule 'every source file says first what it is for'

# ---- what stands in more than one place

# The map in README.md: lines of the block that begins with "base/", a folder
# in the first column, its files below it by name.
if [ -e README.md ]; then
	map=$(sed -n '/^<!-- map -->$/,/^<!-- end of map -->$/p' README.md)
	for f in "${sources[@]}"; do
		printf '%s\n' "$map" | grep -qF "\`$f\`" || echo "README.md: the map lacks $f"
	done
	for f in $(printf '%s\n' "$map" | grep -oE '`[a-z0-9_./-]+`' | tr -d '`'); do
		[ -e "$f" ] || echo "README.md: the map has $f, the tree has not"
	done
fi | rule 'the map in README.md is the tree'

# Every command in cli/okse.c is in the manual, and the other way round.
if [ -e docs/man/okse.1 ] && [ -e cli/okse.c ]; then
	commands=$(sed -n '/struct command table/,$p' cli/okse.c |
		sed -nE 's/^	\{ "([a-z -]+)",.*/\1/p' | sort)
	manual=$(sed -nE 's/^\.It Nm okse Cm ([a-z-]+( Cm [a-z-]+| [a-z-]+)?).*/\1/p' docs/man/okse.1 |
		sed 's/ Cm / /' | sort)
	diff <(echo "$commands") <(echo "$manual") |
		sed -nE 's/^< (.*)/docs\/man\/okse.1: lacks okse \1/p; s/^> (.*)/docs\/man\/okse.1: no such command: okse \1/p'
fi | rule 'okse.1 describes every command'

if [ -e docs/man/okse.yaml.5 ] && [ -e signer/config.c ]; then
	keys=$(grep -ohE 'FIELD\("[a-z_-]+"' signer/config*.c | sed 's/.*"\(.*\)"/\1/' | sort -u)
	manual=$(sed -nE 's/^\.It (Cm|Li) ([a-z_-]+).*/\2/p' docs/man/okse.yaml.5 | sort -u)
	diff <(echo "$keys") <(echo "$manual") |
		sed -nE 's/^< (.*)/docs\/man\/okse.yaml.5: lacks the key \1/p; s/^> (.*)/docs\/man\/okse.yaml.5: no such key: \1/p'
fi | rule 'okse.yaml.5 describes every key'

if [ -e docs/audit.md ]; then
	sed -nE 's/^[[:space:]]X\([A-Z0-9_]+, "([a-z.]+)",.*/\1/p' audit/schema.h |
		sort -u | while read -r word; do
		grep -qF "\`$word\`" docs/audit.md || echo "docs/audit.md: lacks $word"
	done
fi | rule 'audit.md describes every event and member of the log'

if [ -e docs/openapi.yaml ]; then
	grep -ohE '"/(v1/[a-z:/{}-]*|livez|readyz|metrics)"' signer/gate/route*.c 2>/dev/null |
		tr -d '"' | sort -u | while read -r route; do
		grep -qF "  ${route%/}" docs/openapi.yaml || echo "docs/openapi.yaml: lacks $route"
	done
fi | rule 'openapi.yaml describes every route'

{
	grep -rnE '\b(T[O]DO|F[I]XME|X[X]X)\b' --exclude-dir=node_modules \
		$folders tests configs docs README.md Makefile 2>/dev/null
	grep -rnE '(^|[^a-z0-9_])/(w[o]rk|h[o]me|r[o]ot)/' --exclude-dir=node_modules \
		$folders tests configs docs README.md Makefile 2>/dev/null
} | rule 'no note to self, no path of one machine'

[ "$tap" -eq 0 ] || echo "1..$number"
[ "$failures" -eq 0 ] || exit 1

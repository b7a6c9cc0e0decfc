#!/bin/bash
# The whole story of one mobile ID on a throw-away instance, with real
# results: every line with a tick was checked, any other outcome ends it.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/e2e/lib/instance.sh

bold='' dim='' green='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m')
	green=$(printf '\033[32m') plain=$(printf '\033[0m')
fi

title() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
note() { printf '  %s%s%s\n' "$dim" "$1" "$plain"; }
shown() { printf '  %s$ %s%s\n' "$dim" "$*" "$plain"; }
good() { printf '  %s✓%s %s\n' "$green" "$plain" "$1"; }
wrong() {
	printf '  ✗ %s\n' "$1"
	[ ! -s "$work/err" ] || sed 's/^/    /' "$work/err"
	exit 1
}

# wanted STATUS WHAT COMMAND …: output in $work/out, messages in $work/err
wanted() {
	status=$1 what=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" -eq "$status" ] || wrong "$what: exit status $got, not $status"
}

# refused RULE WHO COMMAND …: by this rule, whose message is shown
refused() {
	rule=$1 who=$2
	shift 2
	wanted 3 "$who" "$@"
	line=$(sed -n "s/^  *✗ $rule  *//p" "$work/err" | head -n 1)
	[ -n "$line" ] || wrong "$who: not refused by $rule"
	good "$(printf '%-22s %s: %s' "$who" "$rule" "$line")"
}

sign_policy() {
	shown okse policy sign --seat "$1" --key "officers/$1.key" policy
	wanted 0 "officer $1" "$okse" policy sign --seat "$1" \
		--key "$dir/officers/$1.key" "$work/policy"
}

# its own words, when it does not come up
await() {
	hear "$1" && return
	tail -n 20 "$work/log" >"$work/err"
	wrong "the daemon did not become $1"
}

person() { node tests/demo/person.mjs "${@:2}" >"$work/$1.json" || exit 1; }
visit() { node tests/demo/visit.mjs "$work/$1.json" "${@:2}" >"$work/visit.json"; }
phone() { node tests/demo/phone.mjs "$dir" "$work/$1.json" "$work/token" "${@:2}"; }
read_credential() {
	wanted 0 'the verifier' node tests/demo/read.mjs "$1" "$dir/ca/iaca.pem"
	while read -r line; do note "$line"; done <"$work/out"
}

printf '%s옥새  Okse%s  keys under lock, used before witnesses, every use written down\n' "$bold" "$plain"

title '1  The key ceremony, rehearsed with practice officers'
shown okse dev --sealed DIR
start_instance --sealed
await sealed
grep -c '^  step' "$work/log" | sed 's/^/  /; s/$/ steps: keys in a token, certificates, the secret split among three/'
wanted 0 'ceremony verify' "$okse" ceremony verify "$dir"
good "transcript, files, attributes and certificates verify"
wanted 0 openssl openssl verify -x509_strict -CAfile "$dir/ca/iaca.pem" \
	"$dir/ca/document-signer.pem" "$dir/ca/qr-signer.pem"
good 'the certificates chain to the issuing CA, says openssl'

title '2  Sealed: nobody gets anything'
person minsu 17
visit minsu
wanted 4 'a request to a sealed daemon' "$okse" qr-token "$work/visit.json"
good "$(sed 's/^okse: //' "$work/err" | head -n 1)"

title '3  Two of three officers open it'
for seat in 1 3; do
	shown okse unseal --share "officers/$seat.share" --ceremony .
	wanted 0 unseal "$okse" unseal --share "$dir/officers/$seat.share" \
		--ceremony "$dir"
	sed 's/^/  /' "$work/err"
	sed 's/^/  /' "$work/out"
done
await ready
good 'the recombined secret met its commitment, the token took the PIN, a test signature verifies'

title '4  A community centre: a holder of seventeen asks for a mobile ID'
shown okse qr-token --show --png qr.png visit.json
wanted 0 'the QR token' "$okse" qr-token --show --png "$work/qr.png" "$work/visit.json"
head -n 1 "$work/out" >"$work/token"
tail -n +2 "$work/out" | sed 's/^/  /'
zbarimg --quiet --raw "$work/qr.png" >"$work/scanned" 2>"$work/err"
cmp -s "$work/scanned" "$work/token" || wrong 'zbarimg reads another text'
good "zbarimg reads the picture back: $(cut -c 1-40 "$work/token")…"

title '5  The phone proves its key and redeems the token'
wanted 0 'the phone' phone minsu
cp "$work/out" "$work/first"
good "an SD-JWT VC of $(wc -c <"$work/first") bytes, bound to the phone's key"
read_credential "$work/first"
good 'verified by @sd-jwt/sd-jwt-vc up to the ceremony'\''s CA'

title '6  Other programmes, and what a wallet shows of them'
note 'a reference wallet (tests/strangers/wallet.mjs) gets each as mdoc and as SD-JWT VC'
wanted 0 'the wallet and the verifiers' node tests/demo/show.mjs "$dir"
while read -r line; do good "$line"; done <"$work/out"
good 'accepted by @auth0/mdl, @owf/mdoc and @sd-jwt: names stayed with the phone'

title '7  Refused'
person young 16
visit young
refused holder-age 'sixteen years old' "$okse" qr-token "$work/visit.json"
person foreigner 30 foreign
visit foreigner
refused not-foreigner "a foreigner's number" "$okse" qr-token "$work/visit.json"
person cardless 30 no-card
visit cardless
refused card-held 'no card' "$okse" qr-token "$work/visit.json"
refused evidence-valid 'a replayed QR token' phone minsu
visit minsu
refused one-device 'a second phone' "$okse" qr-token "$work/visit.json"

title '8  The phone is replaced: a new visit, a new credential'
visit minsu device-replaced
wanted 0 'the new visit' "$okse" qr-token "$work/visit.json"
cp "$work/out" "$work/token"
wanted 0 'the new phone' phone minsu device-replaced
cp "$work/out" "$work/second"
read_credential "$work/second"
good 'the new phone has a credential, the old device is retired in the same step'

title '9  A change of policy: no officer makes it alone'
note 'in this copy of the policy QR tokens live for 2 seconds'
policy=$work/policy
mkdir "$policy"
cp "$dir"/policy/1/*.yaml "$policy"
sed -i 's/qr-token: PT180S/qr-token: PT2S/' "$policy/resident-id.yaml"
# the policy's own cases expect three minutes, and would refuse it
sed -i '/technical_expiry: 2025-07-01T00:03:00Z/s/00:03:00/00:00:02/' "$policy/resident-id_test.yaml"
sed -i 's/^serial: 1$/serial: 2/' "$policy/policy.yaml"
sign_policy 1
wanted 1 'one officer alone' "$okse" policy activate "$policy"
good "$(sed 's/^okse: //' "$work/err" | head -n 1)"
sign_policy 3
shown okse policy activate policy
wanted 0 'policy activate' "$okse" policy activate "$policy"
good "$(cat "$work/out"), without a restart"
person late 40
visit late
wanted 0 'the visit' "$okse" qr-token "$work/visit.json"
cp "$work/out" "$work/token"
sleep 3
refused evidence-valid 'an expired QR token' phone late

title '10  The log: append-only, signed, checkable by anyone'
stop_instance || wrong 'the daemon did not stop cleanly'
shown okse audit verify --key log.vkey DIR/log
wanted 0 'audit verify' "$okse" audit verify --key "$dir/log/log.vkey" "$dir/log"
sed 's/^/  /' "$work/out"
wanted 0 "Debian's Go packages" env LOG_DIR="$dir/log" tests/e2e/log_go.sh
grep -q '^ok' "$work/out" || wrong "Debian's Go packages say nothing"
good "checkpoint, entries and tiles verify with Debian's golang.org/x/mod, too"
shown okse audit trace --log DIR/log --ca DIR/ca credential
wanted 0 'audit trace' "$okse" audit trace --log "$dir/log" --ca "$dir/ca" "$work/second"
sed 's/^/  /' "$work/out"

printf '\n%sEvery line above was checked.%s\n' "$bold" "$plain"

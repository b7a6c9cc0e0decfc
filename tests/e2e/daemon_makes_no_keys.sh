#!/bin/sh
# The daemon has no code that makes issuing keys or initialises tokens: pkcs11/
# keeps it in objects of its own, which the linker leaves out of who does not
# call it. What tries whether keys can be changed, copied or wrapped is there,
# in token_probe() alone, and keeps nothing of what it gets.
set -u
cd "$(dirname "$0")/../.." || exit 1
oksed=${BUILD:-build}/oksed
number=0

# check NAME STATUS: one line of TAP
check() {
	number=$((number + 1))
	[ "$2" -eq 0 ] && echo "ok $number - $1" || echo "not ok $number - $1"
}

symbols=$(nm "$oksed")
printf '%s\n' "$symbols" | grep -q ' T token_login$'
check 'the daemon has symbols and logs in to tokens' $?
! printf '%s\n' "$symbols" |
	grep -E ' (token_(generate|initialise|random|read_public)|key_record_done)$'
check 'none of them is from pkcs11/generate.h' $?
printf '%s\n' "$symbols" | grep -q ' T token_probe$'
check 'it has what tries the keys at an opening' $?
texts=$(readelf -p .rodata "$oksed")
printf '%s\n' "$texts" | grep -q C_SignInit
check 'the daemon names the calls it makes' $?
! printf '%s\n' "$texts" | grep -oE 'C_(GenerateKey|InitToken|InitPIN|SetPIN|CreateObject|CopyObject|DestroyObject|SetAttributeValue|WrapKey|UnwrapKey|DeriveKey|Decrypt|Logout)'
check 'none of them makes, changes, copies or moves a key' $?
readelf -p .rodata "${oksed%d}" | grep -q C_GenerateKeyPair
check 'the officers'\'' tool does: the search finds such calls' $?
echo "1..$number"

#!/usr/bin/env python3
"""An independent Shamir over GF(2^8), HKDF and base32: prints vector.h.

Shares no code or idea with quorum/: multiplication by log tables of the
generator 3, base32 and HMAC from Python's library. Run by hand:
    tests/unit/quorum/vector.py >tests/unit/quorum/vector.h
"""
import base64
import hashlib
import hmac

EXP, LOG, v = [0] * 255, [0] * 256, 1
for i in range(255):
    EXP[i], LOG[v] = v, i
    v ^= (v << 1) ^ (0x11B if v & 0x80 else 0)
    v &= 0xFF


def mul(a, b):
    return EXP[(LOG[a] + LOG[b]) % 255] if a and b else 0


def at(coefficients, x):
    power, total = 1, 0
    for c in coefficients:
        total ^= mul(c, power)
        power = mul(power, x)
    return total


def hkdf(secret, info, length):
    prk = hmac.new(b"okse/derive/v1", secret, hashlib.sha256).digest()
    out, block, n = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([n]), hashlib.sha256).digest()
        out, n = out + block, n + 1
    return out[:length]


def array(name, data):
    rows = [", ".join("0x%02x" % b for b in data[i:i + 8])
            for i in range(0, len(data), 8)]
    print("[[maybe_unused]] static const uint8_t %s[] = {\n\t%s,\n};" % (name, ",\n\t".join(rows)))


secret = bytes(range(100, 132))
rows = [[hashlib.sha256(b"coefficient %d %d" % (k, i)).digest()[0]
         for k in (1, 2)] for i in range(32)]
set_id, ceremony = bytes(range(8)), bytes(range(0xF8, 0x100))
m, n = 3, 5
record = "okse-quorum 1\nset %s\nceremony %s\nthreshold %d\nshares %d\nsecret %s\n" % (
    set_id.hex(), ceremony.hex(), m, n,
    hashlib.sha256(b"kc/secret/v1" + set_id + secret).hexdigest())
lines = []
for x in range(1, n + 1):
    value = bytes(at([secret[i]] + rows[i], x) for i in range(32))
    body = set_id + ceremony + bytes([m, n, x]) + value
    body += hashlib.sha256(b"kc/check/v1" + body).digest()[:4]
    text = base64.b32encode(body).decode()
    lines.append("okse-share1-" + "-".join(
        text[i:i + 4] for i in range(0, len(text), 4)))
    record += "share %d %s officer %d\n" % (x, hashlib.sha256(
        b"kc/share/v1" + set_id + bytes([x]) + value).hexdigest(), x)

print("/* made by vector.py, which shares no code with quorum/ */")
array("vector_secret", secret)
print("[[maybe_unused]] static const char vector_record[] =")
print("\n".join('    "%s"\n    "%s\\n"' % (l[:50], l[50:])
                for l in record.splitlines()) + ";")
print("[[maybe_unused]] static const char *const vector_shares[] = {")
for line in lines:
    print('\t"%s"\n\t"%s",' % (line[:61], line[61:]))
print("};")
for name, info in (("vector_pin", b"user-pin/okse-rehearsal"),
                   ("vector_so_pin", b"so-pin/okse-rehearsal")):
    print('[[maybe_unused]] static const char %s[] =\n    "%s";' % (
        name, base64.b32encode(hkdf(secret, info, 20)).decode()))
array("vector_pseudonym", hkdf(secret, b"key/pseudonym", 32))
array("vector_status", hkdf(secret, b"key/status-2", 32))

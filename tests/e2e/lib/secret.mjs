// The officers' secret and what is derived from it, done again by hand from
// quorum/share.txt and quorum/derive.h: tests look for it, and log in with it.

import { hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Shamir over GF(2^8), as quorum/share.txt tells to do it by hand. */
export function recover (shares) {
  const points = shares.map(file => {
    const text = readFileSync(file, 'utf8').trim().slice(12)
      .replaceAll('-', '')
    const bits = [...text].map(c =>
      alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
    const bytes = Buffer.from(bits.match(/.{8}/g).map(b => parseInt(b, 2)))
    return { x: bytes[18], y: bytes.subarray(19, 51) }
  })
  const mul = (a, b) => {
    let r = 0
    for (; b; b >>= 1) {
      if (b & 1) r ^= a
      a = a << 1 ^ (a & 0x80 ? 0x11b : 0)
    }
    return r
  }
  const inverse = a => {
    let r = 1
    for (let i = 0; i < 254; i++) r = mul(r, a)
    return r
  }
  return Buffer.from(points[0].y.map((_, i) => points.reduce((sum, p) =>
    sum ^ points.filter(q => q !== p).reduce((product, q) =>
      mul(product, mul(q.x, inverse(q.x ^ p.x))), p.y[i]), 0)))
}

const derive = (secret, info, length) => Buffer.from(hkdfSync('sha256',
  secret, 'okse/derive/v1', info, length))

export const deriveKey = (secret, purpose) =>
  derive(secret, 'key/' + purpose, 32)

export function derivePin (secret, label, kind = 'user-pin/') {
  const bits = [...derive(secret, kind + label, 20)]
    .map(b => b.toString(2).padStart(8, '0')).join('')
  return bits.match(/.{5}/g).map(b => alphabet[parseInt(b, 2)]).join('')
}

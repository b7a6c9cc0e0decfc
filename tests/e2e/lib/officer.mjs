// An officer's answer to the daemon's statement, made by hand from
// quorum/activation.txt and quorum/share.txt: no code of ours.

import {
  createCipheriv, createECDH, createHash, createPrivateKey, hkdfSync, sign
} from 'node:crypto'

const sha256 = (...parts) => {
  const h = createHash('sha256')
  for (const p of parts) h.update(p)
  return h.digest()
}
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

const bitsOf = (bytes, size) => [...bytes]
  .map(b => b.toString(2).padStart(size, '0')).join('')

/** The 51 bytes of a share's line, without their check. */
export const readShare = line => Buffer.from(bitsOf([...line.trim().slice(12)
  .replaceAll('-', '')].map(c => alphabet.indexOf(c)), 5)
  .match(/.{8}/g).map(b => parseInt(b, 2))).subarray(0, 51)

/** Such bytes as a line whose check is right, whatever they say. */
export function writeShare (bytes) {
  const check = sha256('kc/check/v1', bytes).subarray(0, 4)
  const text = bitsOf(Buffer.concat([bytes, check]), 8).match(/.{5}/g)
    .map(b => alphabet[parseInt(b, 2)]).join('')
  return 'okse-share1-' + text.match(/.{4}/g).join('-')
}

/** The line, for the round's key (of the statement unless another is given). */
function seal (statement, seat, line, point) {
  const hash = sha256(statement)
  const ours = createECDH('prime256v1')
  const q = ours.generateKeys()
  const z = ours.computeSecret(point ??
    Buffer.from(/^key (\S+)$/m.exec(statement)[1], 'hex'))
  const k = Buffer.from(hkdfSync('sha256', z, sha256(hash, q),
    'okse/unseal/v1', 44))
  const c = createCipheriv('aes-256-gcm', k.subarray(0, 32), k.subarray(32))
  c.setAAD(Buffer.concat([hash, Buffer.from([seat])]))
  return Buffer.concat([q, c.update(line), c.final(), c.getAuthTag()])
    .toString('base64')
}

/**
 * An act: what is share, cancel or seal; key is a PEM of the seat's. as: the
 * seat that it says it is of; point: a key other than the statement's.
 */
export function act (statement, seat, what, key,
  { line, as = seat, point } = {}) {
  const text = 'okse/unseal-act/v1\nstatement ' +
    sha256(statement).toString('hex') + `\nseat ${as}\nact ${what}\n` +
    (what === 'share' ? `sealed ${seal(statement, as, line, point)}\n` : '')
  const signature = sign(null, Buffer.from(text), createPrivateKey(key))
  return text + 'signature ' + signature.toString('base64') + '\n'
}

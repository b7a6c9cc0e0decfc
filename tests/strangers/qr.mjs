// Judges a QR token with software not written here: @digitalbazaar/base45,
// cbor2 (as deterministic CBOR) and @auth0/cose. Its form is in
// credential/qr_token.txt.

import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { Sign1 } from '@auth0/cose'
import { decode as base45 } from '@digitalbazaar/base45'
import { decode, cdeDecodeOptions } from 'cbor2'

const cbor = bytes =>
  decode(bytes, { ...cdeDecodeOptions, preferMap: true })

/**
 * Verifies text with a PEM public key or certificate and returns its claims.
 * Throws when anything is wrong; whether it has expired is in the claims.
 */
export async function verifyQrToken (text, pem) {
  assert.ok(text.startsWith('OKSE1:'), 'another prefix')
  const bytes = base45(text.slice('OKSE1:'.length))
  const message = cbor(bytes)
  const [protectedHeader, unprotected, payload] = message.contents
  const header = cbor(protectedHeader)
  const claims = cbor(payload)
  const visit = claims.get(-65537)

  assert.equal(message.tag, 18, 'not a COSE_Sign1')
  assert.equal(unprotected.size, 0, 'unprotected headers')
  assert.equal(header.get(1), -7)
  assert.equal(header.get(4).length, 8)
  assert.equal(header.get(16), 'application/okse-qr+cwt')
  await Sign1.decode(bytes).verify(createPublicKey(pem))
  return {
    kid: header.get(4),
    iss: claims.get(1),
    aud: claims.get(3),
    exp: claims.get(4),
    iat: claims.get(6),
    cti: claims.get(7),
    purpose: visit.get(1),
    programme: visit.get(2),
    centre: visit.get(3),
    holder: visit.get(4)
  }
}

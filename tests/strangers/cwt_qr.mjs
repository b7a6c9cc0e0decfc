// Judges a compact credential: @digitalbazaar/base45, Node's zlib, cbor2 (as
// deterministic CBOR) and @auth0/cose. Its form is in credential/cwt_qr.txt.

import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createHash, createPublicKey } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { Sign1 } from '@auth0/cose'
import { decode as base45 } from '@digitalbazaar/base45'
import { X509Certificate } from '@peculiar/x509'
import { decode, cdeDecodeOptions } from 'cbor2'
import { signerOf } from './chain.mjs'

const cbor = bytes =>
  decode(bytes, { ...cdeDecodeOptions, preferMap: true })

/**
 * Verifies text with the signer's certificate (DER), which a reader without a
 * network has beforehand, and the CA it trusts: the claims of the CWT.
 */
export async function verifyCwtQr (text, signer, caPem, now = new Date()) {
  const bytes = inflateSync(base45(text))
  const cwt = cbor(bytes)
  const [protectedHeader, unprotected, payload] = cwt.contents.contents
  const header = cbor(protectedHeader)
  const claims = cbor(payload)
  const seconds = now / 1000

  assert.equal(cwt.tag, 61, 'not a CWT')
  assert.equal(cwt.contents.tag, 18, 'not a COSE_Sign1')
  assert.equal(unprotected.size, 0, 'unprotected headers')
  assert.equal(header.get(1), -7)
  assert.equal(header.get(16), 61)
  assert.deepEqual(Buffer.from(header.get(4)),
    createHash('sha256').update(signer).digest().subarray(0, 8))
  await signerOf(signer, caPem, now)
  // without its tags, of three bytes: @auth0/mdl changes what a tag 18 becomes
  await Sign1.decode(Uint8Array.from(bytes.subarray(3))).verify(
    createPublicKey(new X509Certificate(signer).toString('pem')))
  assert.ok(claims.get(5) <= seconds && seconds < claims.get(4),
    'not valid now')
  return claims
}

// Judges a W3C credential secured with JOSE: @peculiar/x509 builds the chain
// to the CA, jose checks the JWS.

import assert from 'node:assert/strict'
import { compactVerify, decodeProtectedHeader, importX509 } from 'jose'
import { signerOf } from './chain.mjs'

/**
 * Verifies text against the CA at the time given and returns
 * { header, credential }. Throws when anything is wrong.
 */
export async function verifyVcJwt (text, caPem, now = new Date()) {
  const header = decodeProtectedHeader(text)

  assert.equal(header.typ, 'vc+jwt')
  assert.equal(header.cty, 'vc')
  assert.equal(header.x5c.length, 1, 'x5c holds the signer, no trust anchor')
  const leaf = await signerOf(header.x5c[0], caPem, now)
  const key = await importX509(leaf.toString('pem'), 'ES256')
  const { payload } = await compactVerify(text, key, { algorithms: ['ES256'] })
  const credential = JSON.parse(new TextDecoder().decode(payload))

  assert.equal(credential['@context'][0],
    'https://www.w3.org/ns/credentials/v2')
  assert.ok(credential.type.includes('VerifiableCredential'))
  assert.ok(!('vc' in credential), 'a wrapper (VC-JOSE-COSE 3.1.1)')
  assert.ok(new Date(credential.validFrom) <= now, 'not yet valid')
  assert.ok(now < new Date(credential.validUntil), 'no longer valid')
  assert.equal(credential.nbf * 1000, +new Date(credential.validFrom))
  assert.equal(credential.exp * 1000, +new Date(credential.validUntil))
  return { header, credential }
}

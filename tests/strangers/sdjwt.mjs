// Judges an SD-JWT VC with software not written here: @peculiar/x509 builds
// the chain to the CA, jose checks the JWS, @sd-jwt/sd-jwt-vc the disclosures.

import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createHash, webcrypto } from 'node:crypto'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import { X509Certificate, X509ChainBuilder } from '@peculiar/x509'
import { compactVerify, decodeProtectedHeader, importX509 } from 'jose'

const hasher = (data, alg) =>
  createHash(alg.replace('-', '')).update(data).digest()

/** The signer's certificate, when the CA signed it and both are valid now. */
async function signerOf (x5c, caPem, now) {
  const leaf = new X509Certificate(x5c[0])
  const ca = new X509Certificate(caPem)
  const chain = await new X509ChainBuilder({ certificates: [ca] }).build(leaf)

  assert.equal(x5c.length, 1, 'x5c holds the signer and no trust anchor')
  assert.notEqual(leaf.subject, leaf.issuer, 'the signer is its own issuer')
  assert.equal(chain.length, 2, 'the chain does not end at the CA')
  assert.ok(chain[1].equal(ca), 'the chain ends at another CA')
  for (const c of chain)
    assert.ok(await c.verify({ publicKey: ca, date: now }, webcrypto),
      'a certificate of the chain does not verify now')
  return leaf
}

/**
 * RFC 9901 7.1 rejects a disclosure that no digest is for; the library leaves
 * it aside. Before a holder has chosen, no digest lacks its disclosure either.
 */
function everyDigestHasItsDisclosure (disclosures, digests) {
  assert.deepEqual(
    disclosures.map(d => hasher(d, 'sha-256').toString('base64url')).sort(),
    [...digests].sort(), 'disclosures and digests differ')
}

/**
 * Verifies text against the CA at the time given (a Date) and returns
 * { header, payload, claims }: as signed, and with all disclosures in place.
 * Throws when anything is wrong.
 */
export async function verifySdJwt (text, caPem, now = new Date()) {
  const [jws] = text.split('~')
  const header = decodeProtectedHeader(jws)

  assert.equal(header.typ, 'dc+sd-jwt')
  const leaf = await signerOf(header.x5c, caPem, now)
  const key = await importX509(leaf.toString('pem'), 'ES256')
  const { payload } = await compactVerify(jws, key, { algorithms: ['ES256'] })
  const signed = JSON.parse(new TextDecoder().decode(payload))
  const vc = new SDJwtVcInstance({
    hasher,
    verifier: (data, signature) => webcrypto.subtle.verify(
      { name: 'ECDSA', hash: 'SHA-256' }, key,
      Buffer.from(signature, 'base64url'), Buffer.from(data))
  })

  await vc.verify(text, { currentDate: Math.floor(now / 1000) })
  everyDigestHasItsDisclosure(text.split('~').slice(1, -1), signed._sd ?? [])
  return { header, payload: signed, claims: await vc.getClaims(text) }
}

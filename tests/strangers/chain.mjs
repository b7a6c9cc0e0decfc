// A signer's certificate, judged by @peculiar/x509.

import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { X509Certificate, X509ChainBuilder } from '@peculiar/x509'

/**
 * The signer's certificate (DER or its base64), when the CA signed it and
 * both are valid at that time. Throws when anything is wrong.
 */
export async function signerOf (certificate, caPem, now = new Date()) {
  const leaf = new X509Certificate(certificate)
  const ca = new X509Certificate(caPem)
  const chain = await new X509ChainBuilder({ certificates: [ca] }).build(leaf)

  assert.notEqual(leaf.subject, leaf.issuer, 'the signer is its own issuer')
  assert.equal(chain.length, 2, 'the chain does not end at the CA')
  assert.ok(chain[1].equal(ca), 'the chain ends at another CA')
  for (const c of chain)
    assert.ok(await c.verify({ publicKey: ca, date: now }, webcrypto),
      'a certificate of the chain does not verify now')
  return leaf
}

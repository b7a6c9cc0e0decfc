// Judges an OpenDID credential: @noble/curves recovers the signer's key from
// each proof value, over canonical JSON made here in JavaScript's own way.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'

/** Members sorted by UTF-16 code units, which is how JavaScript compares. */
export const canonical = value => Array.isArray(value)
  ? `[${value.map(canonical).join(',')}]`
  : value !== null && typeof value === 'object'
    ? `{${Object.keys(value).sort()
      .map(k => `${JSON.stringify(k)}:${canonical(value[k])}`).join(',')}}`
    : JSON.stringify(value)

/** The compressed key that made a proof value over a text. */
export function signerOfProof (proofValue, text) {
  assert.equal(proofValue[0], 'm', 'another multibase')
  const bytes = Buffer.from(proofValue.slice(1), 'base64')
  assert.equal(bytes.length, 65)
  assert.equal('m' + bytes.toString('base64').replace(/=+$/, ''), proofValue)
  const id = bytes[0] - 31
  assert.ok(id >= 0 && id < 4, 'no recovery id of a compressed key')
  const recovered = Buffer.concat([Buffer.of(id), bytes.subarray(1)])
  const signature = p256.Signature.fromBytes(recovered, 'recovered')
  assert.ok(!signature.hasHighS(), 's is in its upper half')
  return signature.recoverPublicKey(
    createHash('sha256').update(text).digest()).toHex(true)
}

/**
 * Verifies text: the credential and the one key that made all its proofs.
 * Throws when anything is wrong.
 */
export function verifyOpenDid (text) {
  const credential = JSON.parse(text)
  const { proofValue, proofValueList, ...proof } = credential.proof
  const { claims } = credential.credentialSubject
  const signed = claims => canonical({
    ...credential,
    proof,
    credentialSubject: { ...credential.credentialSubject, claims }
  })
  const signers = [signerOfProof(proofValue, signed(claims)),
    ...proofValueList.map((p, i) => signerOfProof(p, signed([claims[i]])))]

  assert.equal(proofValueList.length, claims.length)
  assert.equal(new Set(signers).size, 1, 'proofs by different keys')
  return { credential, signer: signers[0] }
}

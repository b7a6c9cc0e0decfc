// The reference wallet for integrators: what an app on a phone and the system
// behind it do, step by step, with libraries that were not written here.
//
//	upstream   POST /v1/qr-tokens        visit(): a holder stands at a desk
//	wallet     POST /v1/challenges       obtain(): a nonce, a proof for
//	           POST /v1/credentials      each key, credentials for them
//	wallet     presentMdoc()             mdoc.mjs: a DeviceResponse, of which
//	           presentSdJwt()            sdjwt.mjs: with a key-binding JWT,
//	                                     only what was asked for is in it
//	verifier   verifyPresentedMdoc()     the same files: certificates up to
//	           verifyPresentedSdJwt()    the CA, signatures, digests, and
//	                                     that this phone holds the key
//
// A real wallet keeps its keys in hardware and sends proofs by way of an
// upstream system; here one function does both, over the service's Unix
// socket. Key attestations are in tests/e2e/attestation.mjs. `make demo` runs
// all of it for every programme (tests/demo/show.mjs).

import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { request } from './claims.mjs'

/**
 * An openid4vci-proof+jwt with a fresh key, or with the one given:
 * { proof, jwk, privateKey }.
 */
export async function makeProof (audience, nonce, keys) {
  const { publicKey, privateKey } = keys ?? await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  const proof = await new SignJWT({ nonce })
    .setProtectedHeader({ alg: 'ES256', typ: 'openid4vci-proof+jwt', jwk })
    .setAudience(audience)
    .setIssuedAt()
    .sign(privateKey)

  return { proof, jwk, privateKey }
}

/** An answer that must be 201; its JSON. */
async function made (answer, what) {
  const { status, json, text } = await answer
  if (status !== 201)
    throw new Error(`${what}: ${status} ${text}`)
  return json
}

/** What a community centre does: a QR token for the person of claims.mjs. */
export async function visit (service, programme) {
  const { purpose, holder, evidence: { kind, centre } } =
    request(programme, [])
  const { qr_token } = await made(service.post('/v1/qr-tokens',
    { programme, purpose, holder, evidence: { kind, centre } }), 'the visit')
  return qr_token
}

/**
 * What a wallet does with it: { privateKey, credentials by format }. The
 * service is an object with post(path, body).
 */
export async function obtain (service, programme, formats) {
  const qr_token = await visit(service, programme)
  const { nonce, audience } = await made(service.post('/v1/challenges'),
    'the challenge')
  const keys = await generateKeyPair('ES256', { extractable: true })
  const { proof } = await makeProof(audience, nonce, keys)
  const body = request(programme, [proof])
  const { credentials } = await made(service.post('/v1/credentials', {
    ...body, formats, evidence: { ...body.evidence, qr_token }
  }), `a ${programme}`)

  return {
    privateKey: keys.privateKey,
    credentials: Object.fromEntries(
      credentials.map(c => [c.format, c.credential]))
  }
}

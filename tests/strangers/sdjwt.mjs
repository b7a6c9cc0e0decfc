// Judges an SD-JWT VC with software not written here: @peculiar/x509 builds
// the chain to the CA, jose checks the JWS, @sd-jwt/sd-jwt-vc the disclosures.

import assert from 'node:assert/strict'
import { createHash, webcrypto } from 'node:crypto'
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc'
import {
  compactVerify, decodeProtectedHeader, importJWK, importX509
} from 'jose'
import { signerOf } from './chain.mjs'

const hasher = (data, alg) =>
  createHash(alg.replace('-', '')).update(data).digest()

/** The digests in signed or disclosed JSON, however deep (RFC 9901 4.2.4). */
function digestsIn (value) {
  if (Array.isArray(value))
    return value.flatMap(digestsIn)
  if (value === null || typeof value !== 'object')
    return []
  return [...value._sd ?? [], ...'...' in value ? [value['...']] : [],
    ...Object.entries(value).flatMap(([k, v]) => k === '_sd' ? [] : digestsIn(v))]
}

/**
 * RFC 9901 7.1 rejects a disclosure that no digest is for, or that comes
 * twice; the library leaves it aside.
 */
function everyDisclosureHasItsDigest (disclosures, signed) {
  const opened = disclosures.map(d =>
    JSON.parse(Buffer.from(d, 'base64url').toString()))
  const digests = new Set([signed, ...opened].flatMap(digestsIn))
  const used = disclosures.map(d => hasher(d, 'sha-256').toString('base64url'))

  assert.equal(new Set(used).size, used.length, 'a disclosure twice')
  for (const digest of used)
    assert.ok(digests.has(digest), 'a disclosure without a digest')
}

const verifierOf = key => (data, signature) => webcrypto.subtle.verify(
  { name: 'ECDSA', hash: 'SHA-256' }, key,
  Buffer.from(signature, 'base64url'), Buffer.from(data))

/** Without a network nobody can be asked whether the credential still holds. */
class OfflineSdJwtVc extends SDJwtVcInstance {
  async verifyStatus () {}
}

/** A verifier that asks: statusOf gives the JWT of the list of a URI. */
function verifierWith (key, statusOf, caPem) {
  if (!statusOf)
    return new OfflineSdJwtVc({ hasher, verifier: verifierOf(key) })
  let statusKey
  return new SDJwtVcInstance({
    hasher,
    verifier: verifierOf(key),
    statusListFetcher: async uri => {
      const list = await statusOf(uri)
      const { x5c } = decodeProtectedHeader(list)
      statusKey = await importX509(
        (await signerOf(x5c[0], caPem)).toString('pem'), 'ES256')
      return list
    },
    statusVerifier: (data, signature) =>
      verifierOf(statusKey)(data, signature)
  })
}

/**
 * Verifies text against the CA at the time given (a Date) and returns
 * { header, payload, claims }: as signed, and with all disclosures in place.
 * Throws when anything is wrong; with statusOf also when its status list says
 * anything but valid.
 */
export async function verifySdJwt (text, caPem, now = new Date(), statusOf) {
  const [jws] = text.split('~')
  const header = decodeProtectedHeader(jws)

  assert.equal(header.typ, 'dc+sd-jwt')
  assert.equal(header.x5c.length, 1, 'x5c holds the signer, no trust anchor')
  const leaf = await signerOf(header.x5c[0], caPem, now)
  const key = await importX509(leaf.toString('pem'), 'ES256')
  const { payload } = await compactVerify(jws, key, { algorithms: ['ES256'] })
  const signed = JSON.parse(new TextDecoder().decode(payload))
  const vc = verifierWith(key, statusOf, caPem)

  await vc.verify(text, { currentDate: Math.floor(now / 1000) })
  everyDisclosureHasItsDigest(text.split('~').slice(1, -1), signed)
  return { header, payload: signed, claims: await vc.getClaims(text) }
}

/**
 * What a wallet shows: the credential with the wanted claims alone (as
 * { address: { region: true } }), and a key-binding JWT over nonce and aud.
 */
export async function presentSdJwt (text, privateKey, wanted, { nonce, aud }) {
  const wallet = new SDJwtVcInstance({
    hasher,
    hashAlg: 'sha-256',
    saltGenerator: () => '',
    kbSigner: async data => Buffer.from(await webcrypto.subtle.sign(
      { name: 'ECDSA', hash: 'SHA-256' }, privateKey, Buffer.from(data)))
      .toString('base64url'),
    kbSignAlg: 'ES256'
  })

  return wallet.present(text, wanted, {
    kb: { payload: { iat: Math.floor(Date.now() / 1000), nonce, aud } }
  })
}

/** A verifier that gets a presentation: the claims it is shown. */
export async function verifyPresentedSdJwt (text, caPem, { nonce, aud }) {
  const { x5c } = decodeProtectedHeader(text.split('~')[0])
  const leaf = await signerOf(x5c[0], caPem)
  const key = await importX509(leaf.toString('pem'), 'ES256')
  const verifier = new OfflineSdJwtVc({
    hasher,
    verifier: verifierOf(key),
    kbVerifier: async (data, signature, { cnf }) => {
      const holder = await importJWK(cnf.jwk, 'ES256')
      return verifierOf(holder)(data, signature)
    }
  })
  const { payload, kb } = await verifier.verify(text,
    { keyBindingNonce: nonce })

  assert.equal(kb.payload.aud, aud)
  return payload
}

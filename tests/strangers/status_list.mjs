// Judges status lists with software not written here: jose and
// @sd-jwt/jwt-status-list for the JWT, @auth0/cose and cbor2 for the CWT,
// Node's zlib, @peculiar/x509 for the chain. Their form is in
// credential/status_list.txt.

import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import { Sign1 } from '@auth0/cose'
import { StatusList, getListFromStatusListJWT } from '@sd-jwt/jwt-status-list'
import { decode, cdeDecodeOptions } from 'cbor2'
import { decodeProtectedHeader, importX509, jwtVerify } from 'jose'
import { signerOf } from './chain.mjs'

const cbor = bytes =>
  decode(bytes, { ...cdeDecodeOptions, preferMap: true })

/** Both forms say the same: { uri, iat, exp, ttl, bits, packed, at(index) }. */
const listOf = (uri, { iat, exp, ttl, bits, packed }, list) => {
  assert.ok(iat < exp && ttl > 0 && ttl <= exp - iat)
  assert.equal(bits, 2)
  assert.equal(packed[0], 0x78, 'zlib')
  assert.equal(packed[1], 0xda, 'at its highest level')
  return { uri, iat, exp, ttl, bits, packed, at: i => list.getStatus(i) }
}

/**
 * Verifies the JWT form of the list that a credential calls uri, signed under
 * the CA, at the time given. Throws when anything is wrong.
 */
export async function verifyStatusJwt (text, uri, caPem, now = new Date()) {
  const header = decodeProtectedHeader(text)

  assert.deepEqual(Object.keys(header), ['alg', 'typ', 'x5c'])
  assert.equal(header.x5c.length, 1, 'x5c holds the signer, no trust anchor')
  const leaf = await signerOf(header.x5c[0], caPem, now)
  const key = await importX509(leaf.toString('pem'), 'ES256')
  const { payload } = await jwtVerify(text, key, {
    algorithms: ['ES256'],
    typ: 'statuslist+jwt',
    subject: uri,
    currentDate: now,
    requiredClaims: ['iat', 'exp', 'ttl', 'status_list']
  })
  return listOf(uri, {
    ...payload,
    bits: payload.status_list.bits,
    packed: Buffer.from(payload.status_list.lst, 'base64url')
  }, getListFromStatusListJWT(text))
}

/** The same of the CWT form. */
export async function verifyStatusCwt (bytes, uri, caPem, now = new Date()) {
  assert.equal(bytes[0], 0xd2, 'tagged as a COSE_Sign1, and as nothing else')
  const [protectedHeader, unprotected, payload] = cbor(bytes).contents
  const header = cbor(protectedHeader)
  const claims = cbor(payload)
  const list = claims.get(65533)
  const seconds = now / 1000

  assert.equal(unprotected.size, 0, 'unprotected headers')
  assert.deepEqual([...header.keys()], [1, 16, 33])
  assert.equal(header.get(1), -7)
  assert.equal(header.get(16), 'application/statuslist+cwt')
  const leaf = await signerOf(header.get(33), caPem, now)
  // without its tag: @auth0/mdl changes what a tag 18 becomes
  await Sign1.decode(Uint8Array.from(bytes.subarray(1))).verify(
    createPublicKey(leaf.toString('pem')))
  assert.deepEqual([...claims.keys()], [2, 4, 6, 65533, 65534])
  assert.equal(claims.get(2), uri)
  assert.ok(claims.get(6) <= seconds + 1 && seconds < claims.get(4),
    'not valid now')
  const packed = Buffer.from(list.get('lst'))
  return listOf(uri, {
    iat: claims.get(6),
    exp: claims.get(4),
    ttl: claims.get(65534),
    bits: list.get('bits'),
    packed
  }, StatusList.decompressStatusList(packed.toString('base64url'),
    list.get('bits')))
}

/** What the packed list is, by Node's zlib: a byte for four entries. */
export const unpacked = list => inflateSync(list.packed)

// Every format and batches of keys, from the running daemon: what its
// keyholders sign is judged by software not written here.

import assert from 'node:assert/strict'
import { createPublicKey, randomUUID, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair }
  from 'jose'
import {
  CENTRE, done, person, qrTokenBody, startInstance, test
}
  from './lib/instance.mjs'
import { claims, formats } from '../strangers/claims.mjs'
import { verifyCwtQr } from '../strangers/cwt_qr.mjs'
import { presentMdoc, readMdoc, verifyMdoc, verifyPresentedMdoc }
  from '../strangers/mdoc.mjs'
import { verifyOpenDid } from '../strangers/opendid.mjs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'
import { verifyVcJwt } from '../strangers/vc_jwt.mjs'
import { makeProof } from '../strangers/wallet.mjs'

const okse = await startInstance()
const ca = readFileSync(okse.path('ca', 'iaca.pem'), 'utf8')
const signer = new X509Certificate(
  readFileSync(okse.path('ca', 'document-signer.pem')))

/** A phone with so many keys, and a proof for each over one challenge. */
async function phone (count) {
  const { json } = await okse.post('/v1/challenges')
  const keys = await Promise.all(Array.from({ length: count }, () =>
    generateKeyPair('ES256', { extractable: true })))
  return {
    keys,
    jwks: await Promise.all(keys.map(k => exportJWK(k.publicKey))),
    device: {
      id: 'phone-' + randomUUID(),
      proofs: await Promise.all(keys.map(async k =>
        (await makeProof(json.audience, json.nonce, k)).proof))
    }
  }
}

/** A visit, then the request for these formats; headers for a retry. */
async function order (programme, held, wanted, changes = {}) {
  const who = person({ age: 35 })
  const visit = await okse.post('/v1/qr-tokens', qrTokenBody(who, { programme }))
  assert.equal(visit.status, 201, visit.text)
  return {
    programme,
    purpose: 'first-issue',
    holder: who.holder,
    evidence: {
      kind: 'qr-token', qr_token: visit.json.qr_token, centre: CENTRE
    },
    device: held.device,
    formats: wanted,
    claims: {
      ...claims[programme], birth_date: who.holder.birth_date, ...changes
    }
  }
}

const flip = c => c === 'A' ? 'B' : 'A'
const post = (body, key = randomUUID()) =>
  okse.post('/v1/credentials', body, { 'Idempotency-Key': key })

const judges = {
  mso_mdoc: text => verifyMdoc(text, ca),
  'dc+sd-jwt': text => verifySdJwt(text, ca),
  'vc+jwt': text => verifyVcJwt(text, ca),
  'cwt-qr': text => verifyCwtQr(text, signer.raw, ca),
  'opendid-vc': text => {
    const { x, y } = createPublicKey(signer.publicKey
      .export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' })
    const odd = Buffer.from(y, 'base64url').at(-1) & 1
    assert.equal(verifyOpenDid(text).signer, (odd ? '03' : '02') +
      Buffer.from(x, 'base64url').toString('hex'))
  }
}

for (const programme of Object.keys(formats))
  await test(`${programme}: every format for two keys, format by format`,
    async () => {
      const held = await phone(2)
      const r = await post(await order(programme, held, formats[programme]))
      assert.equal(r.status, 201, r.text)
      assert.deepEqual(r.json.credentials.map(c => c.format),
        formats[programme].flatMap(f => [f, f]))
      for (const [i, c] of r.json.credentials.entries()) {
        assert.equal(c.key,
          await calculateJwkThumbprint(held.jwks[i % 2]))
        await judges[c.format](c.credential)
      }
    })

await test('our own command verifies and traces every format', async () => {
  const r = await post(await order('resident-id', await phone(1),
    formats['resident-id']))
  assert.equal(r.status, 201, r.text)
  await okse.published()
  for (const { credential } of r.json.credentials) {
    const v = await okse.okse(['credential', 'verify', '--ca',
      okse.path('ca', 'iaca.pem'), '--signer',
      okse.path('ca', 'document-signer.pem')], { input: credential })
    assert.equal(v.status, 0, v.stderr)
    assert.ok(JSON.parse(v.stdout))
    const t = await okse.okse(['audit', 'trace', '--log', okse.path('log'),
      '--ca', okse.path('ca')], { input: credential })
    assert.equal(t.status, 0, t.stdout + t.stderr)
    assert.match(t.stdout, new RegExp(`entry ${r.json.log.index} allowed`))
    // amid what is signed or signs: the last bits of what is packed mean nothing
    const changed = credential.slice(0, -30) +
      flip(credential.at(-30)) + credential.slice(-29)
    const bad = await okse.okse(['credential', 'verify', '--ca',
      okse.path('ca', 'iaca.pem'), '--signer',
      okse.path('ca', 'document-signer.pem')], { input: changed })
    assert.equal(bad.status, 1, credential)
    assert.equal(bad.stdout, '')
  }
})

await test('the answer says when the credentials are valid', async () => {
  const r = await post(await order('driver-licence', await phone(1),
    ['mso_mdoc', 'dc+sd-jwt']))
  const [mdoc, sdjwt] = r.json.credentials
  const { nbf, exp } = decodeJwt(sdjwt.credential.split('~')[0])
  const { mso } = readMdoc(mdoc.credential)

  for (const c of [mdoc, sdjwt]) {
    assert.equal(new Date(c.valid_from) / 1000, nbf)
    assert.equal(new Date(c.valid_until) / 1000, exp)
  }
  assert.equal(+mso.get('validityInfo').get('validFrom'), nbf * 1000)
  assert.equal(+mso.get('validityInfo').get('validUntil'), exp * 1000)
})

await test('an mdoc of the daemon is shown by a wallet', async () => {
  const held = await phone(1)
  const r = await post(await order('driver-licence', held, ['mso_mdoc']))
  const response = await presentMdoc(r.json.credentials[0].credential,
    'org.iso.18013.5.1.mDL', await exportJWK(held.keys[0].privateKey),
    [['org.iso.18013.5.1', 'driving_privileges']])
  const shown = await verifyPresentedMdoc(response, ca)
  assert.deepEqual(Object.keys(shown['org.iso.18013.5.1']),
    ['driving_privileges'])
})

await test('64 keys of one phone get 64 mdocs with portraits', async () => {
  const held = await phone(64)
  const body = await order('driver-licence', held, ['mso_mdoc'])
  const key = randomUUID()
  const r = await post(body, key)
  assert.equal(r.status, 201, r.text.slice(0, 400))
  const texts = r.json.credentials.map(c => c.credential)
  assert.equal(new Set(texts).size, 64)
  const salts = texts.flatMap(t => Object.values(readMdoc(t).items).flat())
    .map(i => Buffer.from(i.random).toString('hex'))
  assert.equal(new Set(salts).size, salts.length)
  for (const t of texts.slice(0, 8))
    await verifyMdoc(t, ca)

  // the same again is the same content, signed anew
  const again = await okse.again('/v1/credentials', body,
    { 'idempotency-key': key })
  assert.equal(again.status, 201, again.text.slice(0, 400))
  const content = t => Buffer.from(t, 'base64url').toString('latin1')
    .replace(/X@[^]{64}jnameSpaces/, '')
  assert.deepEqual(again.json.credentials.map(c => content(c.credential)),
    texts.map(content))
  assert.equal(again.json.log.index, r.json.log.index)
})

await test('64 credentials are the limit, whatever their formats', async () => {
  const held = await phone(32)
  const two = await order('driver-licence', held, ['mso_mdoc', 'dc+sd-jwt'])
  assert.equal((await post(two)).status, 201)
  const more = await phone(33)
  const r = await post(
    await order('driver-licence', more, ['mso_mdoc', 'dc+sd-jwt']))
  assert.equal(r.status, 400, r.text)
  assert.match(r.json.detail, /^\/device\/proofs: at most 64/)
})

await test('65 proofs are too many', async () => {
  const r = await post(
    await order('driver-licence', await phone(65), ['dc+sd-jwt']))
  assert.equal(r.status, 400, r.text)
  assert.match(r.json.detail, /^\/device\/proofs/)
})

await test('a claim that is wrong is named by a pointer', async () => {
  const r = await post(await order('driver-licence', await phone(1),
    ['mso_mdoc'], { portrait: 'aGVsbG8h'.repeat(200) }))
  assert.equal(r.status, 403, r.text)
  const rule = r.json.decision.rules.find(x => x.id === 'claims-complete')
  assert.match(rule.message, /^\/claims\/portrait: not a JPEG/)
})

await test('a name that is not composed is refused', async () => {
  const r = await post(await order('driver-licence', await phone(1),
    ['dc+sd-jwt'], { family_name: '홍'.normalize('NFD') }))
  assert.equal(r.status, 403, r.text)
  const rule = r.json.decision.rules.find(x => x.id === 'claims-complete')
  assert.match(rule.message, /^\/claims\/family_name: not in Unicode/)
})

await test('a country that is not the signer\'s is refused', async () => {
  const r = await post(await order('driver-licence', await phone(1),
    ['mso_mdoc'], { issuing_country: 'US' }))
  assert.equal(r.status, 400, r.text)
  assert.match(r.json.detail, /^\/claims\/issuing_country: not what the/)
})

await test('a format that is not made here is refused', async () => {
  const r = await post(await order('driver-licence', await phone(1),
    ['jwt_vc_json']))
  assert.equal(r.status, 501, r.text)
})

await test('a format that the programme does not offer is refused',
  async () => {
    const r = await post(await order('veteran-id', await phone(1), ['cwt-qr']))
    assert.equal(r.status, 403, r.text)
  })

await test('it stops when told to', async () => {
  assert.equal(await okse.stop(), 0)
})

done()

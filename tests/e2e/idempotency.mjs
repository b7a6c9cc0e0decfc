// A retry is the same content or nothing (design, order of durability 2).

import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import {
  test, done, startInstance, person, Wallet, qrTokenBody, credentialBody
} from './lib/instance.mjs'
import { verifyQrToken } from '../strangers/qr.mjs'

const okse = await startInstance()
const signed = credential => {
  const [header, payload] = credential.split('~')[0].split('.')
  return createHash('sha256').update(`${header}.${payload}`).digest('hex')
}

let body, key, first

await test('a retry of a QR token gives the same token content', async () => {
  const who = person()
  const k = randomUUID()
  const once = await okse.post('/v1/qr-tokens', qrTokenBody(who),
    { 'idempotency-key': k })
  const again = await okse.again('/v1/qr-tokens', qrTokenBody(who),
    { 'idempotency-key': k })
  assert.equal(once.status, 201, once.text)
  assert.equal(again.status, 201, again.text)
  const pem = okse.read('ca', 'qr-signer.pem')
  const a = await verifyQrToken(once.json.qr_token, pem)
  const b = await verifyQrToken(again.json.qr_token, pem)
  assert.deepEqual(a, b)
})

await test('a retry of a credential signs the same draft', async () => {
  const who = person()
  const token = await okse.post('/v1/qr-tokens', qrTokenBody(who))
  const wallet = await Wallet.create()
  body = credentialBody(who, token.json.qr_token, await wallet.device(okse))
  key = randomUUID()
  first = await okse.post('/v1/credentials', body, { 'idempotency-key': key })
  assert.equal(first.status, 201, first.text)
  const again = await okse.again('/v1/credentials', body,
    { 'idempotency-key': key })
  assert.equal(again.status, 201, again.text)
  assert.equal(signed(again.json.credentials[0].credential),
    signed(first.json.credentials[0].credential))
  assert.equal(again.json.log.index, first.json.log.index)
})

await test('white space and order of members do not matter', async () => {
  const turned = JSON.stringify(Object.fromEntries(
    Object.entries(body).reverse()), null, 3)
  const r = await okse.again('/v1/credentials', turned,
    { 'idempotency-key': key })
  assert.equal(r.status, 201, r.text)
})

await test('the same key with another body is 422', async () => {
  const r = await okse.again('/v1/credentials', {
    ...body, claims: { ...body.claims, given_name: '춘향' }
  }, { 'idempotency-key': key })
  assert.equal(r.status, 422, r.text)
  assert.equal(r.json.credentials, undefined)
})

await test('the same request with another key is a second phone', async () => {
  const r = await okse.post('/v1/credentials', body)
  assert.equal(r.status, 403, r.text)
})

await test('at the same time, one content and never two devices',
  async () => {
    const who = person()
    const k = randomUUID()
    const token = await okse.post('/v1/qr-tokens', qrTokenBody(who))
    const wallet = await Wallet.create()
    const b = credentialBody(who, token.json.qr_token,
      await wallet.device(okse))
    const all = await Promise.all(Array.from({ length: 20 }, () =>
      okse.post('/v1/credentials', b, { 'idempotency-key': k })))
    const granted = all.filter(r => r.status === 201)
    assert.ok(granted.length >= 1)
    for (const r of all)
      assert.ok([201, 409].includes(r.status), r.text)
    assert.equal(new Set(granted.map(r =>
      signed(r.json.credentials[0].credential))).size, 1)
  })

await test('a race for one holder ends with one device', async () => {
  const who = person()
  const bodies = []
  for (let i = 0; i < 10; i++) {
    const token = await okse.post('/v1/qr-tokens', qrTokenBody(who))
    const wallet = await Wallet.create()
    bodies.push(credentialBody(who, token.json.qr_token,
      await wallet.device(okse)))
  }
  const all = await Promise.all(bodies.map(b =>
    okse.post('/v1/credentials', b)))
  assert.deepEqual(all.map(r => r.status).sort(),
    [201, ...Array(9).fill(403)])
})

await test('a race for one QR token ends with one credential', async () => {
  const who = person()
  const token = await okse.post('/v1/qr-tokens', qrTokenBody(who))
  const bodies = []
  for (let i = 0; i < 10; i++) {
    const wallet = await Wallet.create()
    bodies.push(credentialBody(who, token.json.qr_token,
      await wallet.device(okse)))
  }
  const all = await Promise.all(bodies.map(b =>
    okse.post('/v1/credentials', b)))
  assert.equal(all.filter(r => r.status === 201).length, 1)
})

await test('a retry after a restart is the same content', async () => {
  assert.equal(await okse.stop(), 0)
  await okse.start()
  const again = await okse.post('/v1/credentials', body,
    { 'idempotency-key': key })
  assert.equal(again.status, 201, again.text)
  assert.equal(signed(again.json.credentials[0].credential),
    signed(first.json.credentials[0].credential))
})

await okse.stop()
done()

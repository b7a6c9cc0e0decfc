// POST /v1/qr-tokens:batch: up to 256 visits in one request, each with an
// answer of its own, and one key that makes all of them safe to repeat.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import {
  test, done, startInstance, person, Wallet, qrTokenBody, credentialBody,
  until
} from './lib/instance.mjs'
import { verifyQrToken } from '../strangers/qr.mjs'

const okse = await startInstance()
const pem = okse.read('ca', 'qr-signer.pem')
const batch = (requests, key = randomUUID()) =>
  okse.post('/v1/qr-tokens:batch', { requests }, { 'idempotency-key': key })
const people = n => Array.from({ length: n }, () => person())
const tokens = r => r.json.results.map(x => x.body.qr_token)
const decisions = async () => {
  await okse.published()
  const r = await okse.okse(['audit', 'show', '--event', 'decision',
    okse.path('log')])
  return r.stdout.split('\n').length
}

await test('256 visits get 256 tokens that verify, in order', async () => {
  const all = people(256)
  const r = await batch(all.map(p => qrTokenBody(p)))
  assert.equal(r.status, 200, r.text.slice(0, 500))
  assert.equal(r.json.results.length, 256)
  assert.equal(new Set(tokens(r)).size, 256)
  for (const x of r.json.results) {
    assert.equal(x.status, 201)
    assert.equal(x.body.decision.outcome, 'allow')
  }
  for (const i of [0, 1, 127, 255])
    await verifyQrToken(r.json.results[i].body.qr_token, pem)
  // the last one's token is the last one's, and redeems
  const wallet = await Wallet.create()
  const c = await okse.post('/v1/credentials', credentialBody(all[255],
    tokens(r)[255], await wallet.device(okse)))
  assert.equal(c.status, 201, c.text)
})

await test('257 are refused whole, 0 too', async () => {
  const before = await decisions()
  for (const n of [0, 257]) {
    const r = await batch(people(n).map(p => qrTokenBody(p)))
    assert.equal(r.status, 400, r.text)
    assert.equal(r.json.pointer, '/requests')
  }
  assert.equal(await decisions(), before)
})

await test('each has its own answer: granted, refused, malformed', async () => {
  const [a, b, c] = people(3)
  const minor = { ...qrTokenBody(b), programme: 'no-such-programme' }
  const wrong = qrTokenBody(c)
  wrong.holder.birth_date = '2001-02-30'
  const r = await batch([qrTokenBody(a), minor, wrong, { nonsense: 1 }, 7,
    { ...qrTokenBody(person()), pictures: true }])
  assert.equal(r.status, 200, r.text)
  const [ok, refused, malformed, unknown, number, pictures] = r.json.results
  assert.equal(ok.status, 201)
  assert.equal(refused.status, 403)
  assert.equal(refused.body.decision.outcome, 'deny')
  assert.equal(malformed.status, 400)
  assert.equal(malformed.body.pointer, '/holder/birth_date')
  assert.equal(unknown.status, 400)
  assert.equal(number.status, 400)
  assert.equal(pictures.status, 400)
  assert.equal(pictures.body.pointer, '/pictures')
  await verifyQrToken(ok.body.qr_token, pem)
})

await test('a retry gives the same tokens', async () => {
  const bodies = people(20).map(p => qrTokenBody(p))
  const key = randomUUID()
  const once = await batch(bodies, key)
  // at once it may still find some amid their last step
  const again = await until(() => batch(bodies, key),
    r => r.json.results.every(x => x.status !== 409), 'all again')
  assert.equal(again.status, 200)
  for (let i = 0; i < bodies.length; i++) {
    assert.equal(again.json.results[i].status, 201)
    assert.deepEqual(await verifyQrToken(tokens(again)[i], pem),
      await verifyQrToken(tokens(once)[i], pem))
    assert.deepEqual(again.json.results[i].body.log,
      once.json.results[i].body.log)
  }
})

await test('what was changed under the same key is 422, the rest stays',
  async () => {
    const bodies = people(3).map(p => qrTokenBody(p))
    const key = randomUUID()
    const once = await batch(bodies, key)
    const changed = [bodies[0], qrTokenBody(person()), bodies[2],
      qrTokenBody(person())]
    const r = await until(() => batch(changed, key),
      r => r.json.results.every(x => x.status !== 409), 'all again')
    assert.deepEqual(r.json.results.map(x => x.status), [201, 422, 201, 201])
    assert.deepEqual(r.json.results[2].body.log,
      once.json.results[2].body.log)
  })

await test('its key does not meet the keys of single requests', async () => {
  const body = qrTokenBody(person())
  const key = randomUUID()
  assert.equal((await batch([body], key)).json.results[0].status, 201)
  const single = await okse.post('/v1/qr-tokens', qrTokenBody(person()),
    { 'idempotency-key': key })
  assert.equal(single.status, 201, single.text)
})

await test('without a key, with a list or with more beside it: 400',
  async () => {
    for (const [body, headers] of [
      [{ requests: [qrTokenBody(person())] }, { 'idempotency-key': '' }],
      [[qrTokenBody(person())], {}],
      [{ requests: [qrTokenBody(person())], more: 1 }, {}],
      [{ requests: {} }, {}], [{}, {}], ['{"requests":[', {}]
    ]) {
      const r = await okse.post('/v1/qr-tokens:batch', body, headers)
      assert.equal(r.status, 400, r.text)
    }
  })

await test('a body of over 256 KiB is 413', async () => {
  const r = await okse.post('/v1/qr-tokens:batch',
    `{"requests":[${' '.repeat(256 * 1024)}]}`)
  assert.equal(r.status, 413)
})

await test('from a shell: a token a line, and who has none', async () => {
  const file = okse.path('visits.json')
  const wrong = { ...qrTokenBody(person()), programme: 'no-such-programme' }
  writeFileSync(file, JSON.stringify({
    requests: [qrTokenBody(person()), wrong, qrTokenBody(person())]
  }))
  const r = await okse.okse(['qr-token', '--batch', file])
  assert.equal(r.status, 3, r.stderr)
  const lines = r.stdout.split('\n')
  assert.match(lines[0], /^OKSE1:/)
  assert.equal(lines[1], '')
  assert.match(lines[2], /^OKSE1:/)
  assert.match(r.stderr, /request 1: 403/)
})

await test('batches at one time do not mix', async () => {
  const sets = Array.from({ length: 12 }, () => people(40))
  const replies = await Promise.all(sets.map(s =>
    batch(s.map(p => qrTokenBody(p)))))
  const all = new Set()
  for (const r of replies) {
    assert.equal(r.status, 200)
    for (const x of r.json.results) {
      assert.equal(x.status, 201, JSON.stringify(x))
      all.add(x.body.qr_token)
    }
  }
  assert.equal(all.size, 12 * 40)
})

await test('sealed, the whole is 503', async () => {
  const s = await okse.okse(['seal'])
  assert.equal(s.status, 0, s.stderr)
  // the gate hears of it a moment after the officer; nobody signs any more
  await until(() => batch([qrTokenBody(person())]), r => {
    assert.ok(r.status !== 200 || r.json.results[0].status === 503)
    return r.status === 503
  }, 'refused whole')
})

await okse.stop()
done()

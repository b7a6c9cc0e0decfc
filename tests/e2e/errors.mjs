// What a client learns from a mistake: a problem document (RFC 9457) with the
// member and the rule, never a 5xx, and never a value it sent.

import assert from 'node:assert/strict'
import net from 'node:net'
import { randomUUID } from 'node:crypto'
import {
  test, done, startInstance, person, qrTokenBody, request
} from './lib/instance.mjs'

const okse = await startInstance()
const secret = '9001011234567'	// must never come back

function isProblem (r, status) {
  assert.equal(r.status, status, r.text)
  assert.equal(r.headers['content-type'], 'application/problem+json')
  assert.match(r.json.type, /^urn:okse:problem:/)
  assert.equal(r.json.status, status)
  assert.ok(r.json.title.length > 0)
  assert.ok(!r.text.includes(secret), 'a value came back')
}

const good = () => qrTokenBody(person())

/** body(good request) is answered 400 and names the member. */
async function malformed (name, body, pointer, status = 400) {
  await test(name, async () => {
    const r = await okse.post('/v1/qr-tokens', body)
    isProblem(r, status)
    if (pointer !== undefined)
      assert.equal(r.json.pointer, pointer, r.text)
  })
}

await malformed('not JSON', '{', undefined)
await malformed('not an object', '[]', undefined)
await malformed('an unknown member', { ...good(), more: secret }, '/more')
await malformed('an unknown member within', {
  ...good(), holder: { ...good().holder, more: secret }
}, '/holder/more')
await malformed('a missing member', { ...good(), programme: undefined },
  '/programme')
await malformed('a number where a text is wanted', {
  ...good(), holder: { ...good().holder, number: 9001011234567 }
}, '/holder/number')
await malformed('a date that does not exist', {
  ...good(), holder: { ...good().holder, birth_date: '2001-02-29' }
}, '/holder/birth_date')
await malformed('a duplicate member',
  JSON.stringify(good()).replace('{', '{"programme":"x",'), undefined)
await malformed('invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a,
  0x31, 0x7d]), undefined)
await malformed('deep nesting', '['.repeat(20000) + ']'.repeat(20000),
  undefined)
await malformed('an unknown purpose', { ...good(), purpose: 'third-issue' },
  '/purpose')
await malformed('an empty body', '', undefined)

await test('an unknown programme is refused by policy', async () => {
  const r = await okse.post('/v1/qr-tokens',
    { ...good(), programme: 'library-card' })
  assert.equal(r.status, 403, r.text)
})

await test('a body over 64 KiB is 413', async () => {
  const r = await okse.post('/v1/qr-tokens', 'x'.repeat(65537))
    .catch(e => e)
  // the daemon may close before all of it is sent
  if (r instanceof Error)
    assert.match(r.code, /EPIPE|ECONNRESET/)
  else
    isProblem(r, 413)
})

await test('another content type is 415', async () => {
  isProblem(await okse.post('/v1/qr-tokens', JSON.stringify(good()),
    { 'content-type': 'text/plain' }), 415)
})

await test('an unknown path is 404, another method 405', async () => {
  isProblem(await okse.get('/v1/nothing'), 404)
  const r = await okse.get('/v1/qr-tokens')
  isProblem(r, 405)
  assert.equal(r.headers.allow, 'POST')
})

await test('a POST without Idempotency-Key is 400', async () => {
  const r = await request(okse.api, 'POST', '/v1/qr-tokens', good())
  isProblem(r, 400)
  assert.match(r.text, /Idempotency-Key/i)
})

await test('officers\' and metrics routes are not on the API socket',
  async () => {
    for (const path of ['/v1/seal-status', '/metrics', '/livez'])
      isProblem(await okse.get(path), 404)
    isProblem(await okse.post('/v1/seal'), 404)
  })

await test('API routes are not on the officers\' socket', async () => {
  isProblem(await request(okse.admin, 'POST', '/v1/qr-tokens', good(),
    { 'idempotency-key': randomUUID() }), 404)
})

/** What comes back to raw bytes, until the end or for a while. */
function raw (bytes, { end = true, wait = 120000 } = {}) {
  return new Promise((resolve, reject) => {
    const s = net.connect(okse.api)
    let text = ''
    const timer = setTimeout(() => reject(new Error('a hang')), wait)
    s.on('data', d => { text += d })
    s.on('error', () => {})
    s.on('close', () => { clearTimeout(timer); resolve(text) })
    s.write(bytes)
    if (end) s.end()
  })
}

await test('two framings in one request are refused and closed', async () => {
  const text = await raw('POST /v1/qr-tokens HTTP/1.1\r\nHost: x\r\n' +
    'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}', { end: false })
  assert.match(text, /^HTTP\/1\.1 (400|501) /)
})

await test('a request that never ends is answered within its deadline',
  async () => {
    const text = await raw('GET /v1/keys HTTP/1.1\r\nHost: x\r\n',
      { end: false })
    assert.match(text, /^HTTP\/1\.1 408 |^$/)
  })

await test('half a request and a closed socket harm nobody', async () => {
  await raw('POST /v1/qr-tokens HTTP/1.1\r\nHost: x\r\nContent-Le')
  assert.equal((await okse.get('/v1/keys')).status, 200)
})

await test('the keys are a JWK set with their certificates', async () => {
  const { keys } = (await okse.get('/v1/keys')).json
  assert.ok(keys.length >= 2)
  for (const k of keys) {
    assert.equal(k.kty, 'EC')
    assert.equal(k.x5c.length, 1)
    assert.equal(k.d, undefined)
  }
})

await test('liveness, readiness and metrics are on their own socket',
  async () => {
    for (const path of ['/livez', '/readyz'])
      assert.equal((await request(okse.metrics, 'GET', path)).status, 200)
    assert.match(await okse.metricsText(), /^okse_[a-z_]+(\{[^}]*\})? \d/m)
  })

await okse.stop()
done()

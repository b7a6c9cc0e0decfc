// The contract of the HTTP subset, by raw sockets against a running daemon:
// what is refused, how the connection ends, and that nobody else suffers.

import assert from 'node:assert/strict'
import net from 'node:net'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import tls from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  test, skip, done, freePort, startInstance, person, qrTokenBody, until
} from './lib/instance.mjs'

const port = await freePort()
const okse = await startInstance({ args: ['--tls', String(port)] })
const HOST = 'Host: okse\r\n'
const GET = `GET /v1/keys HTTP/1.1\r\n${HOST}\r\n`

const post = (body, fields = '') => Buffer.concat([
  Buffer.from('POST /v1/qr-tokens HTTP/1.1\r\n' + HOST +
    'Content-Type: application/json\r\n' +
    `Idempotency-Key: ${randomUUID()}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n`),
  Buffer.from(body)
])

const dial = () => listenTo(net.connect({
  path: okse.api, allowHalfOpen: true
}), 'connect')

const dialTls = () => listenTo(tls.connect({
  host: '127.0.0.1',
  port,
  servername: 'localhost',
  ca: readFileSync(okse.path('tls', 'ca.pem')),
  cert: readFileSync(okse.path('tls', 'client.pem')),
  key: readFileSync(okse.path('tls', 'client.key'))
}), 'secureConnect')

async function listenTo (s, connected) {
  s.on('error', () => {})
  s.heard = Buffer.alloc(0)
  s.on('data', d => { s.heard = Buffer.concat([s.heard, d]) })
  s.over = new Promise(resolve => {
    s.once('end', resolve)
    s.once('close', resolve)
  })
  await once(s, connected)
  return s
}

/** The complete responses at the front of what was heard. */
function responses (heard) {
  const all = []
  for (;;) {
    const end = heard.indexOf('\r\n\r\n')
    if (end === -1)
      return all
    const [line, ...fields] = heard.subarray(0, end).toString().split('\r\n')
    const headers = Object.fromEntries(fields.map(f => {
      const [name, ...value] = f.split(': ')
      return [name.toLowerCase(), value.join(': ')]
    }))
    const length = +(headers['content-length'] ?? 0)
    if (heard.length < end + 4 + length)
      return all
    const text = heard.subarray(end + 4, end + 4 + length).toString()
    all.push({ status: +line.split(' ')[1], headers, text })
    heard = heard.subarray(end + 4 + length)
  }
}

async function answers (s, count, timeout = 120000) {
  const late = Date.now() + timeout
  while (responses(s.heard).length < count) {
    assert.ok(Date.now() < late, `${responses(s.heard).length} of ${count} ` +
      `answers in ${timeout} ms: ${s.heard.toString().slice(0, 300)}`)
    if (await Promise.race([s.over.then(() => true), sleep(5)]))
      break
  }
  return responses(s.heard)
}

/** Sends, and expects one problem of this status; then the end if close. */
async function refused (name, bytes, status, { close = true, pointer } = {}) {
  await test(name, async () => {
    const s = await dial()
    s.write(bytes)
    const [r] = await answers(s, 1)
    assert.ok(r, 'closed without an answer')
    assert.equal(r.status, status, r.text)
    assert.equal(r.headers['content-type'], 'application/problem+json')
    const problem = JSON.parse(r.text)
    assert.equal(problem.status, status)
    assert.match(problem.type, /^urn:okse:problem:/)
    assert.match(problem.request_id, /^[0-9a-f]{16}$/)
    if (pointer !== undefined)
      assert.equal(problem.pointer, pointer, r.text)
    assert.equal(r.headers.connection === 'close', close, 'Connection')
    if (close)
      await Promise.race([s.over, sleep(60000, undefined, { ref: false }).then(() => {
        throw new Error('not closed')
      })])
    s.destroy()
  })
}

// ---- framing

const smuggling = {
  'both framings': ['Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', 400],
  chunked: ['Transfer-Encoding: chunked\r\n', 501],
  'a list of encodings': ['Transfer-Encoding: gzip, chunked\r\n', 501],
  'two lengths': ['Content-Length: 0\r\nContent-Length: 0\r\n', 400],
  'a list of lengths': ['Content-Length: 0, 0\r\n', 400],
  'a length with a sign': ['Content-Length: +0\r\n', 400],
  'a length with a blank': ['Content-Length: 1 0\r\n', 400],
  'a hexadecimal length': ['Content-Length: 0x0\r\n', 400],
  'a blank before the colon': ['Content-Length : 0\r\n', 400],
  'a folded line': ['A: b\r\n c\r\n', 400],
  'a bare LF': ['A: b\nContent-Length: 3\r\n', 400],
  'a bare CR': ['A: b\rC: d\r\n', 400],
  'a NUL': ['A: b\0c\r\n', 400],
  'an empty name': [': x\r\n', 400],
  'a second Host': [HOST, 400],
  'an upgrade': ['Connection: Upgrade\r\nUpgrade: h2c\r\n', 400],
  'another expectation': ['Expect: tea\r\n', 417]
}
for (const [name, [fields, status]] of Object.entries(smuggling))
  await refused(name, `POST /v1/challenges HTTP/1.1\r\n${HOST}${fields}\r\n`,
    status)

await refused('no Host', 'GET /v1/keys HTTP/1.1\r\n\r\n', 400)
await refused('an absolute target',
  `GET http://okse/v1/keys HTTP/1.1\r\n${HOST}\r\n`, 400)
await refused('another method', `PUT /v1/keys HTTP/1.1\r\n${HOST}\r\n`, 405)
await refused('HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 405)
await refused('TLS on a plain socket', Buffer.from('16030100050100000100\n',
  'latin1'), 400)
await refused('a request line over 2 KiB',
  `GET /${'a'.repeat(2048)} HTTP/1.1\r\n${HOST}\r\n`, 414)
await refused('headers over 8 KiB',
  `GET / HTTP/1.1\r\n${HOST}A: ${'a'.repeat(8192)}\r\n\r\n`, 431)
await refused('more than 40 header fields',
  `GET / HTTP/1.1\r\n${HOST}${'A: b\r\n'.repeat(40)}\r\n`, 431)
await refused('a body over 64 KiB', post('x'.repeat(65537)), 413)

// ---- bodies, whose connection stays open

const good = JSON.stringify(qrTokenBody(person()))
const edit = (from, to) => {
  assert.ok(good.includes(from), from)
  return post(good.replace(from, to))
}
const stays = { close: false }
await refused('duplicate keys', edit('{', '{"purpose":"x",'), 400, stays)
await refused('a wrong type', edit('"resident-id"', '17'), 400,
  { ...stays, pointer: '/programme' })
await refused('a float', edit('"resident-id"', '1.5'), 400,
  { ...stays, pointer: '/programme' })
await refused('a number out of range', edit('"resident-id"', '1e999'), 400,
  stays)
await refused('an unknown member', edit('{', '{"x":1,'), 400,
  { ...stays, pointer: '/x' })
await refused('a truncated body', post(good.slice(0, -1)), 400, stays)
await refused('invalid UTF-8', post(Buffer.from('{"\xff":1}', 'latin1')), 400,
  stays)
await refused('deep nesting', post('[{"a":'.repeat(9000)), 400, stays)
await refused('a bad date', edit('"birth_date":"', '"birth_date":"x'), 400,
  { ...stays, pointer: '/holder/birth_date' })
await refused('64 KiB of brackets', post('[],'.repeat(21845)), 400, stays)
await refused('no Content-Type', Buffer.from(post(good).toString()
  .replace('Content-Type: application/json\r\n', '')), 415, stays)

// ---- connections

await test('HTTP/1.0 is answered, then closed', async () => {
  const s = await dial()
  s.write('GET /v1/keys HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  const [r] = await answers(s, 1)
  assert.equal(r.status, 200)
  assert.equal(r.headers.connection, 'close')
  await s.over
})

await test('pipelined requests are answered in order', async () => {
  const s = await dial()
  const count = 40
  for (let i = 0; i < count; i++)
    s.write(i % 2
      ? GET
      : `POST /v1/challenges HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`)
  const all = await answers(s, count)
  assert.deepEqual(all.map(r => r.status),
    Array.from({ length: count }, (_, i) => i % 2 ? 200 : 201))
  s.destroy()
})

await test('so are they over TLS, in more than one record', async () => {
  const s = await dialTls()
  const count = 120
  const filler = `A: ${'a'.repeat(300)}\r\n`
  s.write(Array.from({ length: count }, (_, i) => i % 2
    ? `GET /v1/keys HTTP/1.1\r\n${HOST}${filler}\r\n`
    : `POST /v1/challenges HTTP/1.1\r\n${HOST}${filler}\r\n`).join(''))
  const all = await answers(s, count)
  assert.deepEqual(all.map(r => r.status),
    Array.from({ length: count }, (_, i) => i % 2 ? 200 : 201))
  s.destroy()
})

await test('a request in single bytes is a request', async () => {
  const s = await dial()
  for (const byte of GET) {
    s.write(byte)
    await sleep(1)
  }
  assert.equal((await answers(s, 1))[0].status, 200)
  s.destroy()
})

await test('a half-closed client gets its answers', async () => {
  const s = await dial()
  s.end(Buffer.concat([post(good), Buffer.from(GET)]))
  const all = await answers(s, 2)
  assert.deepEqual(all.map(r => r.status), [201, 200])
  await s.over
})

await test('a half-closed half request is told so', async () => {
  const s = await dial()
  s.end(post(good).subarray(0, -5))
  const [r] = await answers(s, 1)
  assert.equal(r.status, 400)
  assert.match(r.text, /ends early/)
})

await test('100-continue is sent before a body', async () => {
  const s = await dial()
  const [head, body] = post(good, 'Expect: 100-continue\r\n').toString()
    .split('\r\n\r\n')
  s.write(head + '\r\n\r\n')
  assert.equal((await answers(s, 1))[0].status, 100)
  s.write(body)
  assert.equal((await answers(s, 2))[1].status, 201)
  s.destroy()
})

await test('slow clients are ended by absolute deadlines', async () => {
  const head = await dial()
  const body = await dial()
  const started = Date.now()
  head.write('GET /v1/keys HTTP/1.1\r\n')
  body.write(post(good).subarray(0, -20))
  // a byte a second restarts nothing
  const drip = setInterval(() => {
    head.write('A: b\r\n')
    body.write(' ')
  }, 1000)
  try {
    assert.equal((await answers(head, 1))[0].status, 408)
    const first = Date.now() - started
    assert.equal((await answers(body, 1))[0].status, 408)
    const second = Date.now() - started
    assert.ok(first >= 4900 && second >= 9900, `${first} and ${second} ms`)
  } finally {
    clearInterval(drip)
    head.destroy()
    body.destroy()
  }
})

// ---- many

const MANY = 10000
const files = +/Max open files\s+\S+\s+(\d+)/
  .exec(readFileSync('/proc/self/limits', 'utf8'))[1]
if (files < MANY + 500)
  skip(`${MANY} connections harm nobody`,
    `only ${files} descriptors are allowed here`)
else
  await test(`${MANY} connections harm nobody`, async () => {
    const all = []
    for (let i = 0; i < MANY; i += 250)
      all.push(...await Promise.all(Array.from({ length: 250 }, () => dial())))
    const fresh = await okse.post('/v1/qr-tokens', qrTokenBody(person()))
    assert.equal(fresh.status, 201)
    for (const s of all)
      s.write(GET)
    for (const s of all)
      assert.equal((await answers(s, 1))[0].status, 200)
    const connections = () => okse.metric('okse_connections')
    await until(connections, n => n >= MANY && n < MANY + 10, 'all counted')
    for (const s of all)
      s.destroy()
    await until(connections, n => n < 10, 'all gone')
    const after = await okse.post('/v1/qr-tokens', qrTokenBody(person()))
    assert.equal(after.status, 201)
  })

await test('the service is as well as before', async () => {
  const r = await okse.post('/v1/qr-tokens', qrTokenBody(person()))
  assert.equal(r.status, 201)
  assert.ok(!/"level":"error"/.test(okse.errors), okse.errors)
})

for (const line of okse.errors.split('\n'))
  if (/"level":"(warning|error)"/.test(line))
    console.log(`# ${line}`)
await okse.stop()
done()

// Mutual TLS 1.3: who has the right certificate is a client, who has not gets
// nothing. Real clients: node's and openssl's.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import net from 'node:net'
import {
  test, done, freePort, startInstance, person, qrTokenBody, run
} from './lib/instance.mjs'

const port = await freePort()
const okse = await startInstance({ args: ['--tls', String(port)] })
const tls = name => okse.path('tls', name)

/** One POST over TLS: the status, or the error's code. */
function post (options, key = 'k' + Math.random()) {
  return new Promise(resolve => {
    const body = JSON.stringify(qrTokenBody(person()))
    const r = https.request({
      host: '127.0.0.1', port, method: 'POST', path: '/v1/qr-tokens',
      ca: readFileSync(tls('ca.pem')), servername: 'localhost',
      agent: false, timeout: 60000,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body), 'idempotency-key': key
      },
      ...options
    }, answer => {
      let text = ''
      answer.on('data', d => { text += d })
      answer.on('end', () => resolve({ status: answer.statusCode, text }))
    })
    r.on('timeout', () => r.destroy(new Error('hang')))
    r.on('error', e => resolve({ error: e.code ?? e.message }))
    r.end(body)
  })
}

const file = name => readFileSync(tls(name))
const right = { cert: file('client.pem'), key: file('client.key') }

/** A client certificate made by openssl: { cert, key }. */
async function make (name, { san, days = 1, ca = 'ca', start }) {
  const conf = tls(`${name}.cnf`)
  writeFileSync(conf, `subjectAltName=${san}\nextendedKeyUsage=clientAuth\n`)
  const steps = [
    ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
      '-nodes', '-keyout', tls(`${name}.key`), '-subj', `/CN=${name}`,
      '-out', tls(`${name}.csr`)],
    ['x509', '-req', '-in', tls(`${name}.csr`), '-CA', tls(`${ca}.pem`),
      '-CAkey', tls(`${ca}.key`), '-set_serial', String(Date.now()),
      '-days', String(days), '-extfile', conf, '-out', tls(`${name}.pem`)]]
  for (const s of steps) {
    const r = await run('openssl', s)
    assert.equal(r.status, 0, r.stderr)
  }
  return { cert: file(`${name}.pem`), key: file(`${name}.key`) }
}

await test('the right certificate is served', async () => {
  const r = await post(right)
  assert.equal(r.status, 201, r.text ?? r.error)
})

await test('without a certificate there is no service', async () => {
  const r = await post({})
  assert.equal(r.status, undefined)
  assert.notEqual(r.error, 'hang')
})

await test('a certificate of another authority is refused', async () => {
  const s = await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-keyout', tls('other.key'),
    '-subj', '/CN=other', '-days', '1', '-out', tls('other.pem')])
  assert.equal(s.status, 0, s.stderr)
  const r = await post(await make('stranger',
    { san: 'URI:urn:okse:client:upstream', ca: 'other' }))
  assert.equal(r.status, undefined)
  assert.notEqual(r.error, 'hang')
})

await test('an expired certificate is refused', async () => {
  const r = await post(await make('expired',
    { san: 'URI:urn:okse:client:upstream', days: -1 }))
  assert.equal(r.status, undefined)
  assert.notEqual(r.error, 'hang')
})

await test('a certificate whose name nobody knows gets nothing', async () => {
  const r = await post(await make('unknown',
    { san: 'URI:urn:okse:client:upstream2' }))
  assert.ok(r.status === undefined || r.status === 401, r.text)
})

await test('a common name is not an identity', async () => {
  const r = await post(await make('upstream', { san: 'DNS:upstream' }))
  assert.ok(r.status === undefined || r.status === 401, r.text)
})

await test('a server certificate does not make a client', async () => {
  const r = await post({ cert: file('server.pem'), key: file('server.key') })
  assert.ok(r.status === undefined || r.status === 401, r.text)
})

await test('TLS 1.2 is not spoken', async () => {
  const r = await post({ ...right, maxVersion: 'TLSv1.2' })
  assert.equal(r.status, undefined)
})

await test('openssl s_client speaks TLS 1.3 and verifies the server',
  async () => {
    const r = await run('openssl', ['s_client', '-connect',
      `127.0.0.1:${port}`, '-CAfile', tls('ca.pem'), '-cert',
      tls('client.pem'), '-key', tls('client.key'), '-verify_return_error',
      '-quiet', '-ign_eof'], {
      input: 'GET /v1/keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
      timeout: 120000
    })
    assert.match(r.stdout, /^HTTP\/1\.1 200 /, r.stderr)
  })

await test('plain HTTP on the TLS port gets nothing', async () => {
  const r = await new Promise(resolve => {
    const s = net.connect(port, '127.0.0.1')
    let text = ''
    s.on('data', d => { text += d.toString('latin1') })
    s.on('close', () => resolve(text))
    s.on('error', () => resolve(text))
    s.write('GET /v1/keys HTTP/1.1\r\nHost: x\r\n\r\n')
  })
  assert.ok(!r.includes('HTTP/1.1 200'))
})

await test('a client that says nothing is not waited for', async () => {
  const started = Date.now()
  await new Promise(resolve => {
    const s = net.connect(port, '127.0.0.1')
    s.on('close', resolve)
    s.on('error', () => {})
    s.resume()
    setTimeout(() => { s.destroy() }, 120000).unref()
  })
  assert.ok(Date.now() - started < 119000)
})

await test('the Unix socket serves on meanwhile', async () => {
  assert.equal((await okse.post('/v1/qr-tokens',
    qrTokenBody(person()))).status, 201)
})

await okse.stop()
done()

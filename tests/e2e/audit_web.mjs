// A log behind https, as an auditor meets it: verified over one connection; a
// server that is not who it says, breaks off, lies about lengths or says
// nothing is told from a log that is damaged, and that from one that lies.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync }
  from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { build, done, remove, okse, run, temporary, test } from './lib/instance.mjs'

const dir = temporary()
process.on('exit', () => remove(dir))
const at = (...names) => path.join(dir, ...names)
const made = await run(path.join(build, 'tool/make_log'), [at('log'), '700'])
assert.equal(made.status, 0, made.stderr)

// ---- certificates, by openssl

const openssl = (...args) => execFileSync('openssl', args,
  { cwd: dir, stdio: 'ignore' })
const key = name => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
  '-nodes', '-keyout', `${name}.key`]
for (const name of ['ca', 'other'])
  openssl('req', '-x509', ...key(name), '-out', `${name}.pem`, '-subj',
    `/CN=Test ${name}`, '-days', '2')
function certify (name, ca, names, days = '2') {
  writeFileSync(at(`${name}.ext`), `subjectAltName=${names}\n`)
  openssl('req', ...key(name), '-out', `${name}.csr`, '-subj', `/CN=${name}`)
  openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.pem`, '-CAkey',
    `${ca}.key`, '-CAcreateserial', '-days', days, '-extfile', `${name}.ext`,
    '-out', `${name}.pem`)
  return { cert: readFileSync(at(`${name}.pem`)),
    key: readFileSync(at(`${name}.key`)) }
}
const both = 'DNS:localhost,IP:127.0.0.1'
const good = certify('good', 'ca', both)

// ---- servers

const servers = []
async function listen (server) {
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server.address().port
}

const files = (answer = (name, body, res) => {
  res.writeHead(200, { 'Content-Length': body.length })
  res.end(body)
}) => (req, res) => {
  const name = path.normalize(req.url).slice(1)
  const file = at('log', name)
  if (!existsSync(file) || !statSync(file).isFile()) {
    res.writeHead(404, { 'Content-Length': 2 })
    return res.end('no')
  }
  return answer(name, readFileSync(file), res)
}

const verify = (url, env = { SSL_CERT_FILE: at('ca.pem') }) =>
  okse(['audit', 'verify', '--key', at('log', 'log.vkey'), '--json', url],
    { env: { ...process.env, ...env } })

/** What verify says of a server that answers so. */
async function of (answer, options = good) {
  const port = await listen(https.createServer(options, files(answer)))
  return verify(`https://127.0.0.1:${port}/`)
}
const plain = (name, body, res) => {
  res.writeHead(200, { 'Content-Length': body.length })
  res.end(body)
}
/** A plain server but for one file. */
const but = (wanted, how) => (name, body, res) =>
  name.startsWith(wanted) ? how(body, res, name) : plain(name, body, res)

// says nothing in the middle of a file; waited for below
const silent = of(but('tile/entries/001', (body, res) => {
  res.writeHead(200, { 'Content-Length': body.length })
  res.write(body.subarray(0, 100))
}))

await test('a log behind https is verified over one connection', async () => {
  let connections = 0
  const server = https.createServer(good, files())
  server.on('secureConnection', s => {
    connections++
    assert.match(s.getProtocol(), /^TLSv1\.[23]$/)
  })
  const port = await listen(server)
  for (const host of ['127.0.0.1', 'localhost']) {
    connections = 0
    const r = await verify(`https://${host}:${port}`)
    assert.equal(r.status, 0, r.stdout + r.stderr)
    assert.equal(connections, 1)
    assert.equal(JSON.parse(r.stdout).size, 700)
  }
})

const away = async (r, words) => {
  assert.equal(r.status, 4, r.stdout + r.stderr)
  assert.equal(r.stdout, '')
  assert.match(r.stderr, words)
}

await test('a server that is not who it says is not asked', async () => {
  const bad = [
    [certify('stranger', 'other', both), /certificate of .*issuer/],
    [certify('elsewhere', 'ca', 'DNS:log.example.kr,IP:192.0.2.1'),
      /certificate of .*(IP address|hostname) mismatch/],
    [certify('expired', 'ca', both, '-1'), /certificate of .*expired/]
  ]
  for (const [options, words] of bad) {
    let asked = 0
    const port = await listen(https.createServer(options,
      (q, a) => { asked++; files()(q, a) }))
    await away(await verify(`https://127.0.0.1:${port}/`), words)
    assert.equal(asked, 0)
  }
  // the right one is not believed either by who trusts another authority
  const port = await listen(https.createServer(good, files()))
  await away(await verify(`https://127.0.0.1:${port}/`,
    { SSL_CERT_FILE: at('other.pem') }), /certificate of .*issuer/)
})

await test('without TLS, or with an old one, there is no connection',
  async () => {
    const port = await listen(https.createServer(
      { ...good, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0' }, files()))
    await away(await verify(`https://127.0.0.1:${port}/`), /no connection/)
    const plain = await listen((await import('node:http'))
      .createServer(files()))
    await away(await verify(`https://127.0.0.1:${plain}/`), /no connection/)
  })

await test('redirections are not followed, errors are the server\'s', async () => {
  for (const [status, headers] of [[301, { Location: '/x' }],
    [302, { Location: 'https://localhost/' }], [403, {}], [500, {}]])
    await away(await of((name, body, res) => {
      res.writeHead(status, { ...headers, 'Content-Length': 0 })
      res.end()
    }), new RegExp(`answers ${status}`))
})

await test('what a server breaks off is no word on the log', async () => {
  for (const file of ['checkpoint', 'tile/entries/001', 'tile/0/001'])
    await away(await of(but(file, (body, res) => {
      res.writeHead(200, { 'Content-Length': body.length })
      res.write(body.subarray(0, body.length - 1),
        () => res.socket.destroy())
    })), /ended within the answer/)
  // without a length its end is anybody's
  await away(await of(but('tile/entries/001', (body, res) => {
    res.useChunkedEncodingByDefault = false
    res.shouldKeepAlive = false
    res.removeHeader('Transfer-Encoding')
    res.socket.write('HTTP/1.1 200 OK\r\n\r\n')
    res.socket.end(body.subarray(0, 4000))
  })), /ended within the answer/)
})

await test('wrong lengths are no word on the log either', async () => {
  const raw = head => but('tile/entries/001', (body, res) =>
    res.socket.end(Buffer.concat([Buffer.from(
      `HTTP/1.1 200 OK\r\n${head(body.length)}\r\n`), body])))
  for (const head of [
    n => `Content-Length: ${n - 1}\r\n`, n => `Content-Length: ${n + 1}\r\n`,
    n => `Content-Length: ${n}\r\nContent-Length: ${n + 1}\r\n`,
    n => `Content-Length: -${n}\r\n`, () => 'Content-Length: 1e3\r\n',
    n => `Content-Length: ${n}\r\nTransfer-Encoding: chunked\r\n`
  ])
    await away(await of(raw(head)), /ended within|: the answer: /)
})

await test('a file that is missing or ends early makes it incomplete',
  async () => {
    for (const how of [
      (body, res) => { res.writeHead(404, { 'Content-Length': 0 }); res.end() },
      (body, res) => plain('', body.subarray(0, body.length - 9), res)
    ]) {
      const r = await of(but('tile/entries/001', how))
      assert.equal(r.status, 2, r.stdout + r.stderr)
      assert.ok(JSON.parse(r.stdout).checks.some(
        c => c.file === 'tile/entries/001'), r.stdout)
    }
  })

await test('one wrong byte makes it tampered, and is named', async () => {
  const r = await of(but('tile/entries/001', (body, res) => {
    body[body.length - 5] ^= 1
    plain('', body, res)
  }))
  assert.equal(r.status, 1, r.stdout + r.stderr)
  assert.ok(JSON.parse(r.stdout).checks.some(
    c => c.file === 'tile/entries/001' && c.verdict === 'tampered'), r.stdout)
})

await test('a server that falls silent is left after its time', async () => {
  await away(await silent, /nothing came for 15 seconds/)
})

for (const s of servers) {
  s.close()
  s.closeAllConnections()
}
done()

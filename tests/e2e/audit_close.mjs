// The end of a month: closed while requests come, archived, stamped by an
// authority made here, verified by okse, openssl and sha256sum; then what is
// false about an archive or a receipt is found. A log on a web server, too.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync, existsSync, cpSync, statSync }
  from 'node:fs'
import path from 'node:path'
import { test, done, startInstance, person, issue, qrTokenBody, sleep,
  until } from './lib/instance.mjs'

const okse = await startInstance()
const log = (...names) => okse.path('log', ...names)
const keys = ['--key', log('log.vkey'), '--key', log('log-ecdsa.vkey')]
const audit = (...args) => okse.okse(['audit', ...args])
const note = log('closed', '2026-11.note')
const archive = okse.path('archive')
const sh = (cmd, args, cwd) => execFileSync(cmd, args, { cwd,
  stdio: ['ignore', 'pipe', 'pipe'] }).toString()
const entries = async () => (await audit('show', log())).stdout.trim()
  .split('\n').map(l => JSON.parse(l))

for (let i = 0; i < 3; i++) await issue(okse, person())

await test('a month is closed while requests come', async () => {
  const busy = Promise.all(Array.from({ length: 20 }, (_, i) =>
    sleep(i * 20).then(() => okse.post('/v1/qr-tokens',
      qrTokenBody(person())))))
  const r = await audit('close', '--dir', okse.path(), '2026-11')
  assert.equal(r.status, 0, r.stderr)
  for (const reply of await busy) assert.equal(reply.status, 201, reply.text)
})

await test('its last entry is the close, with totals that add up',
  async () => {
    const size = Number(readFileSync(note, 'utf8').split('\n')[1])
    const all = await until(entries, e => e.length >= size, 'the close')
    const close = all[size - 1]
    assert.equal(close.ev, 'period.close')
    assert.deepEqual([close.first, close.last], [0, size - 2])
    const totals = {}
    for (const e of all.slice(0, size - 1))
      totals[e.ev] = (totals[e.ev] ?? 0) + 1
    assert.deepEqual(close.totals, totals)
  })

await test('it is closed once, and only months are periods', async () => {
  assert.equal((await audit('close', '--dir', okse.path(), '2026-11')).status,
    5)
  for (const name of ['2026-13', '2026', 'x', '..%2f..'])
    assert.notEqual((await audit('close', '--dir', okse.path(), name)).status,
      0, name)
})

await test('the log with its closed period is verified', async () => {
  const r = await audit('verify', ...keys, '--from', note, log())
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /Periods +1\/1 closed/)
  const before = await audit('verify', ...keys, '--to', note, log())
  assert.equal(before.status, 0, before.stdout)
})

// ---- a time-stamping authority, by openssl alone

const tsa = okse.path('tsa')
const stamp = path.join(tsa, 'x.tsr'), authority = path.join(tsa, 'ca.pem')
await test('an authority stamps the checkpoint', async () => {
  execFileSync('mkdir', [tsa])
  writeFileSync(path.join(tsa, 'ts.cnf'), `
[tsa]
default_tsa = t
[t]
serial = ${tsa}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
[ext]
extendedKeyUsage = critical,timeStamping
`)
  writeFileSync(path.join(tsa, 'serial'), '01\n')
  const at = { cwd: tsa, stdio: 'ignore' }
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out',
    'ca.pem', '-subj', '/CN=Test authority', '-days', '2'], at)
  execFileSync('openssl', ['req', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ts.key', '-out',
    'ts.csr', '-subj', '/CN=Test stamps'], at)
  execFileSync('openssl', ['x509', '-req', '-in', 'ts.csr', '-CA', 'ca.pem',
    '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile',
    'ts.cnf', '-extensions', 'ext', '-out', 'ts.pem'], at)
  execFileSync('openssl', ['ts', '-query', '-data', note, '-sha256', '-cert',
    '-out', 'x.tsq'], at)
  execFileSync('openssl', ['ts', '-reply', '-config', 'ts.cnf', '-section',
    't', '-queryfile', 'x.tsq', '-signer', 'ts.pem', '-inkey', 'ts.key',
    '-out', 'x.tsr'], at)
})

await test('the archive is made with its stamp and verified', async () => {
  const r = await audit('archive', ...keys, '--note', note, '--stamp', stamp,
    '--authority', authority, log(), archive)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stderr, /stamped at 20/)
  assert.match(r.stdout, /^([A-Z2-7]{4}-){8}[A-Z2-7]{4}\n/)
  assert.deepEqual(readFileSync(path.join(archive, 'log/checkpoint')),
    readFileSync(note))
  assert.equal((await audit('archive', ...keys, log(), archive)).status, 5)
})

await test('others verify it: sha256sum, openssl, the kit', async () => {
  sh('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], archive)
  sh('openssl', ['ts', '-verify', '-data', 'log/checkpoint', '-in',
    'checkpoint.tsr', '-CAfile', authority], archive)
  assert.match(sh('docs/audit-kit/verify.sh', ['log',
    path.join(archive, 'log'), log('log.vkey')]), /^VERIFIED/)
})

await test('the log goes on after its period', async () => {
  await issue(okse, person())
  const size = file => +readFileSync(file, 'utf8').split('\n')[1]
  await until(() => size(log('checkpoint')), n => n > size(note),
    'a later checkpoint')
})

await test('the fingerprint on paper finds slips and other checkpoints',
  async () => {
    const text = readFileSync(path.join(archive, 'fingerprint.txt'),
      'utf8').trim()
    assert.equal((await audit('fingerprint', note, text.toLowerCase()
      .replaceAll('-', ' '))).status, 0)
    const slip = (text[0] === 'A' ? 'B' : 'A') + text.slice(1)
    assert.match((await audit('fingerprint', note, slip)).stderr, /copying/)
    assert.match((await audit('fingerprint', log('checkpoint'), text)).stderr,
      /another checkpoint/)
  })

await test('a stamp of another note, or by another authority, is refused',
  async () => {
    const other = okse.path('other.pem')
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
      'ec_paramgen_curve:P-256', '-nodes', '-keyout', okse.path('o.key'),
      '-out', other, '-subj', '/CN=Somebody', '-days', '2'],
    { stdio: 'ignore' })
    for (const [i, args] of [
      ['--stamp', stamp, '--authority', authority],
      ['--note', note, '--stamp', stamp, '--authority', other],
      ['--note', note, '--stamp', stamp],
      ['--note', note, '--stamp', note, '--authority', authority]
    ].entries()) {
      const r = await audit('archive', ...keys, ...args, log(),
        okse.path(`refused-${i}`))
      assert.equal(r.status, 4, r.stdout)
    }
  })

// ---- checkpoints and receipts, by policy

const policy = okse.path('trust.txt')
writeFileSync(policy, `log ${readFileSync(log('log.vkey'), 'utf8')}` +
  `log ${readFileSync(log('log-ecdsa.vkey'), 'utf8')}quorum none\n`)

await test('checkpoints of the same log are consistent, others are not told',
  async () => {
    const r = await audit('diff', '--policy', policy, note,
      log('checkpoint'), log())
    assert.equal(r.status, 0, r.stdout + r.stderr)
    assert.match(r.stdout, /^(CONSISTENT|SAME)/)
    const alone = await audit('diff', '--policy', policy, note, note)
    assert.match(alone.stdout, /^SAME/)
    writeFileSync(okse.path('bad.note'), readFileSync(note, 'utf8')
      .replace(/\n(\d+)\n/, '\n1$1\n'))
    assert.equal((await audit('diff', '--policy', policy, note,
      okse.path('bad.note'), log())).status, 4)
  })

await test('a receipt is checked by a policy, and by its quorum', async () => {
  const receipt = okse.path('x.tlog-proof')
  writeFileSync(receipt, (await audit('proof', log(), '2')).stdout)
  const r = await audit('check-receipt', '--policy', policy, receipt)
  assert.equal(r.status, 0, r.stderr)
  const wanting = okse.path('wanting.txt')
  writeFileSync(wanting, readFileSync(policy, 'utf8').replace('quorum none\n',
    'witness w witness.example.org+b8a2cf20+' +
    'BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN\nquorum w\n'))
  const w = await audit('check-receipt', '--policy', wanting, receipt)
  assert.equal(w.status, 3, w.stderr)
  assert.equal((await audit('verify', '--policy', wanting, log())).status, 3)
})

// ---- the same log from a web server

const served = []
const server = createServer((req, res) => {
  const chunked = req.url.startsWith('/chunked/')
  const file = path.join(archive, 'log',
    path.normalize(chunked ? req.url.slice(8) : req.url))
  served.push(req.url)
  if (req.url.startsWith('/liar/')) {
    const body = Buffer.alloc(200000, 'x')
    res.writeHead(200, { 'Content-Length': body.length })
    return res.end(body)
  }
  if (req.url.startsWith('/endless/'))
    return req.socket.end('HTTP/1.1 200 OK\r\n\r\nno length')
  if (!existsSync(file) || !statSync(file).isFile()) {
    res.writeHead(404, { 'Content-Length': 2 })
    return res.end('no')
  }
  const body = readFileSync(file)
  if (!chunked) res.writeHead(200, { 'Content-Length': body.length })
  for (let i = 0; chunked && i < body.length; i += 5000)
    res.write(body.subarray(i, i + 5000))
  res.end(chunked ? undefined : body)
}).listen(0, '127.0.0.1')
await new Promise(resolve => server.on('listening', resolve))
const at = `http://127.0.0.1:${server.address().port}`

await test('a log on the web is verified over one connection', async () => {
  let connections = 0
  server.on('connection', () => connections++)
  const r = await audit('verify', ...keys, at)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.equal(connections, 1)
  assert.ok(served.includes('/checkpoint'))
})

await test('so is one that comes in chunks', async () => {
  const r = await audit('verify', ...keys, `${at}/chunked/`)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.ok(served.includes('/chunked/checkpoint'))
})

await test('what a server must not do ends the check, and says nothing of a log',
  async () => {
    for (const where of [`${at}/liar/`, `${at}/endless/`,
      'http://127.0.0.1:1/', 'http://', 'http://a@b/', 'http://a/?q']) {
      const r = await audit('verify', ...keys, where)
      assert.ok([1, 4].includes(r.status), `${where}: ${r.status}`)
      if (!where.includes('liar')) assert.equal(r.status, 4, where)
    }
    // an empty server is a log without a checkpoint
    assert.equal((await audit('verify', ...keys, `${at}/none/`)).status, 2)
  })
server.close()

await test('one changed byte of the archive is found, and its file named',
  async () => {
    const forged = okse.path('forged')
    cpSync(archive, forged, { recursive: true })
    const name = `tile/entries/000.p/${readFileSync(note, 'utf8')
      .split('\n')[1]}`
    const file = path.join(forged, 'log', name)
    execFileSync('chmod', ['u+w', file])
    const b = readFileSync(file)
    b[b.length - 5] ^= 1
    writeFileSync(file, b)
    const r = await audit('verify', ...keys, '--json',
      path.join(forged, 'log'))
    assert.equal(r.status, 1)
    assert.ok(JSON.parse(r.stdout).checks.some(c => c.file === name))
  })

await okse.stop()
done()

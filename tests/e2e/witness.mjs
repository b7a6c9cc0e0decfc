// The daemon and its witnesses: three, of which two are a quorum. One dies;
// two die and issuing stops; they come back and it goes on. One speaks TLS,
// one hangs, floods, lies: nothing ever waits for any of them.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync }
  from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { test, done, freePort, okse, person, qrTokenBody, request, run, skip,
  top, until } from './lib/instance.mjs'
import { Witness, caughtUp, logState, prepareInstance }
  from './lib/witness.mjs'

const w = []
for (const n of [1, 2, 3])
  w.push(await Witness.create(`example.kr/w${n}`))
const i = await prepareInstance(w, ['timeout: PT1S', 'patience: PT2S',
  'lost-after: PT1S', 'stop-after: PT2S', 'roots: tls-ca.pem'])
i.edit('okse.yaml', 'tls-ca.pem', i.path('tls', 'ca.pem'))

// the third is behind a proxy that speaks TLS, under a prefix
const proxy = https.createServer({
  cert: i.read('tls', 'server.pem'), key: i.read('tls', 'server.key')
}, (q, a) => {
  const to = http.request(w[2].url + q.url.replace(/^\/third/, ''),
    { method: q.method, headers: q.headers }, from => {
      a.writeHead(from.statusCode, from.headers)
      from.pipe(a)
    })
  to.on('error', () => a.destroy())
  q.pipe(to)
}).listen(await freePort(), '127.0.0.1')
await once(proxy, 'listening')
i.edit('witnesses.txt', w[2].url,
  `https://127.0.0.1:${proxy.address().port}/third/`)

for (const each of w)
  await each.start()
await i.start()

const ready = () => request(i.metrics, 'GET', '/readyz')
const state = () => logState(i)
const ask = () => i.post('/v1/qr-tokens', qrTokenBody(person()))
const entries = async event => (await okse(['audit', 'show', '--event',
  event, i.path('log')])).stdout.trim().split('\n').filter(Boolean)
  .map(l => JSON.parse(l))

await test('every entry comes under a checkpoint with all cosignatures',
  async () => {
    assert.equal((await ask()).status, 201)
    await until(state, s => caughtUp(s) &&
      s.witnesses.every(x => x.state === 'agrees' && x.cosigned === s.durable),
    'witnessed')
    const note = i.read('log', 'checkpoint')
    for (const n of [1, 2, 3])
      assert.match(note, new RegExp(`^— example\\.kr/w${n} `, 'm'))
  })

await test('the auditor\'s trust policy finds its quorum', async () => {
  const a = await okse(['audit', 'verify', '--policy',
    i.path('witnesses.txt'), i.path('log')])
  assert.equal(a.status, 0, a.stdout + a.stderr)
})

await test('receipts carry the cosignatures', async () => {
  const { text } = await i.get('/v1/log/proofs/0')
  assert.match(text, /^— example\.kr\/w[123] /m)
})

if (existsSync('/usr/share/gocode/src/golang.org/x/mod/sumdb/note')) {
  await test('Debian\'s Go note package opens it for log and witnesses',
    async () => {
      const program = i.path('cosigned')
      const built = await run('go', ['build', '-o', program,
        `${top}/tests/go/cosigned.go`], {
        env: { ...process.env, GO111MODULE: 'off',
          GOPATH: '/usr/share/gocode', GOFLAGS: '',
          GOCACHE: i.path('go-cache') }
      })
      assert.equal(built.status, 0, built.stderr)
      const checked = await run(program, [i.path('log', 'checkpoint'),
        i.read('log', 'log.vkey').split('\n')[0], ...w.map(x => x.vkey)])
      assert.equal(checked.status, 0, checked.stdout)
      assert.equal(checked.stdout.match(/^ok /gm).length, 4)
      // a checkpoint that another log published (facts of the format)
      writeFileSync(i.path('sample'), 'rome2026h1.example.org\n300\n' +
        'lCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=\n\n' +
        '— witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqs' +
        'lmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==\n')
      const sample = await run(program, [i.path('sample'), '-',
        'witness.example.org+b8a2cf20+' +
        'BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN'])
      assert.equal(sample.status, 0, sample.stdout)
    })
} else {
  skip('Debian\'s Go note package opens it', 'no golang-golang-x-mod-dev')
}

await test('the courier is locked in, with sockets and nothing else open',
  async () => {
    const p = (await i.processes()).find(x => x.role === 'courier')
    const s = readFileSync(`/proc/${p.pid}/status`, 'utf8')
    assert.match(s, /Seccomp:\t2/)
    assert.match(s, /NoNewPrivs:\t1/)
    assert.match(s, /CapEff:\t0{16}/)
    const maps = readFileSync(`/proc/${p.pid}/maps`, 'utf8')
    assert.doesNotMatch(maps, /softhsm/)
  })

await test('without one of three nothing changes, and the log tells',
  async () => {
    await w[0].stop('SIGKILL')
    assert.equal((await ask()).status, 201)
    await until(() => entries('witness.lost'),
      e => e.some(x => x.witness === 'w1'), 'witness.lost')
    await until(state, s => caughtUp(s) &&
      s.witnesses[0].state === 'silent', 'witnessed by two')
    assert.equal((await ready()).status, 200)
  })

await test('without two of three issuing stops and says why', async () => {
  await w[1].stop('SIGKILL')
  await ask()			// something that waits for a quorum
  const stopped = await until(ask, r => r.status === 503, 'stopped')
  assert.equal(stopped.json.type, 'urn:okse:problem:unwitnessed')
  assert.match(stopped.json.detail, /quorum of witnesses/)
  const unready = await until(ready, r => r.status === 503, 'unready')
  assert.deepEqual(unready.json.failing, ['witnesses'])
  const { status } = await i.post('/v1/decisions',
    { operation: 'qr-token', ...qrTokenBody(person()) })
  assert.notEqual(status, 503)	// who only asks is answered
  const told = await i.okse(['status'])
  assert.match(told.stdout, /Nothing is issued/)
  const s = await state()
  assert.ok(s.published > s.witnessed && !s.issuing)
  await until(() => i.metricsText(), t => /^okse_log_issuing 0$/m.test(t),
    'metrics')
  // the newest that had its quorum is kept, and is in time
  const kept = Number(i.read('log', 'checkpoint.witnessed').split('\n')[1])
  assert.equal(kept, s.witnessed)
  const verify = ['audit', 'verify', '--json', '--policy',
    i.path('witnesses.txt'), i.path('log')]
  const in_time = await okse(verify)
  assert.equal(in_time.status, 0, in_time.stdout)
  assert.ok(in_time.stdout.includes(`"size":${kept}`), in_time.stdout)
  // without it the auditor knows of no quorum at all
  cpSync(i.path('log'), i.path('copy'), { recursive: true })
  rmSync(i.path('copy', 'checkpoint.witnessed'))
  const late = await okse([...verify.slice(0, -1), i.path('copy')])
  assert.equal(late.status, 3, late.stdout)
})

await test('with the quorum back it goes on by itself', async () => {
  await w[1].start()
  await until(ready, r => r.status === 200, 'ready again')
  await until(ask, r => r.status === 201, 'issuing again')
  await until(() => entries('witness.gained'),
    e => e.filter(x => x.witness === 'w2').length === 2, 'witness.gained')
  await until(() => i.metricsText(), t => /^okse_log_issuing 1$/m.test(t),
    'metrics')
})

// ---- in place of the first: whoever answers however it likes

const [host, port] = w[0].address.split(':')
const liars = {
  'hangs': () => {},
  'floods': socket => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n')
    const more = () => {
      while (!socket.destroyed && socket.write('x'.repeat(65536)));
    }
    socket.on('drain', more)
    more()
  },
  'claims to know a million entries, and shows none': socket =>
    socket.end('HTTP/1.1 409 Conflict\r\nContent-Length: 8\r\n\r\n1000000\n'),
  'claims a fork, and shows none': socket =>
    socket.end('HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n')
}
let after
for (const [what, how] of Object.entries(liars)) {
  await test(`a witness that ${what} delays nobody and seals nothing`,
    async () => {
      const open = new Set()
      let asked = 0
      const server = net.createServer(socket => {
        open.add(socket)
        socket.on('error', () => {})
        socket.once('data', () => { asked++; how(socket) })
      }).listen(+port, host)
      await once(server, 'listening')
      after = () => {
        server.close()
        for (const s of open)
          s.destroy()
        return once(server, 'close')
      }
      await until(async () => asked, n => n > 0, 'asked')
      assert.equal((await ask()).status, 201)
      const { durable } = await state()
      await until(state, s => s.witnessed >= durable &&
        s.witnesses[0].state !== 'agrees', 'witnessed all the same')
      const r = await ready()
      assert.equal(r.status, 200, r.text)
    })
  await after()
}

await test('the true one is believed again', async () => {
  await w[0].start()
  await until(state, s => s.witnesses[0].state === 'agrees', 'w1')
})

await test('a courier that dies is replaced', async () => {
  const before = (await i.processes()).find(x => x.role === 'courier')
  process.kill(before.pid, 'SIGKILL')
  await until(() => i.processes(), ps => ps.some(x =>
    x.role === 'courier' && x.pid !== before.pid), 'another courier')
  assert.equal((await ask()).status, 201)
  const { durable } = await state()
  await until(state, s => s.witnessed >= durable, 'witnessed')
})

await test('nothing was killed for a forbidden call', async () => {
  assert.doesNotMatch(i.errors, /SIGSYS|signal 31/)
})

await test('it stops as asked', async () => {
  assert.equal(await i.stop(), 0)
})
proxy.close()
done()

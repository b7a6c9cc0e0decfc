// The notary's system calls fail under load: strace makes them. A client that
// keeps every receipt is the judge: afterwards each acknowledged answer is in
// the log with the same leaf, a retry gives the same content, nobody has two
// devices, and every checkpoint that was ever seen is the beginning of the
// last. (tests/faults.sh goes through all calls; kill.mjs kills whole roles.)

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  test, skip, done, startInstance, person, Wallet, issue, qrTokenBody,
  credentialBody, sleep
} from './lib/instance.mjs'

const okse = await startInstance()
const receipts = []		// { url, body, key, index, leaf, content }
const checkpoints = new Map()	// size → text
const holders = []

const notary = async () =>
  (await okse.processes()).find(p => p.role === 'notary')

/** Attaches strace; undefined when it may not. Ends with the process. */
async function inject (pid, what) {
  const child = spawn('strace', ['-qq', '-p', String(pid), '-e',
    `trace=${what.split(':')[0]}`, '-e', `inject=${what}`],
  { stdio: ['ignore', 'ignore', 'pipe'] })
  const s = { said: '', ended: false, child }
  child.on('error', () => { s.ended = true })
  child.stderr.on('data', d => { s.said += d })
  s.over = once(child, 'exit').then(() => { s.ended = true })
  await sleep(300)
  return s.ended && !/INJECTED|killed/.test(s.said) ? undefined : s
}

// what does not change when the same is signed again
const content = r => r.json.credentials?.[0].credential.split('.')
  .slice(0, 2).join('.') ?? r.json.expires_at

async function ask (url, body, seen) {
  const key = randomUUID()
  const r = await okse.post(url, body, { 'idempotency-key': key })
  if (r.status === 201 && r.json.log)
    receipts.push({
      url, body, key, index: r.json.log.index, leaf: r.json.log.leaf,
      content: content(r)
    })
  else if (![201, 409, 503].includes(r.status))
    seen.other.push(r.text)
  return r
}

async function look () {
  const r = await okse.get('/v1/log/checkpoint')
  if (r.status === 200)
    checkpoints.set(+r.text.split('\n')[1], r.text)
}

function load () {
  const seen = { issued: 0, other: [] }
  let running = true
  const worker = async () => {
    while (running) {
      const who = person()
      try {
        const visit = await ask('/v1/qr-tokens', qrTokenBody(who), seen)
        if (visit.status !== 201) {
          await sleep(20)
          continue
        }
        const wallet = await Wallet.create()
        const device = await wallet.device(okse)
        const r = await ask('/v1/credentials',
          credentialBody(who, visit.json.qr_token, device), seen)
        if (r.status === 201) {
          seen.issued++
          holders.push(who)
        }
        await look()
      } catch (e) {
        if (!/^challenge: 503|ECONN|EPIPE|hang up/.test(e.message))
          seen.other.push(String(e.stack))
        await sleep(20)
      }
    }
  }
  const workers = Array.from({ length: 4 }, worker)
  return {
    seen, stop: async () => { running = false; await Promise.all(workers) }
  }
}

const points = [
  'fdatasync:error=EIO:when=1', 'fdatasync:error=EIO:when=7',
  'fdatasync:error=ENOSPC:when=2', 'pwrite64:error=EIO:when=50',
  'pwrite64:error=ENOSPC:when=33',
  'pwrite64:retval=0:when=11', 'fsync:error=EIO:when=3',
  'write:error=ENOSPC:when=4', 'rename:error=EIO:when=2',
  'pwrite64:signal=KILL:when=23', 'fdatasync:signal=KILL:when=4',
  'rename:signal=KILL:when=1'
]

const first = await inject((await notary()).pid,
  'ftruncate:error=EIO:when=65535')
if (!first) {
  skip('the notary keeps its promises when system calls fail',
    'strace may not attach here')
  done()
}
first.child.kill()
await first.over

// the supervisor waits longer before each restart: a new one is patient again
async function calm (turn) {
  if (turn % 4 !== 3) return
  assert.equal(await okse.stop(), 0)
  await okse.start()
}

for (const [turn, point] of points.entries()) {
  await calm(turn)
  await test(`under load, ${point}: it ends or goes on, and serves again`,
    async () => {
      const l = load()
      await sleep(150)
      const s = await inject((await notary()).pid, point)
      assert.ok(s, 'strace did not attach')
      for (const end = Date.now() + 8000; !/INJECTED|killed/.test(s.said);) {
        assert.ok(Date.now() < end, 'the call never came')
        await sleep(50)
      }
      // most end the notary; a full disk may only refuse what was asked
      await sleep(200)
      if (!s.ended) s.child.kill('SIGINT')
      await s.over
      await okse.waitReady()
      await sleep(200)
      await l.stop()
      assert.deepEqual(l.seen.other, [])
      assert.equal((await issue(okse, person())).reply.status, 201)
    })
}

await test('a retry of each acknowledged request gives the same content',
  async () => {
    assert.ok(receipts.length > 50, String(receipts.length))
    for (const a of receipts.filter((_, i) => i % 5 === 0)) {
      const r = await okse.post(a.url, a.body, { 'idempotency-key': a.key })
      assert.equal(r.status, 201, r.text)
      assert.equal(r.json.log.index, a.index)
      assert.equal(content(r), a.content)
    }
  })

await test('nobody has got a second device by it', async () => {
  for (const who of holders.filter((_, i) => i % 7 === 0)) {
    const r = await okse.post('/v1/qr-tokens', qrTokenBody(who))
    assert.equal(r.status, 403, r.text)
  }
})

await test('everything acknowledged is in the log, which verifies',
  async () => {
    assert.equal(await okse.stop(), 0)
    const v = await okse.okse(['audit', 'verify', '--key',
      okse.path('log', 'log.vkey'), okse.path('log')])
    assert.equal(v.status, 0, v.stdout + v.stderr)
    const s = await okse.okse(['audit', 'show', okse.path('log')],
      { maxBuffer: 1 << 30 })
    const lines = s.stdout.trim().split('\n')
    const leaf = line => createHash('sha256').update('\0').update(line)
    for (const a of receipts)
      assert.equal(leaf(lines[a.index]).digest(encoding(a.leaf)), a.leaf)
    checkRoots(lines.map(line => leaf(line).digest()))
  })

function encoding (text) {
  return /^[0-9a-f]{64}$/.test(text) ? 'hex' : 'base64'
}

/** Every checkpoint seen is the root of as many of the last log's leaves. */
function checkRoots (leaves) {
  const root = (from, to) => {
    if (to - from === 1) return leaves[from]
    let k = 1
    while (2 * k < to - from) k *= 2
    return createHash('sha256').update('\x01').update(root(from, from + k))
      .update(root(from + k, to)).digest()
  }
  assert.ok(checkpoints.size > 3)
  for (const [size, text] of checkpoints)
    assert.equal(root(0, size).toString('base64'), text.split('\n')[2])
}

done()

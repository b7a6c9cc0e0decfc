// The order of durability, seen from outside: strace watches notary, keyholder
// and gate at once while requests come. The entry of each acknowledged decision
// is written, then fdatasync ends, and only then does anything that follows
// from it leave the notary or the gate: ticket, refusal, answer.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { done, issue, okse, person, qrTokenBody, skip, startInstance,
  test, until } from './lib/instance.mjs'

const i = await startInstance({ args: ['--keyholders', '1'] })
const log = i.path('log')
const watched = (await i.processes()).filter(p =>
  ['notary', 'keyholder', 'gate'].includes(p.role))
assert.equal(watched.length, 3)
const role = new Map(watched.map(p => [p.pid, p.role]))
const trace = i.path('trace')
const strace = spawn('strace', ['-f', '-qq', '-y', '-xx', '-s', '1000000',
  '-o', trace, '-e', 'trace=pwrite64,fdatasync,write,writev,sendmsg,sendto',
  ...watched.flatMap(p => ['-p', String(p.pid)])],
{ stdio: ['ignore', 'ignore', 'pipe'] })
let failed
strace.on('error', e => { failed = String(e) })
strace.stderr.on('data', d => { failed = String(d) })
const traced = p => /^TracerPid:\t[1-9]/m.test(
  readFileSync(`/proc/${p.pid}/status`, 'utf8'))
await until(() => failed || watched.every(traced), Boolean, 'traced')
if (failed) {
  skip('nothing leaves before the fdatasync that covers it',
    `strace may not attach here: ${failed.split('\n')[0]}`)
  await i.stop()
  done()
}

// ---- what happens: several at once, allowed and refused

const receipts = []
const keep = r => {
  assert.ok([201, 403].includes(r.status), r.text)
  receipts.push(r.json.log)
}
for (let n = 0; n < 2; n++)
  await Promise.all(Array.from({ length: 24 }, async (_, k) => {
    const { reply } = await issue(i, person())
    keep(reply)
    keep(await i.post('/v1/qr-tokens', qrTokenBody(k % 2
      ? person()
      : person({ card: { status: 'lost' } }))))
  }))
const published = () => +readFileSync(`${log}/checkpoint`, 'utf8')
  .split('\n')[1]
await until(published, n => n > Math.max(...receipts.map(r => r.index)),
  'published')
strace.kill('SIGINT')
await once(strace, 'exit')
assert.equal(await i.stop(), 0)
const entries = (await okse(['audit', 'show', log])).stdout.trim().split('\n')

// ---- the calls, in the order in which they began and ended

const bytes = text => Buffer.from(text.replaceAll('\\x', ''), 'hex')
const calls = []		// { role, call, file, data, began, ended }
const open = new Map()		// by process
for (const [at, line] of readFileSync(trace, 'latin1').split('\n').entries()) {
  const m = /^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\((\d+)(?:<([^>]*)>)?)(.*)$/
    .exec(line)
  if (!m)
    continue
  const pid = +m[1]
  if (m[2]) {
    const c = open.get(pid)
    if (c) c.ended = at
    open.delete(pid)
    continue
  }
  const c = {
    role: role.get(pid), call: m[3], file: bytes(m[5] ?? '').toString(),
    data: Buffer.concat([...m[6].matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)]
      .map(d => bytes(d[1]))),
    began: at, ended: at
  }
  calls.push(c)
  if (/<unfinished \.\.\.>$/.test(line))
    open.set(pid, c)
}
const isWal = c => c.role === 'notary' && c.file.endsWith('-wal')

/** Broken rules, in words; given the calls. */
function judge (all) {
  const broken = []
  const writes = all.filter(c => c.call === 'pwrite64' && isWal(c))
  const syncs = all.filter(c => c.call === 'fdatasync' && isWal(c))
  const sends = all.filter(c => !['pwrite64', 'fdatasync'].includes(c.call))
  for (const { index, leaf } of receipts) {
    const entry = JSON.parse(entries[index])
    const wrote = writes.find(w => w.data.includes(entry.n))
    if (!wrote) {
      broken.push(`${index}: its entry was never written`)
      continue
    }
    const sync = syncs.find(s => s.began > wrote.ended)
    const names = [Buffer.from(leaf), Buffer.from(leaf, 'hex'),
      ...(entry.drafts ?? []).map(d => Buffer.from(d, 'hex'))]
    const told = sends.filter(s => names.some(n => s.data.includes(n)))
    const from = new Set(told.map(s => s.role))
    if (!from.has('gate') || (entry.drafts && !from.has('notary')))
      broken.push(`${index}: told by ${[...from]} only`)
    for (const s of told)
      if (!sync || s.began < sync.ended)
        broken.push(`${index}: the ${s.role} tells it by ${s.call} before ` +
          'it is durable')
  }
  return broken
}

await test('nothing leaves before the fdatasync that covers it', () => {
  assert.ok(receipts.length >= 30)
  assert.deepEqual(judge(calls), [])
})

await test('one fdatasync covers more than one decision, at least once', () => {
  const writes = calls.filter(c => c.call === 'pwrite64' && isWal(c))
  const syncs = calls.filter(c => c.call === 'fdatasync' && isWal(c))
  const of = receipts.map(({ index }) => {
    const wrote = writes.find(w =>
      w.data.includes(JSON.parse(entries[index]).n))
    return syncs.find(s => s.began > wrote.ended).began
  })
  assert.ok(new Set(of).size < of.length)
})

await test('the judge finds an answer that is too early', () => {
  // without any one of the last syncs, and with all of them late
  const late = calls.map(c => c.call === 'fdatasync'
    ? { ...c, began: c.began + 1e6, ended: c.ended + 1e6 }
    : c)
  assert.ok(judge(late).length >= receipts.length)
  assert.ok(judge(calls.filter(c => c.call !== 'fdatasync')).length >=
    receipts.length)
  assert.equal(judge(calls.filter(c => c.call !== 'pwrite64')).length,
    receipts.length)
})

done()

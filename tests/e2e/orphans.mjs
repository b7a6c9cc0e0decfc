// What a crash leaves between decision and signature: a retry signs the same
// content and closes the orphan; an operator sees what is left and gives it
// up, on the record. In a fleet each node has its own.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  Wallet, credentialBody, done, person, qrTokenBody, skip,
  startInstance, test, until
} from './lib/instance.mjs'
import { startFleet } from './lib/fleet.mjs'
import { existsSync } from 'node:fs'

const okse = await startInstance()

/**
 * Asks while nobody can sign, and kills the notary once it has decided; and
 * who should have signed, or (delivered) only after that was done and before
 * the notary heard of it. The answer.
 */
async function crash (node, url, body, key, delivered = false) {
  const all = await node.processes()
  const signers = all.filter(p => p.role === 'keyholder')
  for (const p of signers)
    process.kill(p.pid, 'SIGSTOP')
  const answer = node.post(url, body, { 'idempotency-key': key })
  await until(() => node.metric('okse_tickets_outstanding'), n => n > 0,
    'decided')
  const notary = all.find(p => p.role === 'notary')
  process.kill(notary.pid, delivered ? 'SIGSTOP' : 'SIGKILL')
  for (const p of signers)
    process.kill(p.pid, delivered ? 'SIGCONT' : 'SIGKILL')
  const r = await answer
  if (delivered)
    process.kill(notary.pid, 'SIGKILL')
  await node.replaced(notary)
  return r
}

async function crashed (node, url, body, key) {
  const r = await crash(node, url, body, key)
  assert.equal(r.status, 503, `${r.status} after a crash`)
}

const list = async node => {
  const r = await node.okse(['registry', 'orphans', '--json'])
  assert.equal(r.status, 0, r.stderr)
  return JSON.parse(r.stdout)
}
const close = (node, ...args) =>
  node.okse(['registry', 'close-orphans', ...args])

// what keyholders report is logged a moment after the answer
const allClosed = node => until(() => list(node), l => l.open === 0,
  'all are closed')

async function audit (...args) {
  await okse.published()
  const r = await okse.okse(['audit', ...args, '--json', '--key',
    okse.path('log', 'log.vkey'), okse.path('log')])
  return { status: r.status, text: r.stdout + r.stderr,
    json: JSON.parse(r.stdout) }
}

const entries = async event => (await okse.okse(['audit', 'show', '--event',
  event, okse.path('log')])).stdout.trim().split('\n').filter(l => l)
  .map(l => JSON.parse(l))

const payload = reply => JSON.parse(Buffer.from(
  reply.json.credentials[0].credential.split('.')[1], 'base64url'))

const who = person()
const wallet = await Wallet.create()
const key = randomUUID()
let body
let index

await test('a crash between decision and signature leaves an orphan',
  async () => {
    const visit = await okse.post('/v1/qr-tokens', qrTokenBody(who))
    assert.equal(visit.status, 201, visit.text)
    body = credentialBody(who, visit.json.qr_token, await wallet.device(okse))
    await crashed(okse, '/v1/credentials', body, key)
    const { open, orphans, next } = await list(okse)
    assert.equal(open, 1)
    assert.equal(next, null)
    assert.equal(orphans[0].operation, 'credential')
    assert.equal(orphans[0].purpose, 'first-issue')
    assert.match(orphans[0].otherwise, /reissued or revoked/)
    assert.ok(Date.parse(orphans[0].retry_until) > Date.now())
    index = orphans[0].index
    const text = JSON.stringify(orphans)
    for (const secret of [who.holder.number, who.claims.given_name])
      assert.ok(!text.includes(secret))
    const [entry] = (await entries('decision'))
      .filter(e => e.seq === index)
    assert.ok(!text.includes(entry.holder) && !text.includes(entry.device))
  })

await test('auditors ask for its explanation', async () => {
  const { status, json } = await audit('gaps')
  assert.equal(status, 1)
  assert.equal(json.totals.orphan, 1)
  assert.equal(json.gaps.find(g => g.kind === 'orphan').index, index)
  assert.equal((await audit('verify')).json.orphaned, 1)
})

await test('the retry signs what was decided and closes it', async () => {
  const first = await okse.post('/v1/credentials', body,
    { 'idempotency-key': key })
  assert.equal(first.status, 201, first.text)
  const second = await okse.again('/v1/credentials', body,
    { 'idempotency-key': key })
  assert.equal(second.status, 201, second.text)
  // one decision, one place in the status list, one content
  assert.equal(first.json.log.index, index)
  assert.deepEqual(second.json.log, first.json.log)
  assert.deepEqual(second.json.credentials[0].status,
    first.json.credentials[0].status)
  assert.deepEqual(payload(second), payload(first))
  const issued = (await entries('decision'))
    .filter(e => e.op === 'credential' && e.out === 'allow')
  assert.deepEqual(issued.map(e => e.seq), [index])
  assert.equal(issued[0].st.length, 1)
  assert.equal(issued[0].st[0][2], 1)
  await allClosed(okse)
  const { json } = await audit('gaps')
  assert.equal(json.tickets.retried, 1)
  assert.equal(json.totals.orphan, 0)
  const closed = (await entries('orphan.closed'))
    .filter(e => e.of.includes(index))
  assert.equal(closed.length, 1)
  assert.equal(closed[0].what, 'retry')
  assert.equal(closed[0].caller, undefined)
})

await test('an operator gives up what nobody comes back for', async () => {
  const gone = person()
  await crashed(okse, '/v1/qr-tokens', qrTokenBody(gone), randomUUID())
  const [orphan] = (await list(okse)).orphans
  assert.equal(orphan.operation, 'qr-token')
  const said = await okse.okse(['registry', 'orphans'])
  assert.match(said.stdout, /resident-id {2}qr-token first-issue/)
  assert.match(said.stdout, /otherwise: perhaps nobody has this token/)
  const missing = await close(okse, String(orphan.index))
  assert.equal(missing.status, 2, missing.stderr)
  const number = await close(okse, '--reason', 'x-0803153234567',
    String(orphan.index))
  assert.equal(number.status, 1, number.stderr)
  assert.match(number.stderr, /five|5 digits/)
  const r = await close(okse, '--reason', 'client-gone', '--json',
    String(orphan.index))
  assert.equal(r.status, 0, r.stderr)
  assert.deepEqual(JSON.parse(r.stdout).closed, [orphan.index])
  index = orphan.index
})

await test('the log says who and why, and auditors are content', async () => {
  const { json } = await audit('gaps')
  const [entry] = (await entries('orphan.closed'))
    .filter(e => e.of.includes(index))
  assert.equal(entry.what, 'operator')
  assert.equal(entry.caller, 'uid:' + process.getuid())
  assert.equal(entry.reason, 'client-gone')
  const closed = json.gaps.filter(g => g.kind === 'closed')
  assert.deepEqual(closed.map(g => g.index), [index])
  assert.equal(closed[0].about, `uid:${process.getuid()}, client-gone`)
  assert.equal(json.totals.orphan, 0)
  assert.equal(json.tickets.given_up, 1)
  const verified = await audit('verify')
  assert.equal(verified.status, 0, verified.text)
  assert.ok(verified.json.closed >= 1)
  const replayed = await audit('replay', '--policies', okse.path('policy'),
    '--roster', okse.path('ceremony/roster.txt'))
  assert.equal(replayed.status, 0, replayed.text)
})

await test('what is not an open orphan is refused, each with its reason',
  async () => {
    const cases = [
      [index, 5, /was closed by entry \d+/],
      [0, 1, /\(start\) allowed nothing to be signed/],
      [99999999, 1, /the log has no entry 99999999/]
    ]
    const [{ of: [reported] }] = await entries('done')
    cases.push([reported, 1, /is no orphan|was closed/])
    for (const [i, status, why] of cases) {
      const r = await close(okse, '--reason', 'again', String(i))
      assert.equal(r.status, status, `${i}: ${r.stderr}`)
      assert.match(r.stderr, why)
    }
    const bad = await close(okse, '--reason', 'again', 'seven')
    assert.equal(bad.status, 2, bad.stderr)
    for (const body of [{ indexes: [], reason: 'x' }, { indexes: [1] },
      { indexes: [-1], reason: 'x' }, { indexes: ['1'], reason: 'x' },
      { indexes: [1], reason: 'x', more: 1 }]) {
      const r = await okse.adminCall('POST', '/v1/log/orphans', body)
      assert.equal(r.status, 400, r.text)
    }
    assert.equal((await okse.adminCall('GET', '/v1/log/orphans/x')).status,
      400)
    // clients have no such route
    assert.equal((await okse.get('/v1/log/orphans')).status, 404)
  })

await test('what reached its client before the log heard of it is one, too',
  async () => {
    const body = qrTokenBody(person())
    const key = randomUUID()
    const r = await crash(okse, '/v1/qr-tokens', body, key, true)
    assert.equal(r.status, 201, `${r.status}`)
    const { orphans } = await list(okse)
    assert.deepEqual(orphans.map(o => o.index), [r.json.log.index])
    const again = await okse.again('/v1/qr-tokens', body,
      { 'idempotency-key': key })
    assert.deepEqual(again.json.log, r.json.log)
    await allClosed(okse)
  })

await test('open orphans are known after a stop and a start', async () => {
  await crashed(okse, '/v1/qr-tokens', qrTokenBody(person()), randomUUID())
  const before = (await list(okse)).orphans
  assert.equal(before.length, 1)
  assert.equal(await okse.stop(), 0)
  await okse.start()
  assert.deepEqual((await list(okse)).orphans, before)
  await until(() => okse.metric('okse_orphans_open'), n => n === 1, 'told')
})
assert.equal(await okse.stop(), 0)

if (!existsSync('/usr/lib/postgresql/15/bin/postgres'))
  skip('nodes of a fleet', 'PostgreSQL 15 is not installed')
else {
  const fleet = await startFleet(2)
  const [one, two] = fleet.nodes
  await test('on PostgreSQL each node has its own', async () => {
    const body = qrTokenBody(person())
    const key = randomUUID()
    await crashed(one, '/v1/qr-tokens', body, key)
    const [orphan] = (await list(one)).orphans
    assert.equal((await list(two)).open, 0)
    const other = await close(two, '--reason', 'x', String(orphan.index))
    assert.equal(other.status, 1, other.stderr)
    assert.equal((await list(one)).open, 1)
    const retry = await one.post('/v1/qr-tokens', body,
      { 'idempotency-key': key })
    assert.equal(retry.status, 201, retry.text)
    assert.equal(retry.json.log.index, orphan.index)
    await allClosed(one)
    await crashed(one, '/v1/qr-tokens', qrTokenBody(person()), randomUUID())
    const { open, orphans } = await list(one)
    assert.equal(open, 1)
    assert.notEqual(orphans[0].index, orphan.index)
    const r = await close(one, '--reason', 'drill', String(orphans[0].index))
    assert.equal(r.status, 0, r.stderr)
    assert.equal((await list(one)).open, 0)
  })
  await fleet.stop()
}

done()

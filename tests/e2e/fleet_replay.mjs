// The logs of a fleet replayed together: lives that went from node to node are
// explained by both logs, by neither alone; a node whose log issues to whom the
// other had issued is found, although each log by itself is in order.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import {
  build, credentialBody, done, issue, okse, person, qrTokenBody, run,
  nextSecond, test, Wallet
} from './lib/instance.mjs'
import { startFleet } from './lib/fleet.mjs'

const fleet = await startFleet(2)
const [a, b] = fleet.nodes
const given = ['--policies', a.path('policy'),
  '--roster', a.path('ceremony/roster.txt')]
const replay = async (...logs) => {
  const r = await okse(['audit', 'replay', ...given, '--json',
    ...logs.flatMap(l => ['--key', path.join(l, 'log.vkey')]), ...logs])
  return { ...r, json: r.stdout ? JSON.parse(r.stdout) : undefined }
}

// ---- lives that go from node to node

const change = async (node, who, action, reason) => {
  const r = await node.post('/v1/status-changes', {
    programme: 'resident-id', action, reason, holder: {
      number: who.holder.number, birth_date: who.holder.birth_date
    }
  })
  assert.equal(r.status, 201, r.text)
}
const issued = async (node, who, changes = {}) => {
  const { reply } = await issue(node, who, { changes })
  assert.equal(reply.status, 201, reply.text)
  return reply.json.log.index
}
const restless = person()
const visit = await a.post('/v1/qr-tokens', qrTokenBody(restless))
const first = await b.post('/v1/credentials', credentialBody(restless,
  visit.json.qr_token, await (await Wallet.create()).device(b)))
assert.equal(first.status, 201, first.text)
await change(a, restless, 'suspend', 'phone-lost')
await change(b, restless, 'reinstate', 'phone-found')
await nextSecond()	// a visit later than the last issue
await issued(a, restless, { purpose: 'reissue', reason: 'device-lost' })
await change(b, restless, 'revoke', 'card-lost')
await nextSecond()
await issued(b, restless)
const victim = person()
const before = await issued(a, victim)
await issued(b, person())

const published = node => +readFileSync(node.path('log', 'checkpoint'),
  'utf8').split('\n')[1]
for (const node of fleet.nodes) {
  await node.published()
  assert.equal(await node.stop(), 0)
  assert.ok(published(node) > 5)
}
const [la, lb] = fleet.nodes.map(n => n.path('log'))
const entries = async log => (await okse(['audit', 'show', log])).stdout
  .trim().split('\n').map(l => JSON.parse(l))

await test('together they explain everything', async () => {
  const r = await replay(la, lb)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.equal(r.json.verdict, 'explained')
  assert.deepEqual(r.json.logs, [fleet.origin(0), fleet.origin(1)])
  assert.equal(r.json.missing_count, 0)
  assert.equal(r.json.foreign, 0)
  assert.equal(r.json.active_devices, 3)
  const check = name => r.json.checks.find(c => c.check === name)
  assert.equal(check('Devices').good, 5)
  assert.equal(check('Changes').good, 3)
  assert.equal(check('Tokens').good, 10)
  assert.equal((await replay(lb, la)).status, 0)
})

await test('in words, with a line for each log', async () => {
  const r = await okse(['audit', 'replay', ...given, la, lb])
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.equal(r.stdout.match(/^Log {10}/gm).length, 2)
  assert.match(r.stdout, /^EXPLAINED$/m)
})

await test('one alone says that others began what it tells', async () => {
  const r = await replay(lb)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.ok(r.json.foreign > 0)
})

await test('the same log twice, or a log of another key, is refused',
  async () => {
    const twice = await okse(['audit', 'replay', ...given, la, la])
    assert.equal(twice.status, 4)
    assert.match(twice.stderr, /two logs of the origin/)
    const r = await okse(['audit', 'replay', ...given, '--key',
      path.join(la, 'log.vkey'), la, lb])
    assert.notEqual(r.status, 0)
  })

// ---- the second node's log, told otherwise and signed by who may

async function relog (name, how) {
  const dir = b.path(name)
  mkdirSync(dir)
  const lines = (await okse(['audit', 'show', lb])).stdout.trim().split('\n')
  const r = await run(path.join(build, 'tool/make_log'), ['--entries', dir,
    fleet.origin(1)], { input: how(lines).join('\n') + '\n' })
  assert.equal(r.status, 0, r.stderr)
  assert.equal((await okse(['audit', 'verify', '--key',
    path.join(dir, 'log.vkey'), dir])).status, 0)
  return dir
}
const mine = (await entries(la))[before]
let forged
await test('a node that issued to whom the other had issued is found',
  async () => {
    const last = (await entries(lb)).findLast(e => e.op === 'credential')
    forged = await relog('forged', lines => lines.map(l =>
      l.replaceAll(last.holder, mine.holder)))
    // by itself it is in order
    assert.equal((await replay(forged)).status, 0)
    const r = await replay(la, forged)
    assert.equal(r.status, 1, r.stdout + r.stderr)
    assert.equal(r.json.finding_count, 1)
    const [f] = r.json.findings
    assert.equal(f.log, fleet.origin(1))
    assert.equal(f.index, last.seq)
    assert.equal(f.check, 'Devices')
    assert.match(f.why, new RegExp('a second active device .* entry ' +
      `${before} of ${fleet.origin(0)}`))
  })

await test('a log that is missing is named, and accuses nobody', async () => {
  const dir = await relog('renamed', lines => lines.map(l =>
    l.replaceAll(`"${fleet.origin(0)}"`, '"example/nowhere"')))
  const r = await replay(la, dir)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.equal(r.json.missing, 'example/nowhere')
  const changed = await relog('both', lines => lines.map(l => l
    .replaceAll(`"${fleet.origin(0)}"`, '"example/nowhere"')
    .replace(/"used":"."/, '"used":"f').replace(/("used":").{8}/,
      '$1ffffffff')))
  const open = await replay(la, changed)
  assert.equal(open.status, 2, open.stdout + open.stderr)
  assert.equal(open.json.verdict, 'incomplete')
})

await fleet.stop()
done()

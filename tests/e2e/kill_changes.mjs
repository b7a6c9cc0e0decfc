// Kill -9 at random moments, under a load of issues, refreshes, suspensions,
// reinstatements and revocations, while months are closed: no acknowledged
// change is lost, no place in a status list is given twice, the signed lists
// and the registry say what was last acknowledged, each month ends once, where
// it was said to, and orphans are what a client has or an operator closes.
// KILLS says how many; `make test-kill` makes a thousand.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import {
  done, gone, issue, person, sleep, startInstance, test, until
} from './lib/instance.mjs'
import { withoutQuotas } from './lib/fleet.mjs'
import {
  Client, judgeLists, judgePlaces, judgeReceipts, judgeRegistry
} from './lib/devices.mjs'

const KILLS = Number(process.env.KILLS ?? 8)
const ROUND = 10	// kills, then everything is judged
const env = { OKSE_CONFIGS: withoutQuotas() }
const okse = await startInstance({ env })
const ca = okse.read('ca', 'iaca.pem')
const client = new Client(okse)
const killed = {}
const months = new Map()	// name: size of the log at its end, as told

// nobody is logging in
const allSign = () => until(() => okse.adminCall('GET', '/v1/seal-status'),
  r => r.json.keyholders === r.json.keyholders_wanted,
  'all keyholders are ready')

// SoftHSM writes its files at a login, and a kill amid that is the end of the
// token, which is not what is tried here (docs/operations.md)
await allSign()
cpSync(okse.path('softhsm'), okse.path('softhsm.kept'), { recursive: true })

/** The whole service, as when the machine is switched off and on. */
async function killAll (all) {
  process.kill(all.find(p => p.role === 'supervisor').pid, 'SIGKILL')
  await okse.ended
  okse.child = okse.status = undefined
  await gone(all)
  rmSync(okse.path('softhsm'), { recursive: true })
  cpSync(okse.path('softhsm.kept'), okse.path('softhsm'), { recursive: true })
  await okse.start({ env })
}

// failures in a row make the supervisor wait: it goes often enough itself
const roles = ['notary', 'notary', 'keyholder', 'keyholder', 'gate',
  'supervisor']
let round = 0

async function killOne () {
  const role = ++round % 8 === 0
    ? 'supervisor' : roles[randomInt(roles.length)]
  if (role === 'keyholder')
    await allSign()
  const all = await okse.processes()
  const those = all.filter(p => p.role === role)
  if (those.length === 0)
    return false
  killed[role] = (killed[role] ?? 0) + 1
  if (role === 'supervisor')
    await killAll(all)
  else
    process.kill(those[randomInt(those.length)].pid, 'SIGKILL')
  return true
}

/** The next month, asked for until it is closed and its note is there. */
async function closeMonth () {
  const n = months.size
  const name = `${2000 + Math.floor(n / 12)}-${
    String(n % 12 + 1).padStart(2, '0')}`
  await sleep(randomInt(1000))
  await until(async () => {
    const { json } = await okse.adminCall('GET', '/v1/log/periods')
    const p = json.periods.find(p => p.period === name)
    if (p && !months.has(name))
      months.set(name, p.size)
    if (!p && !json.closing)
      await okse.adminCall('POST', `/v1/log/periods/${name}`)
    return p?.state
  }, state => state === 'published', `${name} is published`)
}

/** What was told of a month stays so: entry, checkpoint, and no second one. */
function judgeMonths (entries) {
  const closed = entries.filter(e => e.ev === 'period.close')
  assert.deepEqual(closed.map(e => [e.period, e.seq + 1]), [...months])
  for (const [name, size] of months)
    assert.equal(okse.read('log', 'closed', `${name}.note`).split('\n')[1],
      `${size}`)
}

async function logged () {
  await okse.published()
  const s = await okse.okse(['audit', 'show', okse.path('log')],
    { maxBuffer: 1 << 30 })
  assert.equal(s.status, 0, s.stderr)
  return s.stdout.trim().split('\n').map(l => JSON.parse(l))
}

/* What is open was delivered, or is closed now by the request's own retry. */
async function judgeOrphans (decided) {
  const r = await okse.okse(['registry', 'orphans', '--json'])
  assert.equal(r.status, 0, r.stderr)
  const open = r.stdout.trim().split('\n')
    .flatMap(l => JSON.parse(l).orphans.map(o => o.index))
  for (const index of open)
    assert.ok(decided.has(index), `nobody has a receipt of orphan ${index}`)
  for (let i = 0; i < open.length; i += 100) {
    const closed = await okse.okse(['registry', 'close-orphans', '--reason',
      'client-has-it', ...open.slice(i, i + 100).map(String)])
    assert.equal(closed.status, 0, closed.stderr)
  }
  return open.length
}

async function judge () {
  await okse.waitReady()
  const entries = await logged()
  const decided = judgeReceipts(client, entries)
  judgePlaces(client, entries)
  judgeMonths(entries)
  await judgeRegistry(client)
  await until(() => judgeLists(client, ca), wrong => wrong.length === 0,
    'the lists say what was acknowledged')
  return await judgeOrphans(decided)
}

let orphans = 0
for (let kills = 0; kills < KILLS && client.faults.length === 0;) {
  const to = Math.min(kills + ROUND, KILLS)
  await test(`kills ${kills + 1} to ${to}: nothing acknowledged is lost`,
    async () => {
      client.start(6)
      const month = closeMonth()
      await sleep(300)
      while (kills < to && client.faults.length === 0) {
        kills += await killOne()
        await sleep(randomInt(50, 700))
        if (randomInt(3) === 0)
          await okse.waitReady()
      }
      await okse.waitReady()
      await until(() => client.receipts.length + client.faults.length,
        n => n > 4 * to || client.faults.length > 0, 'served all the while')
      await month
      await client.stop()
      assert.deepEqual(client.faults, [])
      orphans += await judge()
    })
}

await test('the log verifies and every decision is explained', async () => {
  assert.ok(client.receipts.length > 3 * KILLS, `${client.receipts.length}`)
  assert.equal((await issue(okse, person())).reply.status, 201)
  await okse.published()
  const v = await okse.okse(['audit', 'verify', '--json', '--key',
    okse.path('log', 'log.vkey'), okse.path('log')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
  assert.equal(JSON.parse(v.stdout).orphaned, 0)
  const r = await okse.okse(['audit', 'replay', '--policies',
    okse.path('policy'), '--roster', okse.path('ceremony/roster.txt'),
    okse.path('log')])
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

await test('the judge finds what is not so', async () => {
  const who = client.people.find(p => p.state === 'active')
  const entries = await logged()
  who.state = 'suspended'	// as if a change had been lost
  assert.equal((await judgeLists(client, ca)).length, who.places.length)
  await assert.rejects(judgeRegistry(client), /active/)
  who.state = 'active'
  const [a, b] = client.receipts.filter(r => r.place)
  const kept = a.place
  a.place = b.place
  assert.throws(() => judgePlaces(client, entries), / by /)
  a.place = kept
  const [first] = entries.filter(e => e.st && e.op === 'credential')
  assert.throws(() => judgePlaces(client, [...entries,
    { ...first, seq: entries.length }]), /counter/)
  client.receipts.push({ what: 'suspend', index: entries.length })
  assert.throws(() => judgeReceipts(client, entries), /of suspend/)
  client.receipts.at(-1).index = a.index
  assert.throws(() => judgeReceipts(client, entries))
  client.receipts.pop()
  judgeReceipts(client, entries)
  judgeMonths(entries)
  const [close] = entries.filter(e => e.ev === 'period.close')
  assert.throws(() => judgeMonths([...entries,
    { ...close, seq: entries.length }]))
})

const seen = {}
for (const { what } of client.receipts)
  seen[what] = (seen[what] ?? 0) + 1
console.log(`# killed: ${JSON.stringify(killed)}`)
console.log(`# acknowledged: ${JSON.stringify(seen)}; ` +
  `${client.people.length} people, ${client.retried} retries, ` +
  `${months.size} months closed, ` +
  `${orphans} orphans of what clients had`)
await okse.stop()
done()

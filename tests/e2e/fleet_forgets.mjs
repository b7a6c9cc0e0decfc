// A database shared by three nodes is set back: an asynchronous standby is
// promoted that lacks the last commits of two of them. Each of the two names
// what is missing of its own log; none of the three decides anything until
// both were repaired, in either order; and then the registry is what it was,
// row by row, and status lists say so. A node that is down is confirmed from
// a copy of its log, or retired with its loss on the record.

import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import {
  credentialBody, done, failedRules, issue, okse, person, qrTokenBody,
  request, sleep, test, Wallet
} from './lib/instance.mjs'
import { Database, Fleet } from './lib/fleet.mjs'
import { verifyStatusJwt } from '../strangers/status_list.mjs'

let database = await (await new Database().start()).migrate()
const old = [database]
const fleet = new Fleet(database)
for (let i = 0; i < 3; i++)
  await fleet.add({ linked: true, start: false })
await Promise.all(fleet.nodes.map(n => n.start()))
const [a, b, c] = fleet.nodes

async function until (what, body, patience = 120000) {
  for (const end = Date.now() + patience; ; await sleep(100)) {
    if (await body())
      return
    assert.ok(Date.now() < end, `${what}\n` +
      fleet.nodes.map(n => n.errors.slice(-1500)).join('\n--\n'))
  }
}
const ready = node => request(node.metrics, 'GET', '/readyz')
  .then(r => r.status === 200, () => false)
const hold = node => node.adminCall('GET', '/v1/seal-status')
  .then(r => r.json.state === 'open' ? r.json.hold : undefined, () => {})

const rows = () => database.sql('SELECT holder, programme, device, ' +
  'substr(serial, 1, 4), state, issued_at, administrative_expiry, ' +
  'refreshed_at, changed_at FROM okse.device ORDER BY 1, 4; ' +
  'SELECT list, first, count, value, expires_at, substr(serial, 1, 4) ' +
  'FROM okse.status_use ORDER BY 1, 2; ' +
  'SELECT cti, holder, redeemed_at, expires_at FROM okse.qr ORDER BY 1; ' +
  'SELECT key, holder FROM okse.device_key ORDER BY 1')

/** A replica that sleeps while commit() goes on; then it is the database. */
async function setBack (commit) {
  const late = await database.standby()
  await late.kill()
  await commit()
  const before = await rows()
  await database.kill()	// at once: what was not published is shown after it
  await late.restart()
  await late.promote()
  old.push(late)
  database = fleet.database = late
  for (const link of fleet.links) {
    link.to = late
    link.cut()
    link.mend()
  }
  return before
}

async function change (node, who, action, reason) {
  const r = await node.post('/v1/status-changes', {
    programme: 'resident-id', action, reason,
    holder: {
      number: who.holder.number, birth_date: who.holder.birth_date
    }
  })
  assert.equal(r.status, 201, r.text)
}

const places = new Map()	// of a person's newest credential
async function device (node, who, changes = {}, redeemAt = node) {
  const visit = await node.post('/v1/qr-tokens', qrTokenBody(who, changes))
  assert.equal(visit.status, 201, visit.text)
  const wallet = await Wallet.create()
  const r = await redeemAt.post('/v1/credentials', credentialBody(who,
    visit.json.qr_token, await wallet.device(redeemAt), changes))
  assert.equal(r.status, 201, r.text)
  places.set(who, r.json.credentials[0].status)
}

/** Lives that go to and fro between two nodes; a third has no part in them */
async function lives (x, y) {
  const people = Array.from({ length: 5 }, () => person())
  const [moved, lost, found, gone, anew] = people
  const again = { purpose: 'reissue', reason: 'device-replaced' }
  await Promise.all([
    device(x, moved).then(() => sleep(1000))
      .then(() => device(y, moved, again)).then(() => sleep(1000))
      .then(() => device(x, moved, again, y)),
    device(y, lost, {}, x).then(() =>
      change(y, lost, 'suspend', 'phone-lost')),
    device(x, found).then(() => change(y, found, 'suspend', 'phone-lost'))
      .then(() => change(x, found, 'reinstate', 'phone-found')),
    device(x, gone).then(() => change(y, gone, 'revoke', 'phone-lost')),
    device(y, anew).then(() => change(x, anew, 'revoke', 'phone-lost'))
      .then(() => device(x, anew, {}, y)),
  ])
  return { moved, lost, found, gone, anew }
}

async function repair (node) {
  const r = await node.okse(['registry', 'repair', '--yes'])
  assert.equal(r.status, 0, r.stdout + r.stderr + node.errors.slice(-1500))
}

/** Until it waits for others; what itself lost of its chores is repaired. */
const waits = node => until('waiting', async () => {
  const held = await hold(node)
  if (held?.repairable)
    await repair(node)
  return held?.what === 'fleet'
})
const goOn = nodes => Promise.all(nodes.map(node => until('ready',
  async () => {
    if ((await hold(node))?.repairable)
      await repair(node)
    return ready(node)
  })))

async function decidesNothing (node) {
  const r = await node.post('/v1/qr-tokens', qrTokenBody(person()))
  assert.equal(r.status, 503, r.text)
  return r.json.detail
}

async function listsSay (expected) {
  const ca = a.read('ca', 'iaca.pem')
  for (const [who, value] of expected) {
    const { uri, idx } = places.get(who)
    await until('a list', async () => {
      const r = await c.get(new URL(uri).pathname)
      return r.status === 200 &&
        (await verifyStatusJwt(r.text, uri, ca)).at(idx) === value
    })
  }
}

// the third is stopped meanwhile: it has lost nothing
for (const [first, second] of [[a, b], [b, a]]) {
  const order = first === a ? 'in one order' : 'in the other'
  let then, before
  await test(`who lost commits says which, the others wait (${order})`,
    async () => {
      await until('ready', async () =>
        (await Promise.all(fleet.nodes.map(ready))).every(Boolean))
      await c.stop()
      before = await setBack(async () => { then = await lives(first, second) })
      await c.start({ ready: false })
      for (const node of [first, second])
        await until('held', async () => (await hold(node))?.repairable)
      const h = await hold(first)
      assert.ok(h.repairable && h.kinds.credentials > 1 &&
        h.kinds.status_changes > 0, JSON.stringify(h))
      await until('waiting', async () => (await hold(c))?.what === 'fleet')
      const why = await decidesNothing(c)
      for (const node of [first, second]) {
        const origin = /^origin: (.*)$/m.exec(node.read('okse.yaml'))[1]
        assert.ok(why.includes(origin), why)
        assert.match(await decidesNothing(node), /ends before entry/)
      }
      const r = await c.okse(['registry', 'repair', '--yes'])
      assert.equal(r.status, 5, r.stdout + r.stderr)
    })

  await test(`one that was repaired waits for the other (${order})`,
    async () => {
      await repair(first)
      await until('waiting', async () =>
        (await hold(first))?.what === 'fleet')
      await decidesNothing(first)
      await decidesNothing(c)
    })

  await test(`once both were, the registry is what it was (${order})`,
    async () => {
      await repair(second)
      await until('ready', async () =>
        (await Promise.all(fleet.nodes.map(ready))).every(Boolean))
      assert.equal(await rows(), before)
      const { moved, lost, found, gone, anew } = then
      for (const who of [moved, lost, found, anew]) {
        const r = (await issue(c, who)).reply
        assert.equal(r.status, 403, r.text)
        assert.ok(failedRules(r).length > 0)
      }
      await listsSay([[moved, 0], [lost, 2], [found, 0], [gone, 1],
        [anew, 0]])
      await device(c, gone)
      await change(c, lost, 'reinstate', 'phone-found')
    })
}

const confirm = (...args) => okse(['registry', 'confirm', '--owner',
  database.owner, ...args])
const origin = /^origin: (.*)$/m.exec(b.read('okse.yaml'))[1]

await test('a node that is down is confirmed from a copy of its log',
  async () => {
    await b.stop()
    cpSync(b.path('log'), a.path('mirror'), { recursive: true })
    await setBack(async () => {})
    for (const node of [a, c])
      await waits(node)
    assert.ok((await decidesNothing(c)).includes(origin))
    const r = await confirm('--key', a.path('mirror/log.vkey'),
      a.path('mirror'))
    assert.equal(r.status, 0, r.stderr)
    await goOn([a, c])
    assert.equal((await issue(c, person())).reply.status, 201)
  })

await test('who lost something is not confirmed, and retired only as lost',
  async () => {
    await b.start()
    await setBack(async () => {
      await device(b, person())
      await b.published()
      await b.stop()
      cpSync(b.path('log'), a.path('newer'), { recursive: true })
    })
    const r = await confirm('--key', a.path('newer/log.vkey'),
      a.path('newer'))
    assert.notEqual(r.status, 0)
    assert.match(r.stderr, /missing in the registry/)
    const newest = () => database.sql('SELECT max(list) FROM okse.status_list')
    const list = await newest()
    const retire = more => okse(['registry', 'retire', '--owner',
      database.owner, ...more, origin])
    const not = await retire([])
    assert.notEqual(not.status, 0)
    assert.match(not.stderr, /has not said that nothing of it was lost/)
    const lost = await retire(['--lost'])
    assert.equal(lost.status, 0, lost.stderr)
    await goOn([a, c])	// neither before the other
    await device(c, person())
    assert.equal(+await newest(), +list + 8)
  })

await test('all logs verify', async () => {
  for (const node of [a, c])
    await node.published()
  for (const node of fleet.nodes) {
    const v = await node.okse(['audit', 'verify', '--key',
      node.path('log/log.vkey'), node.path('log')])
    assert.equal(v.status, 0, v.stdout)
  }
})

await fleet.stop()
for (const one of old)
  one.remove()
done()

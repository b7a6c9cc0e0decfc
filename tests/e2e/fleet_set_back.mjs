// A database shared by three nodes is put back to an older copy of its files,
// under the same timeline: nobody decides anything on it, whether they lost
// something or not, before who did was repaired. A restart that loses nothing
// is not mistaken for it, and a node that is down keeps nobody waiting, unless
// something of it is gone.

import assert from 'node:assert/strict'
import {
  credentialBody, done, failedRules, issue, person, qrTokenBody, request,
  sleep, test, Wallet
} from './lib/instance.mjs'
import { startFleet } from './lib/fleet.mjs'

const fleet = await startFleet(3)
const { database } = fleet
const [a, b, c] = fleet.nodes

async function until (what, body, patience = 120000) {
  for (const end = Date.now() + patience; ; await sleep(50)) {
    if (await body())
      return
    assert.ok(Date.now() < end, `${what}\n` +
      fleet.nodes.map(n => n.errors.slice(-1500)).join('\n--\n'))
  }
}
const ready = node => request(node.metrics, 'GET', '/readyz')
  .then(r => r.status === 200, () => false)
/** Not while its notary is about to start anew, and does not know what. */
const hold = node => node.adminCall('GET', '/v1/seal-status').then(r => {
  const h = r.json.state === 'open' ? r.json.hold : undefined
  return h?.what === 'fleet' || h?.kinds !== undefined ? h : undefined
}, () => {})
const allReady = (...nodes) => until('ready', async () =>
  (await Promise.all(nodes.map(ready))).every(Boolean))

/** Nothing is under way: what follows is what a test does. */
async function settle (...nodes) {
  await allReady(...nodes)
  for (let same = 0, before = ''; same < 10; await sleep(100)) {
    const now = await database.sql('SELECT node, batch FROM okse.writer')
    same = now === before ? same + 1 : 0
    before = now
  }
}

/** 503 as long as nothing is decided, and while a notary starts anew. */
const post = (node, ...args) => node.post(...args)
  .catch(() => ({ status: 503 }))

/** Asks for a device until it is refused or given. */
async function asks (node, who) {
  for (;; await sleep(20)) {
    const visit = await post(node, '/v1/qr-tokens', qrTokenBody(who))
    if (visit.status !== 201) {
      if (visit.status !== 503)
        return visit
      continue
    }
    const wallet = await Wallet.create()
    const device = await wallet.device(node).catch(() => {})
    if (device === undefined)
      continue
    const r = await post(node, '/v1/credentials', credentialBody(who,
      visit.json.qr_token, device))
    if (r.status !== 503)
      return r
  }
}

/** Who lost something is repaired, and says so; who did not waits. */
async function repairAll (...nodes) {
  for (const node of nodes) {
    await until('held', async () => await hold(node) !== undefined)
    if ((await hold(node)).what !== 'registry')
      continue
    const r = await node.okse(['registry', 'repair', '--yes'])
    assert.equal(r.status, 0, r.stdout + r.stderr +
      node.errors.slice(-1500))
  }
}

async function issued (node, who) {
  const { reply } = await issue(node, who)
  assert.equal(reply.status, 201, reply.text)
  await until('published', async () => {
    const { json } = await node.adminCall('GET', '/v1/registry')
    return json.entries === json.published
  })
}

await test('a restart that loses nothing holds nobody for long', async () => {
  await settle(a, b, c)
  await database.do('stop')
  await database.restart()
  await settle(a, b, c)
  assert.equal((await issue(b, person())).reply.status, 201)
})

await test('on a copy of the past nobody decides before who lost something ' +
  'was repaired', async () => {
  const who = person()
  await settle(a, b, c)
  await database.save()
  await issued(a, who)
  await database.setBack()
  const others = [b, c].map(node => asks(node, who))
  let held
  await until('held', async () => {
    held = await hold(a)
    return held?.what === 'registry'
  })
  assert.equal(held.kinds.credentials, 1)
  for (const node of [b, c])
    await until('waiting', async () => await hold(node) !== undefined)
  await repairAll(b, c, a)
  for (const r of await Promise.all(others)) {
    assert.equal(r.status, 403, r.text)
    assert.deepEqual(failedRules(r), ['one-device'])
  }
})

/** Stopped, and the others have seen it: they look every five seconds. */
async function away (node) {
  await node.stop()
  for (const other of fleet.nodes.filter(n => n !== node))
    await until('seen', async () => (await request(other.metrics, 'GET',
      '/metrics')).text.includes('\nokse_fleet_connected 2\n'))
}

await test('who is down keeps nobody waiting when the database restarts',
  async () => {
    await settle(a, b, c)
    await away(c)
    await database.do('stop')
    await database.restart()
    await allReady(a, b)
    assert.equal((await issue(b, person())).reply.status, 201)
  })

await test('unless the database was set back behind what it did', async () => {
  const who = person()
  await c.start()
  await settle(a, b, c)
  await database.save()
  await issued(c, who)
  await away(c)
  await database.setBack()
  const other = asks(a, who)
  await repairAll(b, a)
  for (const node of [a, b])
    await until('waiting for it', async () =>
      (await hold(node))?.why.includes(fleet.origin(2)))
  await c.start({ ready: false })
  await repairAll(c)
  await allReady(a, b, c)
  const r = await other
  assert.equal(r.status, 403, r.text)
  assert.deepEqual(failedRules(r), ['one-device'])
})

await test('all logs verify', async () => {
  for (const node of fleet.nodes) {
    const v = await node.okse(['audit', 'verify', '--key',
      node.path('log/log.vkey'), node.path('log')])
    assert.equal(v.status, 0, v.stdout)
  }
})

await fleet.stop()
done()

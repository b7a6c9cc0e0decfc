// Two daemons, each with its own keys and log, on one PostgreSQL: what one
// promises holds at the other; a database that goes away and comes back; who
// was cut off or retired refuses; least privilege.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  credentialBody, done, failedRules, issue, okse, person, qrTokenBody,
  request, run, test, until, Wallet
} from './lib/instance.mjs'
import { startFleet } from './lib/fleet.mjs'

const fleet = await startFleet(2, { linked: true })
const [a, b] = fleet.nodes
const { database } = fleet

const entries = async node => (await node.okse(['audit', 'show',
  node.path('log')])).stdout.trim().split('\n').map(l => JSON.parse(l))

const readyz = node => request(node.metrics, 'GET', '/readyz')
const visit = node => node.post('/v1/qr-tokens', qrTokenBody(person()))
const issuing = node => until(async () => (await issue(node, person())).reply,
  r => r.status === 201, 'issuing')

await test('a QR token of one node is redeemed at the other', async () => {
  const who = person()
  const visit = await a.post('/v1/qr-tokens', qrTokenBody(who))
  assert.equal(visit.status, 201, visit.text)
  const wallet = await Wallet.create()
  const reply = await b.post('/v1/credentials', credentialBody(who,
    visit.json.qr_token, await wallet.device(b)))
  assert.equal(reply.status, 201, reply.text)
  assert.equal(reply.json.log.origin, fleet.origin(1))
  // and never again, anywhere
  const other = await Wallet.create()
  const again = await a.post('/v1/credentials', credentialBody(who,
    visit.json.qr_token, await other.device(a)))
  assert.equal(again.status, 403)
  assert.ok(failedRules(again).length > 0)
})

await test('a challenge of one node counts at the other', async () => {
  const who = person()
  const visit = await a.post('/v1/qr-tokens', qrTokenBody(who))
  const wallet = await Wallet.create()
  const reply = await b.post('/v1/credentials', credentialBody(who,
    visit.json.qr_token, await wallet.device(a)))
  assert.equal(reply.status, 201, reply.text)
})

await test('a person with a device at one node gets none at the other',
  async () => {
    const who = person()
    assert.equal((await issue(a, who)).reply.status, 201)
    const second = await issue(b, who)
    assert.equal(second.reply.status, 403)
    assert.deepEqual(failedRules(second.reply).includes('one-device') ||
      failedRules(second.reply).length > 0, true)
  })

await test('a retry at another node says which one decided', async () => {
  const body = qrTokenBody(person())
  const key = { 'idempotency-key': randomUUID() }
  const first = await a.post('/v1/qr-tokens', body, key)
  assert.equal(first.status, 201)
  const there = await b.post('/v1/qr-tokens', body, key)
  assert.equal(there.status, 409)
  assert.ok(there.text.includes(fleet.origin(0)), there.text)
  const here = await a.again('/v1/qr-tokens', body, key)
  assert.equal(here.status, 201)
  assert.deepEqual(here.json.log, first.json.log)
})

await test('of many that race for one person one is served', async () => {
  const who = person()
  const visits = await Promise.all([a, b, a, b].map(n =>
    n.post('/v1/qr-tokens', qrTokenBody(who))))
  const replies = await Promise.all(visits.map(async (v, i) => {
    if (v.status !== 201)
      return v
    const node = [b, a, b, a][i]
    const wallet = await Wallet.create()
    return node.post('/v1/credentials', credentialBody(who,
      v.json.qr_token, await wallet.device(node)))
  }))
  assert.equal(replies.filter(r => r.status === 201).length, 1)
  assert.equal(await database.sql('SELECT max(n) FROM (SELECT count(*) AS n ' +
    'FROM okse.device WHERE state IN (1, 3) GROUP BY holder, programme) x'),
  '1')
})

await test('a node whose network is cut refuses at once, and comes back',
  async () => {
    fleet.links[0].cut()
    await until(() => visit(a), r => r.status === 503, '503')
    assert.match((await visit(a)).text, /away|database/)
    await until(() => readyz(a), r => r.status === 503 &&
      r.json.failing.includes('database'), 'unready')
    await until(() => a.metric('okse_registry_away'), n => n === 1, 'told')
    await until(() => b.metric('okse_fleet_nodes'), n => n === 2, 'told')
    assert.equal((await issue(b, person())).reply.status, 201)
    fleet.links[0].mend()
    await a.waitReady()
    await issuing(a)
  })

await test('a node that hears nothing more refuses, and comes back',
  async () => {
    const notary = async () => (await a.processes())
      .find(p => p.role === 'notary').pid
    const before = await notary()
    fleet.links[0].silence()
    assert.equal((await visit(a)).status, 503)
    fleet.links[0].mend()
    await a.waitReady()
    await issuing(a)
    assert.equal(await notary(), before)	// it never ended
  })

await test('a database that is killed is found again by both', async () => {
  assert.equal((await visit(a)).status, 201)
  await database.kill()
  await until(() => visit(a), r => r.status === 503, '503')
  await database.restart()
  for (const node of [a, b]) {
    await node.waitReady()
    await issuing(node)
  }
})

await test("the daemon's role can use the tables and do nothing else",
  async () => {
    const as = text => run('psql', ['-h', database.dir, '-U', 'okse', '-d',
      'okse', '-v', 'ON_ERROR_STOP=1', '-c', text])
    for (const text of [
      'DROP TABLE okse.entry', 'ALTER TABLE okse.device ADD x int',
      'DROP INDEX okse.one_device', 'TRUNCATE okse.entry',
      'DELETE FROM okse.entry', "UPDATE okse.entry SET bytes = ''",
      'DELETE FROM okse.device', 'CREATE TABLE okse.x (i int)',
      'UPDATE okse.node SET retired_at = 1', 'DELETE FROM okse.node',
      'INSERT INTO okse.schema_version (version) VALUES (9)'
    ]) {
      const r = await as(text)
      assert.notEqual(r.status, 0, text)
      assert.match(r.stderr, /permission denied|must be owner/, text)
    }
  })

await test('every log says who joined, and both verify', async () => {
  for (const node of fleet.nodes) {
    const joined = await until(async () => (await entries(node))
      .filter(e => e.ev === 'node.join'), all => all.length === 2, 'published')
    assert.deepEqual(joined.map(e => e.origin),
      [fleet.origin(0), fleet.origin(1)])
    const verified = await node.okse(['audit', 'verify', '--key',
      node.path('log/log.vkey'), node.path('log')])
    assert.equal(verified.status, 0, verified.stdout)
  }
})

await test('a retired node refuses for good, and the other says so',
  async () => {
    const r = await okse(['registry', 'retire', '--owner', database.owner,
      fleet.origin(1)])
    assert.equal(r.status, 0, r.stderr)
    await until(() => visit(b).then(v => v.status, () => 'gone'),
      status => [503, 'gone'].includes(status), 'refused')
    await until(() => b.errors, text => /retired/.test(text), 'said')
    await until(() => entries(a), all => all.some(e =>
      e.ev === 'node.retire' && e.origin === fleet.origin(1)), 'recorded')
    assert.equal((await issue(a, person())).reply.status, 201)
  })

await fleet.stop()
done()

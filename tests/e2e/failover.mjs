// A database with standbys: commits wait for a synchronous one and are never
// guessed; after its promotion everything acknowledged is there; after that of
// an asynchronous one, which is not the case, the node decides nothing.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  done, failedRules, issue, person, qrTokenBody, request, test,
  until
} from './lib/instance.mjs'
import { Database, Fleet } from './lib/fleet.mjs'

const first = await (await new Database().start()).migrate()
const fleet = new Fleet(first)
const node = await fleet.add({ linked: true })
const [link] = fleet.links
const ready = async () => (await request(node.metrics, 'GET', '/readyz'))
const people = []

async function acknowledged () {
  const who = person()
  const { reply } = await issue(node, who)
  assert.equal(reply.status, 201, reply.text)
  people.push(who)
}

async function nobodyWasForgotten () {
  for (const who of people) {
    // the first one may find the old connection broken
    const reply = await until(async () => (await issue(node, who)).reply,
      r => r.status !== 503, 'an answer')
    assert.equal(reply.status, 403, reply.text)
    assert.ok(failedRules(reply).length > 0)
  }
}

async function failOver (from, to) {
  await from?.kill()
  await to.promote()
  link.to = to
  link.cut()
  link.mend()
}

const synchronous = await first.standby()
await first.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
await first.sql('SELECT pg_reload_conf()')
await acknowledged()

await test('without its synchronous standby nothing is acknowledged',
  async () => {
    const key = { 'idempotency-key': randomUUID() }
    const body = qrTokenBody(person())
    await synchronous.kill()
    const r = await node.post('/v1/qr-tokens', body, key)
    assert.equal(r.status, 503, r.text)
    await until(ready, r => r.json.failing.includes('database'), 'unready')
    const status = await node.okse(['status'])
    assert.match(status.stdout, /held {8}the registry's database is away/)
    await synchronous.restart()
    await node.waitReady()
    const again = await node.again('/v1/qr-tokens', body, key)
    assert.equal(again.status, 201, again.text)
    await acknowledged()
  })

await test('when it is promoted everything acknowledged is there',
  async () => {
    await failOver(first, synchronous)
    await node.waitReady()
    await nobodyWasForgotten()
    await acknowledged()
    const v = await node.okse(['audit', 'verify', '--key',
      node.path('log/log.vkey'), node.path('log')])
    assert.equal(v.status, 0, v.stdout)
  })

await test('when one is promoted that forgot, the node decides nothing',
  async () => {
    const late = await synchronous.standby()
    await late.kill()
    await acknowledged()
    await node.published()	// so that the log knows more
    await synchronous.kill()	// before the other one can catch up
    await late.restart()
    await failOver(undefined, late)
    await until(ready, r => r.json.failing.includes('registry'), 'held')
    const r = await node.post('/v1/qr-tokens', qrTokenBody(person()))
    assert.equal(r.status, 503)
    assert.match(r.text, /registry-behind|ends before entry/)
    await late.stop()
  })

await fleet.stop()
synchronous.remove()
done()

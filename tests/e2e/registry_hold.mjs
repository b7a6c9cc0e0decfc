// A registry restored from an old copy, under a log that shows more: the
// daemon starts, decides nothing, and says on every channel what is missing.

import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import {
  test, done, startInstance, person, issue, qrTokenBody, request, sleep,
  until
} from './lib/instance.mjs'

const okse = await startInstance()
assert.equal((await issue(okse, person())).reply.status, 201)
assert.equal(await okse.stop(), 0)
cpSync(okse.path('registry.db'), okse.path('old.db'))

await okse.start()
let last
for (let i = 0; i < 3; i++)
  last = (await issue(okse, person())).reply.json.log.index
await okse.published()
assert.equal(await okse.stop(), 0)
for (const f of ['registry.db', 'registry.db-wal'])
  rmSync(okse.path(f), { force: true })
cpSync(okse.path('old.db'), okse.path('registry.db'))

const ready = () => request(okse.metrics, 'GET', '/readyz')
const log = okse.read('log', 'checkpoint')

/** Until the officers' socket says it is held. */
async function held () {
  const r = await until(() => okse.adminCall('GET', '/v1/seal-status'),
    r => r.json.hold && r.json.state === 'open', 'held')
  return r.json
}

await okse.start({ ready: false })
const status = await held()

await test('the daemon starts and says what its registry forgot', () => {
  assert.equal(status.hold.what, 'registry')
  assert.equal(status.hold.repairable, true)
  assert.ok(status.hold.first_missing <= status.hold.last_missing)
  assert.ok(status.hold.last_missing >= last)
  assert.equal(status.hold.kinds.credentials, 3)
  assert.equal(status.hold.kinds.qr_tokens, 3)
})

await test('readiness, metrics and okse status say so', async () => {
  const r = await ready()
  assert.equal(r.status, 503)
  assert.deepEqual(r.json.failing, ['registry'])
  assert.deepEqual(r.json.hold, status.hold)
  const n = status.hold.last_missing - status.hold.first_missing + 1
  const told = new RegExp(`^okse_registry_missing_entries ${n}$`, 'm')
  await until(() => okse.metricsText(), text => told.test(text), 'told')
  const s = await okse.okse(['status'])
  assert.equal(s.status, 0)
  assert.match(s.stdout, /held .*okse registry repair/)
})

await test('requests are refused with a precise problem', async () => {
  for (const [url, body] of [['/v1/qr-tokens', qrTokenBody(person())],
    ['/v1/challenges', undefined]]) {
    const r = await okse.post(url, body)
    assert.equal(r.status, 503, r.text)
    assert.match(r.json.type, /registry-behind$/)
    assert.match(r.json.detail, /ends before entry \d+.*okse registry repair/)
    assert.ok(+r.headers['retry-after'] > 0)
  }
  const p = await okse.adminCall('GET', '/v1/policy')
  assert.equal(p.status, 503)
  assert.match(p.json.type, /registry-behind$/)
})

await test('it stays up: the notary is not started over and over', async () => {
  const notary = async () => (await okse.processes())
    .find(p => p.role === 'notary').pid
  const before = await notary()
  await sleep(2500)
  assert.equal(await notary(), before)
})

await test('nothing was written: log and registry are as they were',
  async () => {
    assert.equal(await okse.stop(), 0)
    assert.equal(okse.read('log', 'checkpoint'), log)
  })

done()

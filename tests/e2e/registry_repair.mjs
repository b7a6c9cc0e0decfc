// A registry that lost its last commits is repaired from the published log:
// by the daemon with an operator's word, and offline from nothing. Afterwards
// nobody has a second device, used tokens stay used, retries hear what
// became of them, and the log tells of the repair and verifies.

import assert from 'node:assert/strict'
import { copyFileSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import {
  test, done, startInstance, person, Wallet, issue, qrTokenBody,
  credentialBody, sleep
} from './lib/instance.mjs'

const okse = await startInstance()
assert.equal((await issue(okse, person())).reply.status, 201)
assert.equal(await okse.stop(), 0)
copyFileSync(okse.path('registry.db'), okse.path('old.db'))

await okse.start()
const people = [person(), person(), person()]
for (const who of people)
  assert.equal((await issue(okse, who)).reply.status, 201)

// one whose request will be retried, and a token that was not yet used
const late = person()
const key = { 'idempotency-key': randomUUID() }
const visit = await okse.post('/v1/qr-tokens', qrTokenBody(late))
const wallet = await Wallet.create()
const body = credentialBody(late, visit.json.qr_token,
  await wallet.device(okse))
const first = await okse.post('/v1/credentials', body, key)
assert.equal(first.status, 201, first.text)
const waiting = person()
const token = await okse.post('/v1/qr-tokens', qrTokenBody(waiting))
assert.equal(token.status, 201)
await sleep(1500)
assert.equal(await okse.stop(), 0)

function lose (old) {
  for (const f of ['registry.db', 'registry.db-wal'])
    rmSync(okse.path(f), { force: true })
  if (old)
    copyFileSync(okse.path(old), okse.path('registry.db'))
}

async function held () {
  await okse.start({ ready: false })
  for (const end = Date.now() + 20000; ; await sleep(100)) {
    assert.ok(Date.now() < end, okse.errors)
    const r = await okse.adminCall('GET', '/v1/seal-status').catch(() => ({}))
    if (r.json?.hold && r.json.state === 'open') return r.json.hold
  }
}

lose('old.db')
const hold = await held()

await test('without the word nothing is done', async () => {
  const r = await okse.okse(['registry', 'repair'], { input: 'yes\n' })
  assert.equal(r.status, 3, r.stderr)
  assert.match(r.stdout, /credentials issued +4\n/)
  const other = await okse.adminCall('POST', '/v1/registry/repair',
    { first_missing: hold.first_missing, last_missing: hold.last_missing + 1 })
  assert.equal(other.status, 422, other.text)
})

await test('with it the daemon repairs and serves again', async () => {
  const r = await okse.okse(['registry', 'repair'], { input: 'repair\n' })
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /the registry is whole/)
  await okse.waitReady()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

async function promisesAreKept () {
  for (const who of [...people, late]) {
    const r = await okse.post('/v1/qr-tokens', qrTokenBody(who))
    assert.equal(r.status, 403, r.text)
  }
  const again = await okse.post('/v1/credentials', body, key)
  assert.equal(again.status, 409, again.text)
  assert.match(again.json.detail,
    new RegExp(`^decided at index ${first.json.log.index} of the log.*reissue`))
  // the token of the visit was used, whatever the key
  const anew = await okse.post('/v1/credentials', credentialBody(late,
    visit.json.qr_token, await (await Wallet.create()).device(okse)))
  assert.equal(anew.status, 403, anew.text)
}

await test('no second device, no second use, and a clear answer to retries',
  promisesAreKept)

await test('a token that was not used can be used, once', async () => {
  const use = async () => okse.post('/v1/credentials', credentialBody(waiting,
    token.json.qr_token, await (await Wallet.create()).device(okse)))
  assert.equal((await use()).status, 201)
  assert.equal((await use()).status, 403)
})

await test('the repair is on the record, and the log verifies', async () => {
  await sleep(1500)
  const r = await okse.okse(['audit', 'show', '--event', 'registry.repair',
    okse.path('log')])
  const e = JSON.parse(r.stdout)
  assert.equal(e.from, hold.first_missing)
  assert.equal(e.to, hold.last_missing)
  assert.equal(e.counts.devices, 4)
  const v = await okse.okse(['audit', 'verify', '--key',
    okse.path('log', 'log.vkey'), okse.path('log')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
})

await test('the same from nothing, offline', async () => {
  assert.equal(await okse.stop(), 0)
  lose()
  const r = await okse.okse(['registry', 'repair', '--offline', '--yes'])
  assert.equal(r.status, 0, r.stdout + r.stderr)
  const again = await okse.okse(['registry', 'repair', '--offline', '--yes'])
  assert.equal(again.status, 5, again.stdout + again.stderr)
  const v = await okse.okse(['registry', 'verify', '--log', okse.path('log'),
    okse.path('registry.db')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
  await okse.start()
  await promisesAreKept()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

done()

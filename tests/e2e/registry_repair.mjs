// A registry that lost its last commits is repaired from the published log:
// by the daemon with an operator's word, and offline from nothing. Afterwards
// nobody has a second device, used tokens stay used, who was suspended or
// revoked is, also in the next status list that is signed, retries hear what
// became of them, and the log tells of the repair and verifies.

import assert from 'node:assert/strict'
import { copyFileSync, rmSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import {
  test, done, startInstance, person, run, Wallet, issue, qrTokenBody,
  credentialBody, nextSecond, until
} from './lib/instance.mjs'
import { verifyStatusJwt } from '../strangers/status_list.mjs'

const okse = await startInstance()
const early = { who: person() }
early.place = (await issue(okse, early.who)).reply.json.credentials[0].status
assert.equal(await okse.stop(), 0)
copyFileSync(okse.path('registry.db'), okse.path('old.db'))

await okse.start()
const people = [person(), person(), person()]
for (const who of people)
  assert.equal((await issue(okse, who)).reply.status, 201)

// lives, each with what its credentials' status is in the end
const SUSPEND = ['suspend', 'phone-lost']
const REINSTATE = ['reinstate', 'phone-found']
const REVOKE = ['revoke', 'phone-lost']
const REISSUE = { purpose: 'reissue', reason: 'device-replaced' }
const lives = []

async function live (who, before, steps, expected) {
  const places = []
  const issued = async changes => {
    const { reply } = await issue(okse, who, { changes })
    assert.equal(reply.status, 201, reply.text)
    places.push(reply.json.credentials[0].status)
  }
  if (before)
    places.push(before)
  else
    await issued()
  for (const step of steps) {
    if (!Array.isArray(step)) {
      await nextSecond()	// a visit is later than the issue before
      await issued(step)
      continue
    }
    const [action, reason] = step
    const r = await okse.post('/v1/status-changes', change(who, action, reason))
    assert.equal(r.status, 201, r.text)
  }
  lives.push({ who, places, expected })
}

function change (who, action, reason) {
  return {
    programme: 'resident-id', action, reason,
    holder: {
      number: who.holder.number, birth_date: who.holder.birth_date
    }
  }
}
await Promise.all([
  live(person(), null, [SUSPEND], [2]),
  live(person(), null, [SUSPEND, REINSTATE], [0]),
  live(person(), null, [SUSPEND, REINSTATE, SUSPEND], [2]),
  live(person(), null, [REVOKE], [1]),
  live(person(), null, [SUSPEND, REVOKE], [1]),
  live(person(), null, [REVOKE, {}], [1, 0]),
  live(person(), null, [REISSUE], [1, 0]),
  live(person(), null, [SUSPEND, REISSUE, SUSPEND], [1, 2]),
  live(early.who, early.place, [SUSPEND], [2]),
])

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
await okse.published()
assert.equal(await okse.stop(), 0)

function lose (old) {
  for (const f of ['registry.db', 'registry.db-wal'])
    rmSync(okse.path(f), { force: true })
  if (old)
    copyFileSync(okse.path(old), okse.path('registry.db'))
}

async function held () {
  await okse.start({ ready: false })
  const r = await until(() => okse.adminCall('GET', '/v1/seal-status'),
    r => r.json.hold && r.json.state === 'open', 'held')
  return r.json.hold
}

lose('old.db')
const hold = await held()

await test('without the word nothing is done', async () => {
  const r = await okse.okse(['registry', 'repair'], { input: 'yes\n' })
  assert.equal(r.status, 3, r.stderr)
  assert.match(r.stdout, /credentials issued +15\n/)
  assert.match(r.stdout, /status changes +13\n/)
  const other = await okse.adminCall('POST', '/v1/registry/repair',
    { first_missing: hold.first_missing, last_missing: hold.last_missing + 1 })
  assert.equal(other.status, 422, other.text)
})

let repaired
await test('with it the daemon repairs and serves again', async () => {
  const r = await okse.okse(['registry', 'repair'], { input: 'repair\n' })
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /the registry is whole/)
  await okse.waitReady()
  repaired = Date.now() / 1000 - 1
  assert.equal((await issue(okse, person())).reply.status, 201)
})

async function promisesAreKept () {
  for (const who of [...people, late]) {
    const r = await okse.post('/v1/qr-tokens', qrTokenBody(who))
    assert.equal(r.status, 403, r.text)
  }
  const again = await okse.again('/v1/credentials', body, key)
  assert.equal(again.status, 409, again.text)
  assert.match(again.json.detail,
    new RegExp(`^decided at index ${first.json.log.index} of the log.*reissue`))
  // the token of the visit was used, whatever the key
  const anew = await okse.post('/v1/credentials', credentialBody(late,
    visit.json.qr_token, await (await Wallet.create()).device(okse)))
  assert.equal(anew.status, 403, anew.text)
}

/** Every place of every life, in a list that was signed just now. */
async function listsAreRight () {
  const uri = lives[0].places[0].uri
  const ca = okse.read('ca', 'iaca.pem')
  const wrong = list => lives.flatMap(l => l.places.map((p, i) =>
    [list.at(p.idx), l.expected[i]])).filter(([is, should]) => is !== should)
  await until(async () => {
    const r = await okse.get(new URL(uri).pathname)
    assert.equal(r.status, 200, r.text)
    const list = await verifyStatusJwt(r.text, uri, ca)
    assert.ok(list.iat >= repaired, 'a list of before')
    return wrong(list)
  }, list => list.length === 0, 'the lists are right')
}

await test('the next status list says who is suspended and who revoked',
  listsAreRight)

await test('no second device, no second use, and a clear answer to retries',
  promisesAreKept)

await test('a token that was not used can be used, once', async () => {
  const use = async () => okse.post('/v1/credentials', credentialBody(waiting,
    token.json.qr_token, await (await Wallet.create()).device(okse)))
  assert.equal((await use()).status, 201)
  assert.equal((await use()).status, 403)
})

await test('the repair is on the record, and the log verifies', async () => {
  await okse.published()
  const r = await okse.okse(['audit', 'show', '--event', 'registry.repair',
    okse.path('log')])
  const e = JSON.parse(r.stdout)
  assert.equal(e.from, hold.first_missing)
  assert.equal(e.to, hold.last_missing)
  assert.equal(e.counts.devices, 30)
  const v = await okse.okse(['audit', 'verify', '--key',
    okse.path('log', 'log.vkey'), okse.path('log')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
})

/** What the registry is for, in full; serials are named by their seconds. */
async function rows () {
  const r = await run('sqlite3', [okse.path('registry.db'),
    'SELECT hex(holder), programme, hex(device), hex(substr(serial, 1, 4)), ' +
    'state, issued_at, administrative_expiry, refreshed_at, changed_at ' +
    'FROM device ORDER BY id; ' +
    'SELECT u.list, u.first, u.count, u.value, u.expires_at, d.id ' +
    'FROM status_use u JOIN device d USING (serial) ORDER BY 1, 2; ' +
    'SELECT hex(key), hex(holder) FROM device_key ORDER BY 1; ' +
    'SELECT hex(cti), redeemed_at, expires_at FROM qr ORDER BY 1'])
  assert.equal(r.status, 0, r.stderr)
  return r.stdout
}

await test('the same from nothing, offline, row by row', async () => {
  assert.equal(await okse.stop(), 0)
  const before = await rows()
  assert.ok(before.split('\n').length > 60, before)
  lose()
  const r = await okse.okse(['registry', 'repair', '--offline', '--yes'])
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.equal(await rows(), before)
  const again = await okse.okse(['registry', 'repair', '--offline', '--yes'])
  assert.equal(again.status, 5, again.stdout + again.stderr)
  const v = await okse.okse(['registry', 'verify', '--log', okse.path('log'),
    okse.path('registry.db')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
  await okse.start()
  repaired = Date.now() / 1000 - 1
  await listsAreRight()
  await promisesAreKept()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

done()

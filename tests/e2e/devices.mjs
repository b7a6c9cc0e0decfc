// The life of a device, as docs/devices.md draws it: every transition, every
// one that is not in the diagram, and what strangers read in the status list
// after each.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { appendFileSync, writeFileSync } from 'node:fs'
import {
  Instance, Wallet, credentialBody, done, failedRules, issue, okse as command,
  nextSecond, person, qrTokenBody, temporary, test, until
} from './lib/instance.mjs'
import { verifyStatusJwt } from '../strangers/status_list.mjs'

// a list is believed for eight seconds and signed again after four
const okse = new Instance(temporary())
await okse.start()
await okse.stop()
appendFileSync(okse.path('okse.yaml'),
  'status-lists: { ttl: PT1S, lifetime: PT8S }\n')
await okse.start()
const ca = okse.read('ca', 'iaca.pem')

const [VALID, INVALID, SUSPENDED] = [0, 1, 2]

const changeBody = (who, action, reason, more = {}) => ({
  programme: 'resident-id', action, reason,
  holder: {
    number: who.holder.number, birth_date: who.holder.birth_date
  },
  ...more
})
const change = (who, action, reason, more = {}, headers = {}) =>
  okse.post('/v1/status-changes', changeBody(who, action, reason, more),
    headers)

async function becomes (place, wanted) {
  await until(async () => {
    const r = await okse.get(new URL(place.uri).pathname)
    assert.equal(r.status, 200, r.text)
    return (await verifyStatusJwt(r.text, place.uri, ca)).at(place.idx)
  }, is => is === wanted, `its place says ${wanted}`)
}

async function refusedAs (r, state) {
  assert.equal(r.status, 403, r.text)
  assert.deepEqual(failedRules(r), ['status-change'])
  const { message } = r.json.decision.rules
    .find(x => x.id === 'status-change')
  assert.match(message, state)
  assert.ok(Number.isInteger(r.json.log.index))
}

const who = person()
let wallet
let place

await test('each credential has a place of its own, and holds it', async () => {
  wallet = await Wallet.create()
  const { reply } = await issue(okse, who, {
    wallet
  })
  assert.equal(reply.status, 201, reply.text)
  place = reply.json.credentials[0].status
  const [, payload] = reply.json.credentials[0].credential.split('.')
  const { status } = JSON.parse(Buffer.from(payload, 'base64url'))
  assert.deepEqual(status.status_list, place)
  await becomes(place, VALID)
})

await test('a lost phone is suspended, and everybody sees it', async () => {
  const r = await change(who, 'suspend', 'phone-lost')
  assert.equal(r.status, 201, r.text)
  assert.deepEqual(r.json.device, { state: 'suspended' })
  assert.equal(r.json.decision.outcome, 'allow')
  await becomes(place, SUSPENDED)
})

await test('suspended is not suspended again, nor a second device', async () => {
  await refusedAs(await change(who, 'suspend', 'phone-lost'), /suspended/)
  const visit = await okse.post('/v1/qr-tokens', qrTokenBody(who))
  assert.deepEqual(failedRules(visit), ['one-device'])
})

const refresh = async phone => {
  const body = credentialBody(who, '', await phone.device(okse),
    { purpose: 'refresh' })
  delete body.evidence
  return okse.post('/v1/credentials', body)
}

await test('a suspended device is not refreshed', async () => {
  const r = await refresh(wallet)
  assert.equal(r.status, 403, r.text)
  assert.ok(failedRules(r).length > 0)
  assert.equal(r.json.credentials, undefined)
})

await test('found again, it is active and valid', async () => {
  const r = await change(who, 'reinstate', 'phone-found')
  assert.deepEqual(r.json.device, { state: 'active' }, r.text)
  await becomes(place, VALID)
  await refusedAs(await change(who, 'reinstate', 'phone-found'), /active/)
})

await test('active, it is refreshed without a visit, and no other is',
  async () => {
    const first = await refresh(wallet)
    assert.equal(first.status, 201, first.text)
    const again = await refresh(wallet)
    assert.equal(again.status, 201, again.text)
    assert.equal(again.json.administrative_expiry,
      first.json.administrative_expiry)
    assert.notDeepEqual(again.json.credentials[0].status,
      first.json.credentials[0].status)
    const other = await refresh(await Wallet.create())
    assert.equal(other.status, 403, other.text)
  })

await test('the same change with the same key is the same answer', async () => {
  const key = { 'idempotency-key': randomUUID() }
  const once = await change(who, 'suspend', 'card-lost', {}, key)
  const again = await okse.again('/v1/status-changes',
    changeBody(who, 'suspend', 'card-lost', {}), key)
  assert.equal(once.status, 201, once.text)
  assert.equal(again.status, 201, again.text)
  assert.deepEqual(again.json.log, once.json.log)
  assert.deepEqual(again.json.device, once.json.device)
  const other = await change(who, 'suspend', 'phone-lost', {}, key)
  assert.equal(other.status, 422, other.text)
})

await test('a reissue replaces it; the old credential is invalid', async () => {
  await nextSecond()	// the visit must be later than the last issue
  const next = await issue(okse, who, {
    changes: { purpose: 'reissue', reason: 'device-lost' }
  })
  assert.equal(next.reply.status, 201, next.reply.text)
  const fresh = next.reply.json.credentials[0].status
  assert.notDeepEqual(fresh, place)
  await becomes(place, INVALID)
  await becomes(fresh, VALID)
  place = fresh
})

await test('another phone than the holder\'s is not touched', async () => {
  const r = await change(who, 'revoke', 'phone-stolen',
    { device: { id: wallet.id } })
  await refusedAs(r, /not the device that was named/)
})

await test('revoked is for ever', async () => {
  const r = await change(who, 'revoke', 'card-withdrawn')
  assert.deepEqual(r.json.device, { state: 'revoked' }, r.text)
  await becomes(place, INVALID)
  for (const [action, reason] of [['reinstate', 'phone-found'],
    ['suspend', 'phone-lost'], ['revoke', 'phone-lost']])
    await refusedAs(await change(who, action, reason), /revoked/)
})

await test('after it, a first issue begins anew', async () => {
  const { reply } = await issue(okse, who)
  assert.equal(reply.status, 201, reply.text)
})

await test('without a device, and of another programme, there is nothing',
  async () => {
    await refusedAs(await change(person(), 'suspend', 'phone-lost'), /none/)
    await refusedAs(await change(who, 'suspend', 'phone-lost',
      { programme: 'driver-licence' }), /none/)
  })

await test('a reason that is none, an action that is none', async () => {
  await refusedAs(await change(who, 'suspend', 'because'), /not a permitted/)
  const r = await change(who, 'forget', 'phone-lost')
  assert.equal(r.status, 400, r.text)
  assert.equal(r.json.pointer, '/action')
  const without = changeBody(who, 'suspend', 'phone-lost')
  delete without.holder
  const bad = await okse.post('/v1/status-changes', without)
  assert.equal(bad.status, 400, bad.text)
})

await test('okse status-change does it from a shell', async () => {
  const file = okse.path('lost.json')
  writeFileSync(file, JSON.stringify(changeBody(who, 'suspend',
    'phone-lost')))
  const first = await command(['status-change', '--dir', okse.dir, file])
  assert.equal(first.status ?? first.code, 0, JSON.stringify(first))
  assert.match(first.stdout, /^suspended$/m)
  const second = await command(['status-change', '--dir', okse.dir, file])
  assert.equal(second.status ?? second.code, 3, JSON.stringify(second))
})

await okse.stop()
done()

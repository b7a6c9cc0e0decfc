// docs/devices.md, all of it, on both engines: every state a holder's device
// can be in, everything that can be asked for, every reason there is. What the
// page's table allows is done and leads where it says; everything else is
// refused by the rule it names, with the state as the reason, and leaves the
// device as it was. Programmes of one holder know nothing of each other.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import {
  CENTRE, Wallet, credentialBody, done, failedRules, issue, nextSecond, person,
  qrTokenBody, run, startInstance, test, top
} from './lib/instance.mjs'
import { startFleet } from './lib/fleet.mjs'

// ---- the page's table: purpose or action → { from: to }

const page = readFileSync(path.join(top, 'docs/devices.md'), 'utf8')
const table = {}
for (const [, from, by, to] of
  page.matchAll(/^\| ([a-z, ]+) \| ([a-z ]+) \| ([a-z, ]+) \| /gm)) {
  const what = by.replace(/ for a permitted reason$/, '').replace(' ', '-')
  if (from !== 'from' && what !== 'time')
    for (const state of from.split(', '))
      (table[what] ??= {})[state] = to.replace(/, a new one$/, '')
}
const states = ['none', 'active', 'suspended', 'revoked', 'expired']
const actions = ['suspend', 'reinstate', 'revoke']
const purposes = ['first-issue', 'refresh', 'reissue']

await test('the page has a row for each of them', () => {
  assert.deepEqual(Object.keys(table).sort(),
    [...actions, ...purposes].sort())
})

// ---- the policy's reasons

const policy = readFileSync(path.join(top,
  'configs/policy/resident-id.yaml'), 'utf8')
const names = text => text.match(/[a-z]+(-[a-z]+)+|expired/g)
const listed = Object.fromEntries(actions.map(a => [a, names(
  new RegExp(`^ {4}${a}: \\[([^\\]]*)\\]`, 'm').exec(policy)[1])]))
listed.reissue = [.../kind: reason\n {4}reasons:\n((?: {6}.*\n)+)/
  .exec(policy)[1].matchAll(/^ {6}([a-z-]+):/gm)].map(m => m[1])
const reasons = [...new Set(Object.values(listed).flat()), 'boredom']

const changeBody = (who, action, reason, more) => ({
  programme: 'resident-id', action, reason,
  holder: { number: who.holder.number, birth_date: who.holder.birth_date },
  ...more
})

/** Rows that have run out, as after three years: by the database's owner. */
const expire = {
  async SQLite (node) {
    await node.stop()
    const r = await run('sqlite3', [node.path('registry.db'),
      'UPDATE device SET administrative_expiry = issued_at + 1'])
    assert.equal(r.status, 0, r.stderr)
    await node.start()
  },
  PostgreSQL: (node, fleet) => fleet.database.sql('UPDATE okse.device ' +
    'SET administrative_expiry = issued_at + 1')
}

async function conform (engine, node, fleet) {
  const must = (r, status) => {
    assert.equal(r.status, status, r.text)
    return r.json
  }
  const change = (who, action, reason, more) => node.post(
    '/v1/status-changes', changeBody(who, action, reason, more))
  const dry = (operation, body) => node.post('/v1/decisions',
    { operation, ...body }).then(r => must(r, 200).decision)
  const failed = d => d.rules.filter(x => x.outcome === 'fail')
    .map(x => x.id)

  const refresh = async who => node.post('/v1/credentials', {
    ...credentialBody(who, undefined, await who.wallet.device(node),
      { purpose: 'refresh' }),
    evidence: undefined
  })

  async function device () {
    const who = person()
    const wallet = await Wallet.create()
    must((await issue(node, who, { wallet })).reply, 201)
    return Object.assign(who, { wallet })
  }
  const make = {
    none: async () => Object.assign(person(),
      { wallet: await Wallet.create() }),
    active: device,
    async suspended () {
      const who = await device()
      must(await change(who, 'suspend', 'phone-lost'), 201)
      return who
    },
    async revoked () {
      const who = await device()
      must(await change(who, 'revoke', 'phone-lost'), 201)
      return who
    }
  }
  const expired = await Promise.all(Array.from({ length: 8 }, device))
  await expire[engine](node, fleet)
  make.expired = async () => expired.pop()

  async function stateOf (who) {
    const r = must(await node.adminCall('POST', '/v1/devices', {
      programme: 'resident-id', holder: { number: who.holder.number }
    }), 200)
    return r.devices[0]?.state ?? 'none'
  }

  for (const state of states) {
    const who = await make[state]()
    await test(`${engine}: ${state}, changed for every reason`, async () => {
      for (const action of actions) {
        for (const reason of reasons) {
          const d = await dry('status-change',
            changeBody(who, action, reason))
          const may = state in table[action] &&
            listed[action].includes(reason)
          assert.equal(d.outcome, may ? 'allow' : 'deny',
            `${action}, ${reason}: ${JSON.stringify(d.rules)}`)
          assert.deepEqual(failed(d), may ? [] : ['status-change'])
          assert.match(d.rules.find(r => r.id === 'status-change').message,
            state === 'none' ? /the holder has none/
              : new RegExp(`the holder's is ${state}`))
        }
        if (state in table[action])
          continue
        const r = await change(who, action, listed[action][0])
        must(r, 403)
        assert.deepEqual(failedRules(r), ['status-change'])
      }
      assert.equal(await stateOf(who), state)
    })

    await test(`${engine}: ${state}, issued for every purpose`, async () => {
      const asked = [['first-issue'], ...reasons.map(r => ['reissue', r])]
      await nextSecond()	// a visit is later than the last issue
      for (const [purpose, reason] of asked) {
        const d = await dry('credential', {
          programme: 'resident-id', purpose, reason, holder: who.holder,
          evidence: { kind: 'qr-token', centre: CENTRE }, claims: who.claims
        })
        const may = state in table[purpose] &&
          (purpose !== 'reissue' || listed.reissue.includes(reason))
        assert.equal(d.outcome, may ? 'allow' : 'deny',
          `${purpose} ${reason}: ${JSON.stringify(d.rules.filter(
            x => x.outcome === 'fail'))}`)
        assert.ok(may || failed(d).every(id => ['one-device',
          'reissue-reason', 'administrative-validity'].includes(id)))
      }
      if (!(state in table.refresh)) {
        const r = must(await refresh(who), 403)
        assert.equal(r.decision.outcome, 'deny')
      }
      assert.equal(await stateOf(who), state)
    })

    await test(`${engine}: ${state}, and where the page leads`, async () => {
      for (const action of actions.filter(a => state in table[a])) {
        const one = await make[state]()
        const r = must(await change(one, action, listed[action].at(-1)), 201)
        assert.equal(r.device.state, table[action][state])
        assert.equal(await stateOf(one), table[action][state])
      }
      for (const purpose of purposes.filter(p => state in table[p])) {
        const one = await make[state]()
        await nextSecond()
        const { reply } = purpose === 'refresh'
          ? { reply: await refresh(one) }
          : await issue(node, one, { changes: purpose === 'reissue'
              ? { purpose, reason: 'device-replaced' } : {} })
        must(reply, 201)
        assert.equal(await stateOf(one), table[purpose][state])
      }
    })
  }

  await test(`${engine}: a device that was replaced is not the holder's`,
    async () => {
      const who = await device()
      await nextSecond()
      must((await issue(node, who, {
        changes: { purpose: 'reissue', reason: 'device-lost' }
      })).reply, 201)
      for (const action of actions) {
        const r = await change(who, action, listed[action][0],
          { device: { id: who.wallet.id } })
        must(r, 403)
        assert.deepEqual(failedRules(r), ['status-change'])
      }
      assert.equal(await stateOf(who), 'active')
    })

  await test(`${engine}: programmes of one holder are independent`,
    async () => {
      const who = await make.suspended()
      for (const action of actions)
        must(await change(who, action, listed[action][0],
          { programme: 'driver-licence' }), 403)
      const visit = await node.post('/v1/qr-tokens',
        qrTokenBody(who, { programme: 'driver-licence' }))
      assert.ok(!failedRules(visit).includes('one-device'), visit.text)
      assert.equal(await stateOf(who), 'suspended')
    })
}

const sqlite = await startInstance()
await conform('SQLite', sqlite)
await sqlite.stop()
const fleet = await startFleet(1)
await conform('PostgreSQL', fleet.nodes[0], fleet)
await fleet.stop()
done()

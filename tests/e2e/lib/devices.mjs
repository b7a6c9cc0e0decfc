// A client that keeps receipts: people whose devices it issues, refreshes,
// suspends, reinstates and revokes, each request asked again until there is an
// answer; and the judge, who believes the receipts and what is published.

import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import {
  Wallet, credentialBody, person, qrTokenBody, sleep
} from './instance.mjs'
import { verifyStatusJwt } from '../../strangers/status_list.mjs'

const VALUE = { active: 0, revoked: 1, suspended: 2 }
const gone = /ECONNRESET|EPIPE|ECONNREFUSED|ENOENT|socket hang up|aborted/
const pick = list => list[randomInt(list.length)]

const actions = {
  active: [['suspend', 'phone-lost', 'suspended'],
    ['revoke', 'phone-stolen', 'revoked']],
  suspended: [['reinstate', 'phone-found', 'active'],
    ['revoke', 'card-withdrawn', 'revoked']]
}

export class Client {
  constructor (okse) {
    this.okse = okse
    this.people = []
    this.receipts = []	// of every acknowledgement: { what, index, … }
    this.retried = 0
    this.faults = []	// answers that there should not be
  }

  /** Asks until there is an answer: 201, or it is a fault. */
  async ask (url, body, { keyed = true } = {}) {
    const key = { 'idempotency-key': randomUUID() }
    for (const end = Date.now() + 180e3; Date.now() < end;) {
      let r
      try {
        r = await this.okse.post(url, body, key)
      } catch (e) {
        if (!gone.test(String(e.code) + e.message))
          throw e
      }
      if (r?.status === 201)
        return r
      if (r && r.status !== 503 && r.status !== 409)
        throw new Error(`${url}: ${r.status} ${r.text.slice(0, 2000)}`)
      this.retried += keyed
      await sleep(randomInt(20, 120))
    }
    throw new Error(`${url}: never answered`)
  }

  receipt (what, who, r) {
    this.receipts.push({ what, who, index: r.json.log.index })
  }

  async phone (wallet) {
    const c = await this.ask('/v1/challenges', undefined, { keyed: false })
    return { id: wallet.id, proofs: [await wallet.proof(c.json)] }
  }

  keep (who, r) {
    const places = r.json.credentials.map(c => c.status)
    who.places.push(...places)
    for (const p of places)
      this.receipts.at(-1).place = p
  }

  async issue (who) {
    who.wallet = await Wallet.create()
    const visit = await this.ask('/v1/qr-tokens', qrTokenBody(who.person))
    this.receipt('qr-token', who, visit)
    const r = await this.ask('/v1/credentials', credentialBody(who.person,
      visit.json.qr_token, await this.phone(who.wallet)))
    who.past.push(...who.places)
    who.places = []
    this.receipt('first-issue', who, r)
    this.keep(who, r)
    who.state = 'active'
  }

  async refresh (who) {
    const body = credentialBody(who.person, '', await this.phone(who.wallet),
      { purpose: 'refresh' })
    delete body.evidence
    const r = await this.ask('/v1/credentials', body)
    this.receipt('refresh', who, r)
    this.keep(who, r)
  }

  async change (who) {
    const [action, reason, state] = pick(actions[who.state])
    const { number, birth_date } = who.person.holder
    const r = await this.ask('/v1/status-changes', {
      programme: 'resident-id', action, reason, holder: { number, birth_date }
    })
    assert.equal(r.json.device.state, state, 'the state it is in then')
    this.receipt(action, who, r)
    who.state = state
  }

  async step (own) {
    if (own.length < 6) {
      const who = {
        person: person(), state: 'none', places: [], past: []
      }
      own.push(who)
      this.people.push(who)
      return this.issue(who)
    }
    const who = pick(own)
    if (who.state === 'none' || who.state === 'revoked')
      return this.issue(who)
    if (who.state === 'active' && randomInt(4) === 0)
      return this.refresh(who)
    return this.change(who)
  }

  /** Works with this many people at a time until stop(). */
  start (workers) {
    this.running = true
    this.work = Array.from({ length: workers }, async (_, i) => {
      this.own ??= []
      const own = this.own[i] ??= []
      while (this.running)
        try {
          await this.step(own)
        } catch (e) {
          this.faults.push(e.stack)
          this.running = false
        }
    })
  }

  async stop () {
    this.running = false
    await Promise.all(this.work)
  }
}

// ---- the judge

const place = p => `${p.uri}#${p.idx}`

/** No place of a status list is two issues', by receipts and by the log. */
export function judgePlaces (client, entries) {
  const seen = new Map()
  for (const r of client.receipts.filter(r => r.place)) {
    const before = seen.get(place(r.place))
    assert.ok(before === undefined || before === r.index,
      `${place(r.place)} by ${before} and ${r.index}`)
    seen.set(place(r.place), r.index)
  }
  const counters = new Map()
  for (const e of entries.filter(e => e.op === 'credential'))
    for (const [list, first, count] of e.st ?? [])
      for (let i = first; i < first + count; i++) {
        const name = `${list}/${i}`
        assert.ok(!counters.has(name),
          `counter ${name} by ${counters.get(name)} and ${e.seq}`)
        counters.set(name, e.seq)
      }
  return counters.size
}

/** Every acknowledgement is in the log as what it was. */
export function judgeReceipts (client, entries) {
  for (const { what, index } of client.receipts) {
    const e = entries[index]
    assert.equal(e?.out, 'allow', `entry ${index}, of ${what}`)
    assert.equal(what === 'qr-token' ? e.op : e.action ?? e.purpose, what)
  }
  const decided = new Set(client.receipts.map(r => r.index))
  assert.equal(decided.size, client.receipts.length, 'an index for each')
  return decided
}

/** The published, signed list says what was last acknowledged. */
export async function judgeLists (client, ca) {
  const lists = new Map()
  const listOf = async uri => {
    if (!lists.has(uri)) {
      const r = await client.okse.get(new URL(uri).pathname)
      assert.equal(r.status, 200, r.text)
      lists.set(uri, await verifyStatusJwt(r.text, uri, ca))
    }
    return lists.get(uri)
  }
  let wrong = []
  for (const who of client.people) {
    for (const p of who.places)
      if ((await listOf(p.uri)).at(p.idx) !== VALUE[who.state])
        wrong.push(`${place(p)}: not ${who.state}`)
    for (const p of who.past)
      if ((await listOf(p.uri)).at(p.idx) !== VALUE.revoked)
        wrong.push(`${place(p)}: not of the past`)
  }
  return wrong
}

/** The registry says of each holder what was last acknowledged. */
export async function judgeRegistry (client) {
  for (const who of client.people) {
    if (who.state === 'none')
      continue
    const r = await client.okse.adminCall('POST', '/v1/devices', {
      programme: 'resident-id', holder: { number: who.person.holder.number }
    })
    assert.equal(r.status, 200, r.text)
    const [now, ...before] = r.json.devices
    assert.equal(now.state, who.state)
    assert.ok(before.every(d => d.state === 'revoked'))
    // the newest issues' places, as they were given
    const told = now.places.map(place)
    const own = who.places.map(place)
    assert.ok(told.every(p => own.includes(p)) &&
      told.length === Math.min(own.length, 16), `${told} / ${own}`)
  }
}

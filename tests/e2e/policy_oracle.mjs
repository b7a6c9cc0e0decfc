// The reference policy against an oracle in another language, written from
// the programme's published rules and not from the C: outcomes, failing rules,
// validities and fees of some hundred thousand cases at and around every edge,
// by `okse policy explain`; both switches of the policy in both positions.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync }
  from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { test, done, okse_program, configs, temporary }
  from './lib/instance.mjs'

// How the policy under test reads what the law leaves open.
const reading = { leap: 'march-1', ends: 'end-of-day' }

// ---- civil dates as text, instants as milliseconds

const day = 86400e3
const korea = 9 * 3600e3
const iso = ms => new Date(ms).toISOString().replace('.000Z', 'Z')
const kst = (date, time = '00:00:00') => Date.parse(`${date}T${time}+09:00`)
const dateIn = ms => new Date(ms + korea).toISOString().slice(0, 10)
const addDays = (d, n) =>
  new Date(Date.parse(d) + n * day).toISOString().slice(0, 10)
const leap = y => new Date(Date.UTC(y, 1, 29)).getUTCMonth() === 1
const isReal = d => !Number.isNaN(Date.parse(d)) &&
  new Date(Date.parse(d)).toISOString().slice(0, 10) === d

/** The day of reaching an age: 29 February becomes 1 March, or the 28th. */
function birthday (birth, years) {
  const y = Number(birth.slice(0, 4)) + years
  if (birth.slice(5) === '02-29' && !leap(y))
    return reading.leap === 'march-1' ? `${y}-03-01` : `${y}-02-28`
  return `${y}-${birth.slice(5)}`
}

function firstCardDay (birth) {
  const [y, m] = birthday(birth, 17).split('-').map(Number)
  return m === 12 ? `${y + 1}-01-01`
    : `${y}-${String(m + 1).padStart(2, '0')}-01`
}

/** To the end of the day three years on, or to its same second. */
function threeYears (ms) {
  const [y, rest] = [Number(dateIn(ms).slice(0, 4)) + 3, dateIn(ms).slice(5)]
  const last = rest === '02-29' && !leap(y) ? `${y}-02-28` : `${y}-${rest}`
  return reading.ends === 'exact'
    ? kst(last) + (ms - kst(dateIn(ms)))
    : kst(addDays(last, 1))
}

// ---- regions

const pilot = ['36110', '51720', '41280', '41281', '41285', '41287', '48880',
  '30170', '27720', '31710', '46130', '46830']
const retired = ['42720', '47720']
const phases = [
  ['2025-02-14', ['27', '30', '31', '51', '52', '46', '47', '48', '50']],
  ['2025-02-28', ['28', '41', '43', '44']],
  ['2025-03-14', ['11', '26', '29']],
  ['2025-03-28', ['36']]
]

/** [the day its residents may apply, the day tapping opens], or null. */
function opening (residence) {
  if (!/^(\d{5}|\d{10})$/.test(residence)) return null
  const code = residence.slice(0, 5)
  if (retired.includes(code)) return null
  if (pilot.includes(code)) return ['2024-12-27', '2025-02-28']
  const phase = phases.find(([, list]) => list.includes(code.slice(0, 2)))
  return phase ? [phase[0], phase[0]] : null
}

const goyang = ['41280', '41281', '41285', '41287']
const sameTown = (a, b) => a === b || (goyang.includes(a) && goyang.includes(b))

// ---- the rules: each says whether it fails

const centuries = { 9: 1800, 0: 1800, 1: 1900, 2: 1900, 3: 2000, 4: 2000 }

function numberFails (c, today) {
  const n = c.holder.number
  if (!/^\d{13}$/.test(n) || !(n[6] in centuries)) return true
  const d = `${centuries[n[6]] + Number(n.slice(0, 2))}-${n.slice(2, 4)}-` +
    n.slice(4, 6)
  return !isReal(d) || d !== c.holder.birth_date || d > today
}

function channelFails (c, now) {
  const e = c.evidence
  if (!e) return c.purpose !== 'refresh'
  if (e.kind === 'qr-token')
    return c.operation === 'qr-token' && !/^(\d{5}|\d{10})$/.test(e.centre)
  const opens = opening(c.holder.residence)
  return c.operation !== 'credential' || !c.holder.card?.ic_chip ||
    !opens || now < kst(opens[1])
}

function cardFails (c, today) {
  const card = c.holder.card
  return !card || card.status !== 'issued' || !card.issued_on ||
    card.issued_on > today || card.issued_on < firstCardDay(c.holder.birth_date)
}

/** A reissue replaces the one there is; of two, one would be left. */
function devicesFail (c, f) {
  if (f.active_devices > 1) return true
  if (c.purpose === 'first-issue') return f.active_devices > 0
  if (c.purpose === 'refresh')
    return f.active_devices - (f.this_device_active ? 1 : 0) > 0
  return false
}

const reasons = ['device-replaced', 'device-lost', 'expired',
  'number-corrected', 'entry-changed', 'identity-changed']

function reasonFails (c, f, now) {
  if (c.purpose !== 'reissue') return false
  if (!reasons.includes(c.reason)) return true
  return ['device-replaced', 'device-lost'].includes(c.reason) &&
    c.operation === 'credential' && c.evidence?.kind === 'qr-token' &&
    f.last_issued_at != null &&
    Date.parse(f.evidence_issued_at ?? iso(now)) <= Date.parse(f.last_issued_at)
}

/** A card with a chip: free in 2025 for a first card of who is born in 2008 */
const fee = (c, today) => !c.holder.card && today.startsWith('2025') &&
  c.holder.birth_date.startsWith('2008')
  ? 0
  : 5000

function oracle (c) {
  const now = Date.parse(c.now)
  const today = dateIn(now)
  const f = { active_devices: 0, this_device_active: false,
    evidence: 'valid', quota_used: 0, ...c.facts }
  const credential = c.operation === 'credential'
  const opens = opening(c.holder.residence)
  const notAfter = Date.parse(f.signer_not_after ?? iso(now + 365 * day))
  const notBefore = Date.parse(f.signer_not_before ?? iso(now - 365 * day))
  const refresh = c.purpose === 'refresh'
  const administrative = refresh
    ? Date.parse(f.administrative_expiry ?? NaN) : threeYears(now)
  const digit = c.holder.number[6]
  const failing = {
    'programme-open': now < kst('2024-12-27'),
    'caller-entitled': (f.caller ?? 'upstream') !== 'upstream',
    'not-foreigner': !/^\d$/.test(digit ?? '') || '5678'.includes(digit),
    'number-consistent': numberFails(c, today),
    'holder-age': today < birthday(c.holder.birth_date, 17),
    'card-held': cardFails(c, today),
    'region-open': !opens || now < kst(opens[0]),
    'centre-in-region': c.evidence?.kind === 'qr-token' &&
      now < kst('2025-03-28') && !(opens !== undefined &&
      /^(\d{5}|\d{10})$/.test(c.evidence.centre ?? '') &&
      /^(\d{5}|\d{10})$/.test(c.holder.residence) &&
      sameTown(c.evidence.centre.slice(0, 5), c.holder.residence.slice(0, 5))),
    'channel-open': channelFails(c, now),
    'evidence-valid': credential && (c.evidence
      ? f.evidence !== 'valid' : !refresh),
    'one-device': devicesFail(c, f),
    'reissue-reason': reasonFails(c, f, now),
    'administrative-validity': credential && refresh &&
      !(f.this_device_active && now < administrative),
    'technical-validity': now < notBefore || now >= notAfter,
    quota: f.quota_used >= 20
  }
  const rules = Object.keys(failing).filter(r => failing[r]).sort()
  const fees = { 'ic-card-fee': fee(c, today) }
  if (rules.length) return { rules, fees }
  const technical = credential
    ? Math.min(now + 90 * day, administrative, notAfter)
    : Math.min(now + 180e3, notAfter)
  return { rules, fees, grant: { valid_from: iso(now),
    administrative_expiry: credential ? iso(administrative) : null,
    technical_expiry: iso(technical) } }
}

// ---- cases

const numberOf = birth => birth.slice(2, 4) + birth.slice(5, 7) +
  birth.slice(8) + (birth < '2000' ? '1' : '3') + '234560'

function sample (now, change = {}) {
  const { holder = {}, facts = {}, ...rest } = change
  const birth = holder.birth_date ?? '2001-02-03'
  const c = {
    operation: 'credential', programme: 'resident-id', purpose: 'first-issue',
    holder: { number: numberOf(birth), birth_date: birth, residence: '36110',
      card: { status: 'issued', issued_on: '2020-01-02', ic_chip: false },
      ...holder },
    evidence: { kind: 'qr-token', centre: '3611025000' },
    now: iso(now), facts, ...rest
  }
  if (c.evidence?.kind === 'qr-token' && c.operation === 'credential')
    c.evidence = { qr_token: 'OKSE1:X', ...c.evidence }
  if (c.evidence === null) delete c.evidence
  return c
}

const edges = ['2024-12-27', '2025-02-14', '2025-02-28', '2025-03-14',
  '2025-03-28'].flatMap(d => [kst(d) - 1000, kst(d), kst(d) + 1000])

/** Every birth date of five years, on the days around turning 17. */
function * birthdays (from = '2007-01-01', to = '2012-01-01') {
  for (let b = from; b < to; b = addDays(b, 1)) {
    for (const on of [birthday(b, 17), firstCardDay(b)]) {
      for (const s of [-1, 0, 1]) {
        const now = kst(on) + s * 1000
        for (const issued of [-1, 0])
          yield sample(now, { holder: { birth_date: b, card: {
            status: 'issued', issued_on: addDays(firstCardDay(b), issued),
            ic_chip: false } } })
      }
    }
  }
}

/** Around every 29 February, where the two readings part. */
function * leapBirthdays () {
  for (const b of ['2004-02-29', '2008-02-28', '2008-02-29', '2008-03-01']) {
    for (const d of ['02-27', '02-28', '02-29', '03-01', '03-02', '03-31',
      '04-01']) {
      for (const y of [2021, 2024, 2025, 2026, 2028]) {
        if (!isReal(`${y}-${d}`)) continue
        for (const s of [-1, 0, 1]) {
          const now = kst(`${y}-${d}`) + s * 1000
          for (const issued_on of [`${y}-02-28`, `${y}-03-01`, `${y}-04-01`,
            dateIn(now)])
            yield sample(now, { holder: { birth_date: b,
              card: { status: 'issued', issued_on, ic_chip: false } } })
        }
      }
    }
  }
}

const chip = { kind: 'ic-card', certificate: 'MAA=', challenge: 'MAA=',
  signature: 'MAA=' }

function * places () {
  const codes = [...pilot, ...retired, '41282', '42110', '45111', '99999',
    ...phases.flatMap(([, list]) => list.map(p => `${p}110`))]
  for (const code of codes) {
    for (const residence of [code, `${code}00000`, code.slice(0, 4)]) {
      for (const now of edges) {
        for (const centre of [`${code}25000`, '4128500000', '1111000000', 'x']) {
          const holder = { residence }
          yield sample(now, { operation: 'qr-token', holder,
            evidence: { kind: 'qr-token', centre } })
        }
        for (const ic_chip of [true, false])
          yield sample(now, { holder: { residence, card: { status: 'issued',
            issued_on: '2020-01-02', ic_chip } }, evidence: chip })
      }
    }
  }
}

/** Every province there could be, and its first, some and last districts. */
function * provinces () {
  for (let p = 0; p < 100; p++) {
    for (const d of ['000', '110', '720', '999']) {
      const residence = String(p).padStart(2, '0') + d
      for (const now of edges)
        yield sample(now, { operation: 'qr-token', holder: { residence },
          evidence: { kind: 'qr-token', centre: residence } })
    }
  }
}

/** The ways in: by evidence, its state, the card and the purpose, over time. */
function * channels () {
  const states = ['valid', 'missing', 'unknown', 'expired', 'redeemed',
    'other-holder', 'other-programme', 'other-purpose', 'other-centre',
    'untrusted', 'not-in-force', 'bad-signature']
  const issued = { status: 'issued', issued_on: '2020-01-02' }
  for (const now of edges) {
    for (const purpose of ['first-issue', 'reissue', 'refresh']) {
      for (const evidence of [{ kind: 'qr-token', centre: '3611025000' },
        { ...chip }, { ...chip, centre: '1111000000' }, null]) {
        for (const card of [{ ...issued, ic_chip: true },
          { ...issued, ic_chip: false }, issued, undefined]) {
          for (const residence of ['36110', '11110']) {
            for (const state of states.slice(0, evidence ? undefined : 1)) {
              const c = sample(now, { purpose, evidence,
                holder: { card, residence },
                facts: { evidence: state, ...(purpose === 'first-issue'
                  ? {}
                  : { active_devices: 1, this_device_active: true,
                      administrative_expiry: iso(now + day) }) } })
              if (purpose === 'reissue') c.reason = 'expired'
              yield c
            }
          }
        }
      }
    }
  }
}

/** Every reason, by tap and by visit, before, at and after the last issue. */
function * reissues () {
  const now = kst('2025-07-01', '10:00:00')
  for (const reason of [...reasons, 'address-changed', 'Expired', undefined]) {
    for (const purpose of ['first-issue', 'reissue', 'refresh']) {
      for (const operation of ['credential', 'qr-token']) {
        for (const evidence of [{ kind: 'qr-token', centre: '36110' }, chip]) {
          for (const active of [0, 1, 2]) {
            for (const last of [null, -1, 0, 1]) {
              for (const visit of [-1, 0, 1]) {
                const c = sample(now, { purpose, operation, evidence,
                  holder: { card: { status: 'issued', ic_chip: true,
                    issued_on: '2020-01-02' } },
                  facts: { active_devices: active,
                    this_device_active: active === 1 && visit === 0,
                    last_issued_at: last === null
                      ? null
                      : iso(now + last * 1000),
                    evidence_issued_at: iso(now + visit * 1000),
                    administrative_expiry: active ? iso(now + day) : null } })
                if (operation === 'qr-token' && evidence === chip)
                  c.evidence = { kind: 'ic-card', centre: '36110' }
                if (reason) c.reason = reason
                yield c
              }
            }
          }
        }
      }
    }
  }
}

/** The fee, by birth and card, at both ends of three years. */
function * fees () {
  for (const year of ['2024', '2025', '2026']) {
    for (const [d, t] of [['01-01', '00:00:00'], ['12-31', '23:59:59']]) {
      for (const birth_date of ['2007-12-31', '2008-01-01', '2008-12-31',
        '2009-01-01', '1950-06-01']) {
        for (const card of [undefined, { status: 'issued',
          issued_on: '2020-01-02', ic_chip: true }, { status: 'lost' }])
          yield sample(kst(`${year}-${d}`, t), { holder: { birth_date, card } })
      }
    }
  }
}

/** Every day of issue, at the ends of the Korean day. */
function * validities (end = '2034-01-01') {
  for (let d = '2025-04-01'; d < end; d = addDays(d, 1)) {
    for (const time of ['00:00:00', '23:59:59'])
      yield sample(kst(d, time))
    const now = kst(d, '12:00:00')
    for (const s of [-1, 0, 1])
      yield sample(now, { purpose: 'refresh', evidence: null, facts: {
        active_devices: 1, this_device_active: true,
        administrative_expiry: iso(now + s * 1000) } })
    yield sample(now, { facts: { signer_not_after: iso(now + 1000) } })
  }
}

const validitiesOfFourYears = () => validities('2029-04-01')
const birthdaysOf2008 = () => birthdays('2008-01-01', '2009-01-01')

let seed = 1n
function random (n) {
  seed = (seed * 6364136223846793005n + 1442695040888963407n) &
    0xffffffffffffffffn
  return Number(seed >> 33n) % n
}
const pick = list => list[random(list.length)]

/** Mostly what is right, now and then one of the wrongs. */
const mostly = (right, ...wrong) => random(10) ? right : pick(wrong)

function * mixtures (count) {
  const times = [...edges, kst('2025-07-01'), kst('2028-02-29', '10:00:00')]
  for (let i = 0; i < count; i++) {
    const now = pick(times)
    const today = dateIn(now)
    const birth = mostly('2001-02-03', '2008-02-29', '2007-12-31',
      '1950-06-01', addDays(birthday(today, -17), random(3) - 1))
    const number = numberOf(birth)
    const residence = mostly('36110', '41281', '4128000000', '11110', '27110',
      '42720', '3611')
    const operation = pick(['credential', 'qr-token'])
    const purpose = pick(['first-issue', 'reissue', 'refresh'])
    const later = purpose !== 'first-issue'
    const active = mostly(later ? 1 : 0, 0, 1, 2)
    const facts = { active_devices: active,
      this_device_active: active === 1 && mostly(true, false),
      evidence: mostly('valid', 'redeemed', 'other-holder', 'expired'),
      caller: mostly('upstream', 'stranger'),
      quota_used: mostly(19, 20, 21) }
    if (active) {
      facts.last_issued_at = iso(now - 2000 + 1000 * random(2))
      facts.evidence_issued_at = mostly(iso(now), facts.last_issued_at)
      facts.administrative_expiry = mostly(iso(now + day),
        iso(now + 1000 * (random(3) - 1)))
    }
    if (random(10) === 0)
      facts.signer_not_after = iso(now + 1000 * random(3))
    if (random(10) === 0)
      facts.signer_not_before = iso(now + 1000 * random(2))
    const evidence = mostly({ kind: 'qr-token', centre: mostly(
      residence.slice(0, 5), '4128500000', '1111000000') },
    operation === 'credential' ? chip : { kind: 'ic-card', centre: 'x' })
    const c = sample(now, { operation, purpose, facts, evidence, holder: {
      birth_date: birth, residence, number: mostly(number,
        number.slice(0, 6) + random(10) + number.slice(7),
        number.slice(0, 12)),
      card: mostly({ status: 'issued', ic_chip: random(2) === 0,
        issued_on: mostly('2020-01-02', today, addDays(today, 1)) },
      { status: 'lost', issued_on: '2020-01-02', ic_chip: true }, undefined)
    } })
    if (purpose === 'reissue')
      c.reason = mostly(pick(reasons), 'address-changed')
    yield c
  }
}

// ---- running them

const reference = path.join(configs, 'policy')

async function compare (cases, policy = reference) {
  const okse = spawn(okse_program, ['policy', 'explain', '--policy', policy],
    { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = readline.createInterface({ input: okse.stdout })
  const asked = []
  let count = 0
  let allowed = 0
  const writing = (async () => {
    for (const c of cases) {
      asked.push(c)
      if (!okse.stdin.write(JSON.stringify(c) + '\n'))
        await new Promise(resolve => okse.stdin.once('drain', resolve))
    }
    okse.stdin.end()
  })()
  for await (const line of lines) {
    const c = asked[count]
    asked[count++] = undefined
    const got = JSON.parse(line)
    const want = oracle(c)
    const rules = got.rules?.filter(r => r.outcome === 'fail').map(r => r.id)
      .sort()
    const why = `${JSON.stringify(c)}\n${line}`
    assert.deepEqual(rules, want.rules, why)
    assert.equal(got.outcome, want.grant ? 'allow' : 'deny', why)
    assert.deepEqual(got.fees, want.fees, why)
    if (!want.grant) continue
    allowed++
    delete got.grant.formats
    assert.deepEqual(got.grant, want.grant, why)
  }
  await writing
  assert.equal(count, asked.length)
  // neither all nor nothing, or the comparison says little
  assert.ok(allowed > 0 && allowed < count, `${allowed} of ${count}`)
  console.log(`# ${count} cases, ${allowed} allowed`)
}

/** The reference policy read the other way, without its own cases. */
async function otherwise (change, ...generators) {
  const dir = temporary()
  cpSync(reference, dir, { recursive: true })
  for (const name of readdirSync(dir)) {
    const file = path.join(dir, name)
    if (name.endsWith('_test.yaml')) rmSync(file)
    else writeFileSync(file, readFileSync(file, 'utf8')
      .replace(/^(\s*leap-birthday:).*$/m, `$1 ${change.leap ?? reading.leap}`)
      .replace(/^(\s*ends:).*$/m, `$1 ${change.ends ?? reading.ends}`))
  }
  const before = { ...reading }
  Object.assign(reading, change)
  try {
    for (const cases of generators) await compare(cases(), dir)
  } finally {
    Object.assign(reading, before)
    rmSync(dir, { recursive: true })
  }
}

await test('birthdays and first cards, second by second',
  () => compare(birthdays()))
await test('29 February on 1 March', () => compare(leapBirthdays()))
await test('29 February on 28 February, where the policy says so',
  () => otherwise({ leap: 'february-28' }, leapBirthdays, birthdaysOf2008))
await test('regions, phases, centres and channels at their edges',
  () => compare(places()))
await test('every province code at every phase', () => compare(provinces()))
await test('visits, taps and neither, with evidence in every state',
  () => compare(channels()))
await test('reissues and refreshes for every reason',
  () => compare(reissues()))
await test('the fee of a card', () => compare(fees()))
await test('validities of every day of issue', () => compare(validities()))
await test('validities to the second, where the policy says so',
  () => otherwise({ ends: 'exact' }, validitiesOfFourYears))
await test('sixty thousand mixtures', () => compare(mixtures(60000)))
done()

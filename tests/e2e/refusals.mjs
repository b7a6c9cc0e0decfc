// Every refusal of the reference policy that a request can bring about, each
// by its rule and with a message that says what is wanted.

import assert from 'node:assert/strict'
import {
  test, done, startInstance, person, issue, failedRules, koreanDate, Wallet,
  qrTokenBody, credentialBody, nextSecond
} from './lib/instance.mjs'

const okse = await startInstance()

/** The visit is refused by exactly these rules. */
async function refused (name, body, ...rules) {
  await test(name, async () => {
    const r = await okse.post('/v1/qr-tokens', body)
    assert.equal(r.status, 403, r.text)
    assert.equal(r.json.decision.outcome, 'deny')
    assert.deepEqual(failedRules(r).sort(), rules.sort(), r.text)
    for (const rule of r.json.decision.rules)
      assert.ok(rule.outcome !== 'fail' || rule.message.length > 10)
    assert.ok(Number.isInteger(r.json.log.index), r.text)
    assert.equal(r.headers['content-type'], 'application/problem+json')
  })
}

await refused('sixteen years old', qrTokenBody(person({
  birth: koreanDate({ years: -17, days: 1 }),
  card: { issued_on: koreanDate() }
})), 'holder-age', 'card-held')
await refused('a foreigner\'s number',
  qrTokenBody(person({ age: 30, foreign: true })), 'not-foreigner',
  'number-consistent')
await refused('no card', qrTokenBody(person({ card: null })), 'card-held')
await refused('a card that was lost',
  qrTokenBody(person({ card: { status: 'lost' } })), 'card-held')
await refused('a card of tomorrow', qrTokenBody(person(
  { card: { issued_on: koreanDate({ days: 1 }) } })), 'card-held')
await refused('a card before the age for one', qrTokenBody(person(
  { age: 17, card: { issued_on: koreanDate({ years: -2 }) } })), 'card-held')
{
  const who = person()
  who.holder.birth_date = koreanDate({ years: -29 })
  await refused('a number that is of another birth date', qrTokenBody(who),
    'number-consistent')
}

/** A credential asked for with one thing changed. */
async function credential (who, { visit = {}, change = b => b } = {}) {
  const token = await okse.post('/v1/qr-tokens', qrTokenBody(who, visit))
  assert.equal(token.status, 201, token.text)
  const wallet = await Wallet.create()
  return okse.post('/v1/credentials', await change(credentialBody(who,
    token.json.qr_token, await wallet.device(okse)), wallet))
}

async function credentialRefused (name, rules, options) {
  await test(name, async () => {
    const r = await credential(person(), options)
    assert.equal(r.status, 403, r.text)
    assert.deepEqual(failedRules(r).sort(), rules.sort(), r.text)
    assert.equal(r.json.credentials, undefined)
  })
}

await test('an unchanged request is granted', async () => {
  const r = await credential(person())
  assert.equal(r.status, 201, r.text)
})

const other = person()
await credentialRefused('a QR token of somebody else', ['evidence-valid'], {
  change: b => ({ ...b, holder: other.holder, claims: other.claims })
})
await credentialRefused('a QR token of another centre', ['evidence-valid'],
  { change: b => ({ ...b, evidence: { ...b.evidence, centre: '2611051500' } }) })
await credentialRefused('a QR token for another purpose',
  ['evidence-valid', 'one-device'].slice(0, 1), {
    change: b => ({ ...b, purpose: 'reissue', reason: 'entry-changed' })
  })
await credentialRefused('a QR token with one character changed',
  ['evidence-valid'], {
    change: b => {
      const t = b.evidence.qr_token
      const i = t.length - 8
      const c = t[i] === 'A' ? 'B' : 'A'
      return {
        ...b,
        evidence: {
          ...b.evidence, qr_token: t.slice(0, i) + c + t.slice(i + 1)
        }
      }
    }
  })
await credentialRefused('a proof over a nonce of somebody\'s own making',
  ['device-proof'], {
    change: async (b, w) => ({
      ...b,
      device: {
        id: w.id,
        proofs: [await w.proof({
          nonce: 'A'.repeat(54),
          audience: (await okse.post('/v1/challenges')).json.audience
        })]
      }
    })
  })
await credentialRefused('a proof for another audience', ['device-proof'], {
  change: async (b, w) => ({
    ...b,
    device: {
      id: w.id,
      proofs: [await w.proof({
        ...(await okse.post('/v1/challenges')).json,
        audience: 'https://elsewhere.example'
      })]
    }
  })
})
await credentialRefused('a claim left out', ['claims-complete'], {
  change: b => {
    const { family_name, ...claims } = b.claims
    return { ...b, claims }
  }
})
await credentialRefused('a claim too many', ['claims-complete'], {
  change: b => ({ ...b, claims: { ...b.claims, shoe_size: 270 } })
})
await credentialRefused('a birth date in the claims that is another',
  ['number-consistent', 'claims-complete'], {
    change: b => ({ ...b, claims: { ...b.claims, birth_date: '1990-01-02' } })
  })

await test('a nonce is good once', async () => {
  const challenge = (await okse.post('/v1/challenges')).json
  for (const status of [201, 403]) {
    const who = person()
    const r = await credential(who, {
      change: async (b, w) => ({
        ...b, device: { id: w.id, proofs: [await w.proof(challenge)] }
      })
    })
    assert.equal(r.status, status, r.text)
    if (status === 403)
      assert.deepEqual(failedRules(r), ['device-proof'])
  }
})

await test('a key bound to one holder is refused for another', async () => {
  const wallet = await Wallet.create()
  const good = await issue(okse, person(), { wallet })
  assert.equal(good.reply.status, 201, good.reply.text)
  wallet.id = 'another'
  const bad = await issue(okse, person(), { wallet })
  assert.equal(bad.reply.status, 403, bad.reply.text)
  assert.deepEqual(failedRules(bad.reply), ['device-proof'])
})

await test('a reissue for a reason nobody knows is refused', async () => {
  const { reply } = await issue(okse, person(),
    { changes: { purpose: 'reissue', reason: 'bored' } })
  assert.equal(reply.status, 403, reply.text)
  assert.ok(failedRules(reply).includes('reissue-reason'), reply.text)
})

await test('a new phone needs a visit after the last issue', async () => {
  const who = person()
  const early = await okse.post('/v1/qr-tokens', qrTokenBody(who,
    { purpose: 'reissue', reason: 'device-replaced' }))
  const first = await issue(okse, who)
  assert.equal(first.reply.status, 201, first.reply.text)
  if (early.status !== 201)	// refused at the visit already
    return assert.equal(early.status, 403, early.text)
  await nextSecond()
  const wallet = await Wallet.create()
  const r = await okse.post('/v1/credentials', credentialBody(who,
    early.json.qr_token, await wallet.device(okse),
    { purpose: 'reissue', reason: 'device-replaced' }))
  assert.equal(r.status, 403, r.text)
})

await test('a dry run tells the same and changes nothing', async () => {
  const who = person()
  for (const [body, outcome] of [
    [qrTokenBody(who), 'allow'],
    [qrTokenBody(person({ foreign: true })), 'deny']]) {
    const r = await okse.post('/v1/decisions',
      { operation: 'qr-token', ...body })
    assert.equal(r.status, 200, r.text)
    assert.equal(r.json.decision.outcome, outcome)
    assert.equal(r.json.qr_token, undefined)
  }
})

await okse.stop()
done()

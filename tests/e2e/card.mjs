// A card with a chip is tapped instead of a visit: it works, also for a new
// phone, and for nobody but its holder, once, with a chip that a card CA of
// the programme certifies to sign today.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import {
  test, done, Instance, temporary, person, failedRules, Wallet,
  credentialBody, issue, until
} from './lib/instance.mjs'
import { CardCa, KeyUsageFlags } from '../strangers/card.mjs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'

const day = 86400e3
const licences = await CardCa.create('Licence CA')
const strangers = await CardCa.create('Somebody Else')

// ---- an instance that knows two card CAs, its own and another

const okse = new Instance(temporary())
await okse.start({ args: ['--prepare'], ready: false })
await okse.ended
okse.status = undefined
writeFileSync(okse.path('ca', 'licence.pem'), licences.pem)
okse.edit('okse.yaml', /^card-ca:$/m, `card-ca:
  - certificate: "${okse.path('ca', 'licence.pem')}"
    programmes: [driver-licence]`)
await okse.start()
const cards = await CardCa.load(okse.read('tls', 'card-ca.pem'),
  okse.read('tls', 'card-ca.key'))
const ca = okse.read('ca', 'iaca.pem')

const holder = options => person({ card: { ic_chip: true }, ...options })
const challenge = async () => (await okse.post('/v1/challenges')).json

/** Who taps a card with a phone beside it; the request is not sent yet. */
async function tapped (who, card, { wallet, evidence, ...changes } = {}) {
  wallet ??= await Wallet.create()
  return credentialBody(who, undefined, await wallet.device(okse), {
    evidence: evidence ?? await card.tap(await challenge()), ...changes
  })
}

async function refused (name, why, body, rule = 'evidence-valid') {
  await test(name, async () => {
    const r = await okse.post('/v1/credentials', await body())
    assert.equal(r.status, 403, r.text)
    assert.deepEqual(failedRules(r), [rule], r.text)
    const told = r.json.decision.rules.find(x => x.id === rule)
    assert.match(told.message, why)
  })
}

// ---- it works

const who = holder()
const card = await cards.card(who.holder.number)

await test('a tap gets a credential without a visit', async () => {
  const wallet = await Wallet.create()
  const r = await okse.post('/v1/credentials',
    await tapped(who, card, { wallet }))
  assert.equal(r.status, 201, r.text)
  const v = await verifySdJwt(r.json.credentials[0].credential, ca)
  assert.equal(v.payload.cnf.jwk.x, wallet.jwk.x)
  assert.equal(v.claims.birth_date, who.holder.birth_date)
})

await test('a new phone needs a tap and no visit, at once', async () => {
  const wallet = await Wallet.create()
  const r = await okse.post('/v1/credentials', await tapped(who, card,
    { wallet, purpose: 'reissue', reason: 'device-replaced' }))
  assert.equal(r.status, 201, r.text)
  const v = await verifySdJwt(r.json.credentials[0].credential, ca)
  assert.equal(v.payload.cnf.jwk.x, wallet.jwk.x)
})

await test('card and phone may answer one challenge, base64url or not',
  async () => {
    const somebody = holder()
    const wallet = await Wallet.create()
    const c = await challenge()
    const tap = await (await cards.card(somebody.holder.number)).tap(c)
    for (const name of ['certificate', 'signature'])
      tap[name] = Buffer.from(tap[name], 'base64').toString('base64url')
    const body = await tapped(somebody, null, { wallet, evidence: tap })
    body.device.proofs = [await wallet.proof(c)]
    const r = await okse.post('/v1/credentials', body)
    assert.equal(r.status, 201, r.text)
  })

await test('the same request again gives the same credential', async () => {
  const somebody = holder()
  const body = await tapped(somebody,
    await cards.card(somebody.holder.number))
  const key = { 'idempotency-key': 'tap-again' }
  const first = await okse.post('/v1/credentials', body, key)
  const second = await okse.again('/v1/credentials', body, key)
  assert.equal(first.status, 201, first.text)
  assert.equal(second.status, 201, second.text)
  const signed = r => r.json.credentials[0].credential.split('~')[0]
    .split('.').slice(0, 2).join('.')
  assert.equal(signed(second), signed(first))
})

await test('a dry run judges the tap and does not use it up', async () => {
  const somebody = holder()
  const body = await tapped(somebody,
    await cards.card(somebody.holder.number))
  for (let i = 0; i < 2; i++) {
    const r = await okse.post('/v1/decisions',
      { operation: 'credential', ...body })
    assert.equal(r.status, 200, r.text)
    assert.equal(r.json.decision.outcome, 'allow', r.text)
  }
  const r = await okse.post('/v1/credentials', body)
  assert.equal(r.status, 201, r.text)
})

// ---- and only then

/** A fresh person with a card that is wrong in one thing. */
const spoiled = (options, from = cards) => async () => {
  const somebody = holder()
  return tapped(somebody,
    await from.card(somebody.holder.number, options))
}

await refused('a chip certified until yesterday', /not-in-force/,
  spoiled({ from: -3 * day, to: -day }))
await refused('a chip certified from tomorrow', /not-in-force/,
  spoiled({ from: day, to: 3 * day }))
await refused('a chip of another CA', /untrusted.*no configured card CA/,
  spoiled({}, strangers))
await refused('a chip of another programme\'s CA', /other-programme/,
  spoiled({}, licences))
await refused('a chip that may agree on keys, not sign', /untrusted/,
  spoiled({ usage: KeyUsageFlags.keyAgreement }))
await refused('a chip whose certificate says nothing of use', /untrusted/,
  spoiled({ usage: null }))
await refused('a chip that might certify others', /untrusted/,
  spoiled({
    usage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign
  }))
await refused('a certificate that names no holder', /other-holder/,
  spoiled({ subject: 'C=KR, CN=anybody' }))

await refused('another person\'s card', /other-holder.*another person/,
  async () => tapped(holder(), card))
await refused('a challenge that was used', /redeemed.*used before/,
  async () => {
    const somebody = holder()
    const mine = await cards.card(somebody.holder.number)
    const evidence = await mine.tap(await challenge())
    const r = await okse.post('/v1/credentials',
      await tapped(somebody, mine, { evidence }))
    assert.equal(r.status, 201, r.text)
    return tapped(somebody, mine,
      { evidence, purpose: 'reissue', reason: 'device-lost' })
  })
await refused('a challenge that is not ours', /unknown/, async () => {
  const somebody = holder()
  const mine = await cards.card(somebody.holder.number)
  const { nonce, audience } = await challenge()
  const other = (nonce[0] === 'A' ? 'B' : 'A') + nonce.slice(1)
  return tapped(somebody, mine,
    { evidence: await mine.tap({ nonce: other, audience }) })
})
await refused('a signature over another challenge', /bad-signature/,
  async () => {
    const somebody = holder()
    const mine = await cards.card(somebody.holder.number)
    const evidence = await mine.tap(await challenge())
    evidence.challenge = (await challenge()).nonce
    return tapped(somebody, mine, { evidence })
  })
await refused('a signature for another service', /bad-signature/,
  async () => {
    const somebody = holder()
    const mine = await cards.card(somebody.holder.number)
    const { nonce } = await challenge()
    return tapped(somebody, mine, { evidence:
      await mine.tap({ nonce, audience: 'https://elsewhere.example' }) })
  })
await refused('a signature with one bit turned', /bad-signature/,
  async () => {
    const somebody = holder()
    const mine = await cards.card(somebody.holder.number)
    const evidence = await mine.tap(await challenge())
    const bytes = Buffer.from(evidence.signature, 'base64')
    bytes[63] ^= 1
    evidence.signature = bytes.toString('base64')
    return tapped(somebody, mine, { evidence })
  })
await refused('another chip\'s signature', /bad-signature/, async () => {
  const somebody = holder()
  const mine = await cards.card(somebody.holder.number)
  const other = await cards.card(somebody.holder.number)
  const c = await challenge()
  return tapped(somebody, mine, { evidence:
    { ...await mine.tap(c), signature: (await other.tap(c)).signature } })
})
await refused('the CA\'s own certificate as a chip\'s', /untrusted/,
  async () => {
    const somebody = holder()
    const mine = await cards.card(somebody.holder.number,
      { keys: cards.keys })
    return tapped(somebody, mine, { evidence: {
      ...await mine.tap(await challenge()),
      certificate: Buffer.from(cards.certificate.rawData).toString('base64')
    } })
  })

for (const [name, spoil] of [
  ['cut short', b => b.subarray(0, -1)],
  ['with a byte behind it', b => Buffer.concat([b, Buffer.of(0)])],
  ['with one bit turned', b => (b[b.length >> 1] ^= 1, b)],
  ['of nothing but zeros', b => Buffer.alloc(b.length)],
  ['over two kilobytes', b => Buffer.alloc(2049, b)]
]) {
  await refused(`a certificate ${name}`, /unknown|untrusted|other-holder/,
    async () => {
      const somebody = holder()
      const mine = await cards.card(somebody.holder.number)
      const evidence = await mine.tap(await challenge())
      evidence.certificate = spoil(Buffer.from(evidence.certificate,
        'base64')).toString('base64')
      return tapped(somebody, mine, { evidence })
    })
}

await refused('a card without a chip', /needs a card with a chip/,
  async () => {
    const somebody = person()
    return tapped(somebody, await cards.card(somebody.holder.number))
  }, 'channel-open')

await test('a QR token is still redeemed, and a tap gives none', async () => {
  const { reply } = await issue(okse, holder())
  assert.equal(reply.status, 201, reply.text)
  const r = await okse.post('/v1/qr-tokens', { programme: 'resident-id',
    purpose: 'first-issue', holder: holder().holder,
    evidence: { kind: 'ic-card', centre: '1111051500' } })
  assert.equal(r.status, 403, r.text)
  assert.deepEqual(failedRules(r), ['channel-open'])
})

await test('the log says that a card was tapped, and not whose', async () => {
  const show = () => okse.okse(['audit', 'show', '--event', 'decision',
    okse.path('log')])
  // published a moment after it was decided
  const out = await until(async () => (await show()).stdout,
    text => /"evidence":"ic-card"/.test(text), 'published')
  assert.ok(!out.includes(who.holder.number))
})

await test('the log verifies', async () => {
  const r = await okse.okse(['audit', 'verify', okse.path('log')])
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

await okse.stop()
done()

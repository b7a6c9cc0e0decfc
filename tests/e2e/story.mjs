// The main job from end to end, checked by software not written here: a
// visit, a QR token, a phone, a credential, a new phone, the log.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import {
  test, done, startInstance, person, issue, failedRules, Wallet,
  qrTokenBody, run, nextSecond
} from './lib/instance.mjs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'
import { verifyQrToken } from '../strangers/qr.mjs'

const okse = await startInstance()
const who = person({ age: 17 })
const ca = okse.read('ca', 'iaca.pem')
let first

await test('a centre gets a QR token for a holder of seventeen', async () => {
  const r = await okse.post('/v1/qr-tokens',
    qrTokenBody(who, { pictures: true }))
  assert.equal(r.status, 201, r.text)
  assert.match(r.json.qr_token, /^OKSE1:/)
  assert.equal(r.json.decision.outcome, 'allow')
  assert.ok(Date.parse(r.json.expires_at) - Date.now() <= 180e3)
  await verifyQrToken(r.json.qr_token, okse.read('ca', 'qr-signer.pem'))
  const png = okse.path('qr.png')
  writeFileSync(png, Buffer.from(r.json.png, 'base64'))
  const read = await run('zbarimg', ['--quiet', '--raw', png])
  assert.equal(read.stdout.trim(), r.json.qr_token)
  assert.match(Buffer.from(r.json.svg, 'base64').toString(), /^<svg|^<\?xml/)
})

await test('the phone gets a credential bound to its key', async () => {
  first = await issue(okse, who)
  assert.equal(first.reply.status, 201, first.reply.text)
  const [c] = first.reply.json.credentials
  assert.equal(c.format, 'dc+sd-jwt')
  const v = await verifySdJwt(c.credential, ca)
  assert.deepEqual(v.payload.cnf.jwk.x, first.wallet.jwk.x)
  assert.equal(v.claims.family_name, '홍')
  assert.equal(v.claims.birth_date, who.holder.birth_date)
})

await test('its certificate chains to the ceremony\'s CA, says openssl',
  async () => {
    const r = await run('openssl', ['verify', '-x509_strict', '-CAfile',
      okse.path('ca', 'iaca.pem'), okse.path('ca', 'document-signer.pem')])
    assert.equal(r.status, 0, r.stderr)
  })

await test('the same QR token is not redeemed twice', async () => {
  const wallet = await Wallet.create()
  const r = await okse.post('/v1/credentials', {
    programme: 'resident-id', purpose: 'first-issue', holder: who.holder,
    evidence: {
      kind: 'qr-token', qr_token: first.qr_token, centre: '1111051500'
    },
    device: await wallet.device(okse), formats: ['dc+sd-jwt'],
    claims: who.claims
  })
  assert.equal(r.status, 403, r.text)
  assert.ok(failedRules(r).includes('evidence-valid'), r.text)
})

await test('a second phone is refused', async () => {
  const { reply } = await issue(okse, who)
  assert.equal(reply.status, 403, reply.text)
  assert.ok(failedRules(reply).includes('one-device'), reply.text)
})

await test('a new phone replaces the old one after a new visit', async () => {
  await nextSecond()	// the visit is later than the last issue
  const { reply, wallet } = await issue(okse, who,
    { changes: { purpose: 'reissue', reason: 'device-replaced' } })
  assert.equal(reply.status, 201, reply.text)
  const v = await verifySdJwt(reply.json.credentials[0].credential, ca)
  assert.equal(v.payload.cnf.jwk.x, wallet.jwk.x)
})

await test('every decision is in the log, which verifies', async () => {
  await okse.published()
  const r = await okse.okse(['audit', 'verify', '--key',
    okse.path('log', 'log.vkey'), okse.path('log')])
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

await test('the credential is traced to its entry and its CA', async () => {
  const r = await okse.okse(['audit', 'trace', '--log', okse.path('log'),
    '--ca', okse.path('ca')],
  { input: first.reply.json.credentials[0].credential })
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout,
    new RegExp(`entry ${first.reply.json.log.index} allowed`))
})

await test('and on to the ceremony that made the keys', async () => {
  const trace = (...more) => okse.okse(['audit', 'trace', '--log',
    okse.path('log'), '--ca', okse.path('ca'), ...more],
  { input: first.reply.json.credentials[0].credential })
  const r = await trace('--ceremony', okse.path())
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /ceremony +made the signer/)
  // a transcript with one character changed is not the log's
  const transcript = okse.path('ceremony', 'transcript.log')
  const before = readFileSync(transcript, 'utf8')
  writeFileSync(transcript, before.replace('|CLOSE|', '|CLOSF|'))
  const bad = await trace('--ceremony', okse.path())
  writeFileSync(transcript, before)
  assert.equal(bad.status, 1, bad.stdout)
})

await test('the QR token is traced, too', async () => {
  const r = await okse.okse(['audit', 'trace', '--log', okse.path('log'),
    '--ca', okse.path('ca')], { input: first.qr_token })
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

await test('a credential nobody logged is not traced', async () => {
  const c = first.reply.json.credentials[0].credential
  const r = await okse.okse(['audit', 'trace', '--log', okse.path('log'),
    '--ca', okse.path('ca')], { input: c.replace(/\.[^.~]{4}/, '.AAAA') })
  assert.equal(r.status, 1, r.stdout)
})

await test('it stops when told to', async () => {
  assert.equal(await okse.stop(), 0)
})

done()

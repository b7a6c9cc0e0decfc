// Keys in an instance: two document signers of which one follows the other,
// who signs what, and what the issuer says of its keys and of itself.

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { appendFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { compactVerify, decodeJwt, decodeProtectedHeader, importX509 }
  from 'jose'
import {
  test, done, Instance, temporary, issue, person, configs, until
} from './lib/instance.mjs'

// a ceremony that makes a second document signer, begun two days before
const okse = new Instance(temporary())
const own = okse.path('configs')
cpSync(configs, own, { recursive: true })
const script = path.join(own, 'ceremony', 'rehearsal.yaml')
const begun = new Date(Date.now() - 2 * 86400e3).toISOString().slice(0, 10)
{
  let text = readFileSync(script, 'utf8')
  text = text.replace(/^( {2}- \{ label: document, .*)$/m,
    '$1\n  - { label: document-2, type: p256 }')
  const block = /( {2}- name: document-signer\n(?: {4}.*\n)+)/.exec(text)[1]
  text = text.replace(block, block + '\n' + block
    .replace('name: document-signer', 'name: document-signer-2')
    .replace('key: document', 'key: document-2')
    .replace('    days: 457', `    not-before: ${begun}T00:00:00Z\n` +
      '    days: 457'))
  text = text.replace(/( {2}- \{ step: generate-key, key: document \}\n)/,
    '$1  - { step: generate-key, key: document-2 }\n')
  text = text.replace(
    /( {2}- \{ step: certify, certificate: document-signer \}\n)/,
    '$1  - { step: certify, certificate: document-signer-2 }\n')
  // the CA must be as old as what it certifies
  text = text.replace('    days: 3285',
    `    not-before: ${begun}T00:00:00Z\n    days: 3285`)
  writeFileSync(script, text)
}
await okse.start({ env: { OKSE_CONFIGS: own } })
const certificate = name => new X509Certificate(okse.read('ca', name))
const today = certificate('document-signer.pem')
const older = certificate('document-signer-2.pem')

const signerOf = reply => new X509Certificate(Buffer.from(
  decodeProtectedHeader(reply.json.credentials[0].credential.split('~')[0])
    .x5c[0], 'base64'))
const signedBy = async (programme = 'resident-id', changes = {}) => {
  const { reply } = await issue(okse, person(), {
    changes: { programme, ...changes }
  })
  assert.equal(reply.status, 201, reply.text)
  return signerOf(reply).fingerprint256
}

// its entry in okse.yaml, before all others
const key2 = more => {
  const made = okse.read('ceremony', 'transcript.log').split('\n')
    .find(l => /\|KEYGEN\|.*label=document-2 /.test(l))
  return 'keys:\n  - use: document\n    label: document-2\n' +
    `    id: "${/ id=([0-9a-f]+)|\|id=([0-9a-f]+)/.exec(made)
      .slice(1).find(Boolean)}"\n` +
    `    certificate: ${okse.path('ca', 'document-signer-2.pem')}\n` +
    `    public-key: ${okse.path('ca', 'keys', 'document-2.pub.pem')}\n` +
    more
}

await test('one signer signs all', async () => {
  assert.equal(await signedBy(), today.fingerprint256)
})

await test('of two, the newest that has waited its lead signs', async () => {
  await okse.stop()
  const config = okse.read('okse.yaml')
  writeFileSync(okse.path('okse.yaml'), config.replace('keys:\n', key2('')))
  await okse.start()
  // today's is not a day old: P1D is the lead
  assert.equal(await signedBy(), older.fingerprint256)
  await okse.stop()
  appendFileSync(okse.path('okse.yaml'), 'signer-lead: PT0S\n')
  await okse.start()
  assert.equal(await signedBy(), today.fingerprint256)
})

await test('both are among the keys, and those of every use', async () => {
  const r = await okse.get('/v1/keys')
  assert.equal(r.status, 200)
  assert.equal(r.headers['content-type'], 'application/jwk-set+json')
  const given = r.json.keys.map(k => new X509Certificate(
    Buffer.from(k.x5c[0], 'base64')).fingerprint256)
  for (const name of ['document-signer', 'document-signer-2', 'qr-signer',
    'status-signer', 'metadata-signer'])
    assert.ok(given.includes(certificate(name + '.pem').fingerprint256), name)
  assert.equal(given.length, 5)
})

await test('jwt-vc-issuer names the issuer and the keys of credentials',
  async () => {
    const { json } = await okse.get('/.well-known/jwt-vc-issuer')
    assert.equal(json.issuer, 'https://okse.example')
    assert.deepEqual(json.jwks.keys.map(k => new X509Certificate(
      Buffer.from(k.x5c[0], 'base64')).fingerprint256).sort(),
    [today.fingerprint256, older.fingerprint256].sort())
  })

// ---- metadata

const WELL_KNOWN = '/.well-known/openid-credential-issuer'
async function metadata (accept) {
  return until(() => okse.get(WELL_KNOWN, accept && { accept }),
    r => r.status === 200, 'metadata')
}

await test('metadata is signed by its own key, under the CA', async () => {
  const r = await metadata('application/jwt')
  assert.equal(r.headers['content-type'], 'application/jwt')
  const header = decodeProtectedHeader(r.text)
  assert.equal(header.typ, 'openidvci-issuer-metadata+jwt')
  assert.equal(header.alg, 'ES256')
  const leaf = new X509Certificate(Buffer.from(header.x5c[0], 'base64'))
  assert.equal(leaf.fingerprint256,
    certificate('metadata-signer.pem').fingerprint256)
  const ca = certificate('iaca.pem')
  assert.ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey))
  await compactVerify(r.text, await importX509(leaf.toString(), 'ES256'))
  const claims = decodeJwt(r.text)
  assert.equal(claims.sub, 'https://okse.example')
  assert.equal(claims.sub, claims.credential_issuer)
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 60)
  assert.equal(claims.exp - claims.iat, 7 * 86400)
})

await test('unsigned it says the same, with the signed one in it',
  async () => {
    const { json, headers } = await metadata()
    assert.match(headers['content-type'], /^application\/json/)
    const { signed_metadata, ...rest } = json
    const { sub, iat, exp, ...claims } = decodeJwt(signed_metadata)
    assert.deepEqual(rest, claims)
    assert.equal((await metadata('application/json, application/jwt;q=0.5'))
      .headers['content-type'], headers['content-type'])
  })

await test('it offers every programme in its formats, in two languages',
  async () => {
    const { json } = await metadata()
    const all = json.credential_configurations_supported
    const licence = all['driver-licence:mso_mdoc']
    assert.equal(licence.format, 'mso_mdoc')
    assert.equal(licence.doctype, 'org.iso.18013.5.1.mDL')
    assert.deepEqual(licence.cryptographic_binding_methods_supported,
      ['cose_key'])
    assert.deepEqual(licence.credential_signing_alg_values_supported, [-7])
    const resident = all['resident-id:dc+sd-jwt']
    assert.equal(resident.vct, 'urn:okse:resident-id:1')
    assert.deepEqual(resident.proof_types_supported, {
      jwt: { proof_signing_alg_values_supported: ['ES256'] }
    })
    const of = (c, name) => c.credential_metadata.claims
      .find(x => x.path.at(-1) === name)
    assert.deepEqual(of(resident, 'birth_date').path, ['birth_date'])
    assert.deepEqual(of(licence, 'birth_date').path,
      ['org.iso.18013.5.1', 'birth_date'])
    assert.equal(of(licence, 'portrait').mandatory, true)
    assert.equal(of(resident, 'portrait'), undefined)
    for (const c of Object.values(all)) {
      const { display, claims } = c.credential_metadata
      assert.deepEqual(display.map(d => d.locale).sort(), ['en', 'ko'])
      for (const claim of claims) {
        const texts = Object.fromEntries(claim.display
          .map(d => [d.locale, d.name]))
        assert.match(texts.ko, /[가-힣]/, claim.path.join())
        assert.match(texts.en, /^[A-Z]/, claim.path.join())
      }
    }
    assert.equal(new Set(Object.keys(all).map(k => k.split(':')[0])).size, 4)
  })

await test('its signature stands in the log, done', async () => {
  const show = async event => (await okse.okse(['audit', 'show', '--event',
    event, okse.path('log')])).stdout.trim().split('\n').filter(Boolean)
    .map(l => JSON.parse(l))
  const [{ seq }] = await until(() => show('metadata'), all => all.length > 0,
    'published')
  await until(() => show('done'), all => all.some(e => e.of.includes(seq)),
    `an outcome of ${seq}`)
  const r = await okse.okse(['audit', 'verify', '--json',
    okse.path('log')])
  assert.equal(r.status, 0, r.stderr)
})

await test('sealed, what was signed is still given', async () => {
  await okse.okse(['seal'])
  const { status } = await okse.get(WELL_KNOWN)
  assert.equal(status, 200)
})

// ---- who serves what

await test('keys divide programmes and formats among them', async () => {
  await okse.stop()
  const config = okse.read('okse.yaml')
  writeFileSync(okse.path('okse.yaml'), config.replace(key2(''),
    key2('    programmes: [veteran-id]\n    formats: [dc+sd-jwt]\n'))
    .replace('signer-lead: PT0S', 'signer-lead: P1D'))
  await okse.start()
  assert.equal(await signedBy('resident-id'), today.fingerprint256)
})

await test('a certificate of another key stops the start, told so',
  async () => {
    await okse.stop()
    okse.edit('okse.yaml', 'ca/document-signer-2.pem', 'ca/qr-signer.pem')
    await okse.start({ ready: false })
    await until(() => okse.errors.slice(-2000), text =>
      /qr-signer.pem is not the certificate of/.test(text), 'told')
    await okse.stop('SIGKILL')
  })

done()

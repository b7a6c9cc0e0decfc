// Proofs as wallets make them, and key attestations: a wallet's provider says
// how well a phone keeps its keys, and a programme may ask for that.

import assert from 'node:assert/strict'
import { randomUUID, X509Certificate } from 'node:crypto'
import {
  appendFileSync, cpSync, readFileSync, rmSync, writeFileSync
} from 'node:fs'
import path from 'node:path'
import { importPKCS8, SignJWT } from 'jose'
import {
  test, done, startInstance, person, Wallet, qrTokenBody, credentialBody, run,
  configs, failedRules
} from './lib/instance.mjs'

const okse = await startInstance()
const at = (...names) => okse.path('wallet', ...names)

// the reference policy, but veterans' keys must be kept well
const policies = okse.path('configs')
cpSync(configs, policies, { recursive: true })
const file = path.join(policies, 'policy', 'veteran-id.yaml')
writeFileSync(file, readFileSync(file, 'utf8').replace('  device-proof:',
  '  device-attestation:\n    kind: device-attestation\n' +
  '    operations: [credential]\n' +
  '    key-storage: iso_18045_moderate\n  device-proof:'))
rmSync(path.join(policies, 'policy', 'veteran-id_test.yaml'))

const openssl = async (...args) => {
  const r = await run('openssl', args, { cwd: okse.path() })
  assert.equal(r.status, 0, r.stderr)
}

async function makeProvider (name) {
  const file = x => path.join('wallet', `${name}${x}`)
  const key = x => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
    '-nodes', '-keyout', file(x), '-days', '30']
  await openssl('req', '-x509', ...key('-ca.key'), '-out', file('-ca.pem'),
    '-subj', '/CN=Wallet CA', '-addext', 'basicConstraints=critical,CA:TRUE',
    '-addext', 'keyUsage=critical,keyCertSign')
  await openssl('req', '-new', ...key('.key').slice(0, -2), '-out',
    file('.csr'), '-subj', '/CN=Wallet provider')
  writeFileSync(at(`${name}.ext`), 'keyUsage=critical,digitalSignature\n' +
    'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n')
  await openssl('x509', '-req', '-in', file('.csr'), '-CA', file('-ca.pem'),
    '-CAkey', file('-ca.key'), '-days', '30', '-extfile', file('.ext'),
    '-out', file('.pem'))
  const x5c = [new X509Certificate(readFileSync(at(`${name}.pem`)))
    .raw.toString('base64')]
  const private_key = await importPKCS8(
    readFileSync(at(`${name}.key`), 'utf8'), 'ES256')
  return (wallets, { header = { x5c }, ...claims } = {}) => new SignJWT({
    attested_keys: wallets.map(w => w.jwk),
    key_storage: ['iso_18045_high'],
    user_authentication: ['iso_18045_moderate'], ...claims
  }).setProtectedHeader({
    alg: 'ES256', typ: 'key-attestation+jwt', ...header
  }).setIssuedAt(claims.iat).sign(private_key)
}

let attest, other

await test('an instance with an attester starts', async () => {
  await openssl('version')
  const { mkdirSync } = await import('node:fs')
  mkdirSync(at())
  attest = await makeProvider('provider')
  other = await makeProvider('other')
  await openssl('pkey', '-in', 'wallet/provider.key', '-pubout', '-out',
    'wallet/provider.pub')
  await okse.stop()
  appendFileSync(okse.path('okse.yaml'), 'attesters:\n' +
    `  - certificate: ${at('provider-ca.pem')}\n` +
    `  - { kid: wallet-2026, public-key: ${at('provider.pub')} }\n`)
  await okse.start()
})

const challenge = async () => (await okse.post('/v1/challenges')).json

/** A visit, then a credential for this device; changes beside the body's. */
async function ask (device, changes = {}) {
  const who = person()
  const visit = await okse.post('/v1/qr-tokens', qrTokenBody(who))
  assert.equal(visit.status, 201, visit.text)
  return okse.post('/v1/credentials', credentialBody(who,
    visit.json.qr_token, { id: 'phone-' + randomUUID(), ...device },
    changes))
}

// ---- proofs

const custom = (w, c, claims, header = {}) => new SignJWT({
  nonce: c.nonce, aud: c.audience, iat: Math.floor(Date.now() / 1000),
  ...claims
}).setProtectedHeader({
  alg: 'ES256', typ: 'openid4vci-proof+jwt', jwk: w.jwk, ...header
}).sign(w.privateKey)

await test('iss, jti, nbf, exp and what nobody knows are no obstacle',
  async () => {
    const w = await Wallet.create()
    const now = Math.floor(Date.now() / 1000)
    const r = await ask({
      proofs: [await custom(w, await challenge(), {
        iss: 'wallet', jti: randomUUID(), nbf: now - 5, exp: now + 60,
        wallet_version: { major: 7 }
      })]
    })
    assert.equal(r.status, 201, r.text)
  })

await test('a proof is not good after its exp, nor before its nbf',
  async () => {
    const now = Math.floor(Date.now() / 1000)
    for (const times of [{ exp: now - 1 }, { nbf: now + 3600 }]) {
      const w = await Wallet.create()
      const r = await ask({
        proofs: [await custom(w, await challenge(), times)]
      })
      assert.equal(r.status, 403, r.text)
      assert.deepEqual(failedRules(r), ['device-proof'])
    }
  })

await test('a private key, kid, x5c or crit in a proof is 400', async () => {
  const w = await Wallet.create()
  const c = await challenge()
  for (const header of [{ jwk: { ...w.jwk, d: w.jwk.x } }, { kid: 'k' },
    { x5c: ['MIIB'] }]) {
    const r = await ask({ proofs: [await custom(w, c, {}, header)] })
    assert.equal(r.status, 400, r.text)
    assert.equal(r.json.pointer, '/device/proofs/0')
  }
})

await test('two proofs of one key are 400', async () => {
  const w = await Wallet.create()
  const c = await challenge()
  const r = await ask({ proofs: [await w.proof(c), await w.proof(c)] })
  assert.equal(r.status, 400, r.text)
  assert.equal(r.json.pointer, '/device/proofs/1')
})

// ---- attestations

const phones = n => Promise.all(Array.from({ length: n }, Wallet.create))

await test('beside proofs, and for all of their keys', async () => {
  const [a, b, c] = await phones(3)
  const nonce = await challenge()
  const proofs = [await a.proof(nonce), await b.proof(nonce)]
  const good = await ask({ proofs, attestation: await attest([a, b, c]) })
  assert.equal(good.status, 201, good.text)
  assert.equal(good.json.credentials.length, 2)
  const fresh = await challenge()
  const bad = await ask({
    proofs: [await a.proof(fresh), await b.proof(fresh)],
    attestation: await attest([a, c])
  })
  assert.equal(bad.status, 400)
  assert.equal(bad.json.pointer, '/device/proofs/1')
})

await test('alone, with our nonce: one credential a key and format',
  async () => {
    const keys = await phones(10)
    const { nonce } = await challenge()
    const r = await ask({ attestation: await attest(keys, { nonce }) },
      { formats: ['dc+sd-jwt', 'vc+jwt'] })
    assert.equal(r.status, 201, r.text)
    assert.equal(r.json.credentials.length, 20)
    assert.equal(new Set(r.json.credentials.map(c => c.key)).size, 10)
    const again = await ask({ attestation: await attest(keys, { nonce }) })
    assert.equal(again.status, 403, again.text)
    assert.deepEqual(failedRules(again), ['device-proof'])
  })

await test('alone without a nonce, or with another, it proves nothing',
  async () => {
    const keys = await phones(1)
    const none = await ask({ attestation: await attest(keys) })
    assert.equal(none.status, 400, none.text)
    assert.equal(none.json.pointer, '/device/attestation')
    const wrong = await ask({
      attestation: await attest(keys, { nonce: 'AAAA' })
    })
    assert.equal(wrong.status, 403, wrong.text)
    const neither = await ask({})
    assert.equal(neither.status, 400)
    assert.equal(neither.json.pointer, '/device/proofs')
  })

await test('by the kid of a configured key', async () => {
  const keys = await phones(1)
  const { nonce } = await challenge()
  const by = kid => attest(keys, { nonce, header: { kid } })
  assert.equal((await ask({ attestation: await by('wallet-2027') })).status,
    422)
  assert.equal((await ask({ attestation: await by('wallet-2026') })).status,
    201)
})

await test('a stranger attests nothing', async () => {
  const keys = await phones(1)
  const { nonce } = await challenge()
  const r = await ask({ attestation: await other(keys, { nonce }) })
  assert.equal(r.status, 422, r.text)
  assert.equal(r.json.pointer, '/device/attestation')
})

await test('an attestation that has ended is refused by the policy',
  async () => {
    const [w] = await phones(1)
    const now = Math.floor(Date.now() / 1000)
    const r = await ask({
      proofs: [await w.proof(await challenge())],
      attestation: await attest([w], { iat: now - 100, exp: now - 1 })
    })
    assert.equal(r.status, 403, r.text)
    assert.deepEqual(failedRules(r), ['device-proof'])
  })

// ---- what a programme asks for

await test('a policy may ask how well keys are kept', async () => {
  const who = person()
  const cases = [
    [{ key_storage: 'iso_18045_high' }, 'pass'],
    [{ key_storage: 'iso_18045_enhanced-basic' }, 'fail'], [{}, 'fail']
  ]
  const input = cases.map(([facts]) => JSON.stringify({
    operation: 'credential', programme: 'veteran-id',
    purpose: 'first-issue', holder: who.holder,
    evidence: { kind: 'qr-token', centre: '1111051500' },
    device: { id: 'phone', proofs: ['x'] }, formats: ['dc+sd-jwt'],
    now: new Date().toISOString().replace(/\.\d+/, ''), facts
  })).join('\n')
  const r = await okse.okse(['policy', 'explain', '--policy',
    path.join(policies, 'policy')], { input })
  assert.equal(r.status, 0, r.stderr)
  const outcomes = r.stdout.trim().split('\n').map(l => JSON.parse(l).rules
    .find(x => x.id === 'device-attestation').outcome)
  assert.deepEqual(outcomes, cases.map(c => c[1]))
})

await okse.stop()
done()

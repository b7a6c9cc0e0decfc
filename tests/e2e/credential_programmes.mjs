// Every programme in every format it offers: made by the policy in
// configs/policy with software keys (tests/tool/make_credentials.c), shown by
// wallets and judged by verifiers that were not written here. And the
// mistakes that other issuers have shipped.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { test, done, remove, run, okse, build, configs, top }
  from './lib/instance.mjs'
import { claims, formats, request } from '../strangers/claims.mjs'
import { verifyCwtQr } from '../strangers/cwt_qr.mjs'
import { presentMdoc, readMdoc, verifyMdoc, verifyPresentedMdoc }
  from '../strangers/mdoc.mjs'
import { signerOfProof, verifyOpenDid } from '../strangers/opendid.mjs'
import { presentSdJwt, verifyPresentedSdJwt, verifySdJwt }
  from '../strangers/sdjwt.mjs'
import { verifyVcJwt } from '../strangers/vc_jwt.mjs'
import { makeProof } from '../strangers/wallet.mjs'

const AUDIENCE = 'https://id.example.kr'
const MDL = 'org.iso.18013.5.1'
const tool = path.join(build, 'tool/make_credentials')
const dir = mkdtempSync(path.join(tmpdir(), 'okse-programmes-'))
process.on('exit', () => remove(dir))

// ---- two keys of one phone

const keys = await Promise.all([0, 1].map(() =>
  generateKeyPair('ES256', { extractable: true })))
const wallets = await Promise.all(keys.map(k => makeProof(AUDIENCE, 'n', k)))
const proofs = wallets.map(w => w.proof)

async function make (programme, changes = {}) {
  const file = path.join(dir, `${programme}.json`)
  writeFileSync(file, JSON.stringify(
    { ...request(programme, proofs), ...changes }))
  return run(tool, [dir, path.join(configs, 'policy'), file])
}

const read = name => readFileSync(path.join(dir, name), 'utf8')
const rejected = (promise, what) =>
  assert.rejects(promise, undefined, what)
const flip = c => c === 'A' ? 'Q' : 'A'

/** Every changed character, or about 200 of them, must be noticed. */
async function everyChangeIsNoticed (text, verify, skip = '') {
  const step = Math.ceil(text.length / 200)
  await verify(text)
  for (let i = 0; i < text.length; i += step)
    if (!skip.includes(text[i]))
      await rejected((async () =>
        verify(text.slice(0, i) + flip(text[i]) + text.slice(i + 1)))(),
      `character ${i}`)
}

for (const programme of Object.keys(formats))
  await test(`${programme} is made in ${formats[programme].join(', ')}`,
    async () => {
      const r = await make(programme)
      assert.equal(r.status, 0, r.stderr)
      const file = readFileSync(
        path.join(configs, 'policy', `${programme}.yaml`), 'utf8')
      assert.deepEqual(file.match(/^formats: \[(.*)\]/m)[1].split(', '),
        formats[programme])
    })

// The CA is made anew with each call: one call for all that follows.
const files = Object.keys(formats).map(p => path.join(dir, `${p}.json`))
assert.equal((await run(tool, [dir, path.join(configs, 'policy'), ...files]))
  .status, 0)
const ca = read('ca.pem')

/** What the claims of a programme are in its mdoc, by element. */
const elements = (programme, changes) => {
  const { address, portrait, driving_privileges: privileges, ...rest } =
    claims[programme]
  return { ...rest, issuing_country: 'KR', ...changes }
}

const plain = value => value instanceof Map
  ? Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]))
  : value instanceof Date || value?.constructor?.name === 'DateOnly'
    ? value.toISOString().replace(/T00:00:00(\.000)?Z$/, '')
    : Array.isArray(value) ? value.map(plain) : value

// ---- mdoc

for (const [programme, doctype, namespace] of [
  ['resident-id', 'kr.okse.resident-id.1', 'kr.okse.resident-id.1'],
  ['driver-licence', `${MDL}.mDL`, MDL],
  ['public-official-id', 'kr.okse.public-official-id.1',
    'kr.okse.public-official-id.1'],
  ['veteran-id', 'kr.okse.veteran-id.1', 'kr.okse.veteran-id.1']
]) {
  const text = read(`${programme}.mso_mdoc.0`)

  await test(`@owf/mdoc verifies the mdoc of ${programme}`, async () => {
    const stated = (await verifyMdoc(text, ca))[namespace]
    const { mso } = readMdoc(text)

    assert.equal(mso.get('docType'), doctype)
    const wanted = programme === 'driver-licence'
      ? {
          family_name: 'HONG',
          given_name: 'GIL DONG',
          family_name_national_character: '홍',
          given_name_national_character: '길동',
          birth_date: '1990-05-15',
          issue_date: '2015-06-01',
          expiry_date: '2035-05-31',
          document_number: '11-15-123456-78',
          issuing_country: 'KR',
          issuing_authority: 'Korean National Police Agency',
          un_distinguishing_sign: 'ROK',
          age_over_18: true,
          age_over_65: false
        }
      : elements(programme)
    for (const [name, value] of Object.entries(wanted))
      assert.deepEqual(plain(stated[name]), value, name)
  })

  await test(`the mdoc of ${programme} makes nobody's mistakes`, () => {
    const { mso, items, certificate } = readMdoc(text)
    const signed = readFileSync(
      path.join(dir, `${programme}.mso_mdoc.0.tbs`)).toString('latin1')
    const ids = items[namespace].map(i => i.digestID)

    // times: tag 0, no fraction, no offset; all three of them
    assert.equal(signed.match(
      /\xc0\x74\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g).length, 3)
    assert.equal(signed.match(/\d\dT\d\d:/g).length, 3)
    assert.ok(certificate instanceof Uint8Array, 'one certificate: a bstr')
    assert.equal(new Set(ids).size, ids.length, 'a digest id twice')
    assert.equal(mso.get('valueDigests').get(namespace).size, ids.length)
    for (const i of items[namespace]) {
      assert.equal(i.tag, 24)
      assert.ok(i.random.length >= 16)
    }
    const { signed: at, validFrom, validUntil } =
      Object.fromEntries(mso.get('validityInfo'))
    assert.ok(at <= validFrom && validFrom < validUntil)
  })

  await test(`@auth0/mdl shows a part of the mdoc of ${programme}`,
    async () => {
      const response = await presentMdoc(text, doctype,
        await exportJWK(keys[0].privateKey),
        [[namespace, 'family_name'], [namespace, 'birth_date']])
      const shown = await verifyPresentedMdoc(response, ca)

      assert.deepEqual(Object.keys(shown), [namespace])
      assert.deepEqual(Object.keys(shown[namespace]).sort(),
        ['birth_date', 'family_name'])
      for (const hidden of ['길동', 'GIL DONG', claims[programme].portrait])
        if (hidden)
          assert.ok(!Buffer.from(response).includes(hidden))
    })

  await test(`another phone cannot show the mdoc of ${programme}`,
    async () => {
      const response = await presentMdoc(text, doctype,
        await exportJWK(keys[1].privateKey), [[namespace, 'family_name']])
      await rejected(verifyPresentedMdoc(response, ca))
    })
}

/**
 * @owf/mdoc encodes dates anew before it hashes them, and @peculiar/x509 reads
 * DER loosely: what they let pass, our own command must refuse.
 */
async function verifyMdocTwice (text) {
  await verifyMdoc(text, ca)
  const r = await okse(['credential', 'verify', '--ca',
    path.join(dir, 'ca.pem')], { input: text })
  assert.equal(r.status, 0, r.stderr)
}

await test('every changed byte of an mdoc is rejected', () =>
  everyChangeIsNoticed(read('driver-licence.mso_mdoc.0'), verifyMdocTwice))

await test('an mdoc is rejected under another CA and out of time', async () => {
  const text = read('resident-id.mso_mdoc.0')
  const later = new Date(Date.now() + 91 * 86400e3)
  await rejected(verifyMdoc(text, ca, later))
  await rejected(verifyMdoc(text, readFileSync(
    path.join(top, 'tests/data/other_ca.pem'), 'utf8')))
})

await test('an mDL has its elements in their types', () => {
  const { items } = readMdoc(read('driver-licence.mso_mdoc.0'))
  const bytes = Buffer.from(read('driver-licence.mso_mdoc.0'), 'base64url')
    .toString('latin1')
  const of = name => items[MDL].find(i => i.elementIdentifier === name)
    .elementValue

  assert.equal(Buffer.from(of('portrait')).toString('base64'),
    claims['driver-licence'].portrait)
  // full-date: tag 1004 of a text of ten characters
  for (const name of ['birth_date', 'issue_date', 'expiry_date'])
    assert.match(bytes, new RegExp(
      `elementValue\xd9\x03\xecj\\d{4}-\\d\\d-\\d\\dqelementIdentifier.${name}`))
  assert.match(bytes, /elementValue\xc0t2025-03-01T09:30:00Z/)
  assert.deepEqual(plain(of('driving_privileges')),
    claims['driver-licence'].driving_privileges)
})

// ---- SD-JWT VC

for (const programme of Object.keys(formats))
  await test(`@sd-jwt/sd-jwt-vc verifies the SD-JWT VC of ${programme}`,
    async () => {
      const { claims: stated, payload } =
        await verifySdJwt(read(`${programme}.dc+sd-jwt.0`), ca)
      const { address, duties } = claims[programme]

      for (const [name, value] of Object.entries(
        elements(programme, { address, duties })))
        if (!/_latin|portrait/.test(name))
          assert.deepEqual(stated[name], value, name)
      assert.ok(!('portrait' in stated) && !('status' in payload))
      assert.deepEqual(payload.cnf.jwk, wallets[0].jwk)
      for (const name of ['iss', 'nbf', 'exp', 'cnf', 'vct'])
        assert.ok(name in payload, `${name} must not be disclosed apart`)
    })

await test('a wallet shows one member of the address and nothing else',
  async () => {
    const at = { nonce: 'n-1', aud: 'https://verifier.example' }
    const text = await presentSdJwt(read('resident-id.dc+sd-jwt.0'),
      keys[0].privateKey, { address: { region: true }, age_over_19: true }, at)
    const shown = await verifyPresentedSdJwt(text, ca, at)

    assert.deepEqual(shown.address, { region: '세종특별자치시' })
    assert.equal(shown.age_over_19, true)
    assert.equal(shown.issuing_authority, '세종특별자치시장')
    for (const hidden of
      ['family_name', 'given_name', 'birth_date', 'sex', 'age_over_65'])
      assert.ok(!(hidden in shown), hidden)
    await rejected(verifyPresentedSdJwt(text, ca, { ...at, nonce: 'n-2' }))
  })

await test('a wallet shows one element of a list', async () => {
  const at = { nonce: 'n-1', aud: 'https://verifier.example' }
  const text = await presentSdJwt(read('public-official-id.dc+sd-jwt.0'),
    keys[0].privateKey, { duties: { 1: true } }, at)
  assert.deepEqual((await verifyPresentedSdJwt(text, ca, at)).duties,
    ['개인정보 보호'])
})

await test('another phone cannot show an SD-JWT VC', async () => {
  const at = { nonce: 'n-1', aud: 'https://verifier.example' }
  const text = await presentSdJwt(read('resident-id.dc+sd-jwt.0'),
    keys[1].privateKey, { family_name: true }, at)
  await rejected(verifyPresentedSdJwt(text, ca, at))
})

await test('every changed part of an SD-JWT VC is rejected', () =>
  everyChangeIsNoticed(read('resident-id.dc+sd-jwt.0'),
    text => verifySdJwt(text, ca), '.~'))

await test('decoys hide how much there is to know', () => {
  const [jws, ...disclosures] = read('veteran-id.dc+sd-jwt.0').split('~')
  assert.equal(decodeJwt(jws)._sd.length, disclosures.length - 1 + 4)
  const { _sd } = decodeJwt(jws)
  assert.deepEqual(_sd, [..._sd].sort((a, b) => Buffer.compare(
    Buffer.from(a, 'base64url'), Buffer.from(b, 'base64url'))))
})

// ---- vc+jwt

for (const programme of ['resident-id', 'driver-licence'])
  await test(`jose verifies the W3C credential of ${programme}`, async () => {
    const { credential } =
      await verifyVcJwt(read(`${programme}.vc+jwt.0`), ca)
    const { id, ...subject } = credential.credentialSubject

    assert.equal(credential.issuer, AUDIENCE)
    assert.deepEqual(JSON.parse(Buffer.from(
      id.slice('did:jwk:'.length), 'base64url')), wallets[0].jwk)
    assert.deepEqual(credential.cnf.jwk, wallets[0].jwk)
    for (const [name, value] of Object.entries(elements(programme)))
      if (!/_latin|_capture/.test(name))
        assert.deepEqual(subject[name], value, name)
  })

await test('every changed part of a W3C credential is rejected', () =>
  everyChangeIsNoticed(read('resident-id.vc+jwt.0'),
    text => verifyVcJwt(text, ca), '.'))

// ---- OpenDID

// from did-issuer-server of OmniOneID (Apache-2.0), decrypted
await test('the published sample of OpenDID recovers to one key', () => {
  const sample = readFileSync(
    path.join(top, 'tests/data/opendid_sample.json'), 'utf8')
  assert.equal(verifyOpenDid(sample).signer,
    '0271984fefe97ac92d9c204873144c3ac8b7bbba2181db8b92270e7d77d5b4873c')
})

for (const programme of ['resident-id', 'driver-licence'])
  await test(`@noble/curves finds our key in every proof of ${programme}`,
    async () => {
      const text = read(`${programme}.opendid-vc.0`)
      const { credential, signer } = verifyOpenDid(text)
      const { x5c } = JSON.parse(Buffer.from(
        read(`${programme}.dc+sd-jwt.0`).split('.')[0], 'base64url'))
      const { X509Certificate, createPublicKey } = await import('node:crypto')
      const { x, y } = createPublicKey(new X509Certificate(
        Buffer.from(x5c[0], 'base64')).publicKey
        .export({ type: 'spki', format: 'pem' })).export({ format: 'jwk' })
      const odd = Buffer.from(y, 'base64url').at(-1) & 1

      assert.equal(signer, (odd ? '03' : '02') +
        Buffer.from(x, 'base64url').toString('hex'))
      assert.equal(read(`${programme}.opendid-vc.0.tbs`),
        text.replace(/"proofValue":.*?\],/, ''))
      const stated = Object.fromEntries(credential.credentialSubject.claims
        .map(c => [c.code.split('.').at(-1), c.value]))
      assert.equal(stated.family_name, '홍')
      assert.equal(stated.birth_date, '1990-05-15')
      assert.ok(!('portrait' in stated) && !('address' in stated))
    })

await test('a claim of an OpenDID credential stands by itself', () => {
  const { credential } = verifyOpenDid(read('resident-id.opendid-vc.0'))
  const other = verifyOpenDid(read('driver-licence.opendid-vc.0'))
  const [, second] = credential.proof.proofValueList
  assert.notEqual(signerOfProof(second, read('resident-id.opendid-vc.0.tbs')),
    other.signer)
})

await test('every changed character of an OpenDID credential is rejected',
  async () => {
    const text = read('resident-id.opendid-vc.0')
    const { signer } = verifyOpenDid(text)
    await everyChangeIsNoticed(text, changed => {
      const found = verifyOpenDid(changed)
      assert.equal(found.signer, signer)
      assert.equal(changed.length, text.length)
    })
  })

// ---- the compact credential

const signer = readFileSync(path.join(dir, 'signer.der'))

await test('a reader without a network verifies the compact credential',
  async () => {
    const cwt = await verifyCwtQr(read('resident-id.cwt-qr.0'), signer, ca)
    assert.equal(cwt.get(1), AUDIENCE)
    assert.deepEqual([...cwt.get(169)], [
      [3, 'kor'], [5, '길동'], [7, '홍'], [8, '19900515'], [23, 'KR']])
  })

await test('every changed character of it is rejected', () => {
  const text = read('resident-id.cwt-qr.0')
  // but for the bits that fill up the last byte of what is packed
  return everyChangeIsNoticed(text.slice(0, -9),
    changed => verifyCwtQr(changed + text.slice(-9), signer, ca))
})

await test('its picture is below QR version 20 and zbarimg reads it',
  async () => {
    for (const key of [0, 1]) {
      const name = `resident-id.cwt-qr.${key}`
      const side = Number(read(`${name}.svg`).match(/viewBox="0 0 (\d+)/)[1])
      assert.ok((side - 8 - 17) / 4 < 20, `${side} modules`)
      const r = await run('zbarimg',
        ['--quiet', '--raw', path.join(dir, `${name}.png`)])
      assert.equal(r.stdout.replace(/\n$/, ''), read(name))
    }
  })

// ---- a batch: two keys of one phone

await test('members of a batch share nothing that links them', async () => {
  const salts = n => Object.values(
    readMdoc(read(`driver-licence.mso_mdoc.${n}`)).items)
    .flat().map(i => Buffer.from(i.random).toString('hex'))
  const both = [...salts(0), ...salts(1)]
  assert.equal(new Set(both).size, both.length)
  const disclosed = n =>
    read(`driver-licence.dc+sd-jwt.${n}`).split('~').slice(1, -1)
  assert.equal(new Set([...disclosed(0), ...disclosed(1)]).size,
    2 * disclosed(0).length)
  const { mso } = readMdoc(read('driver-licence.mso_mdoc.0'))
  for (const t of mso.get('validityInfo').values())
    assert.equal(t % 3600e3, 0, 'a time that is not coarse')
  const { iat, nbf, exp } = decodeJwt(read('driver-licence.dc+sd-jwt.0'))
  assert.deepEqual([iat % 3600, nbf % 3600, exp % 3600], [0, 0, 0])
})

await test('a status entry stands where each format has it', async () => {
  const uri = `${AUDIENCE}/v1/status-lists/1`
  const entry = { status_list: { idx: 4711, uri } }
  const name = format => `resident-id.${format}.1`
  assert.deepEqual(decodeJwt(read(name('dc+sd-jwt')).split('~')[0]).status,
    entry)
  assert.deepEqual(decodeJwt(read(name('vc+jwt'))).status, entry)
  assert.deepEqual(plain(readMdoc(read(name('mso_mdoc'))).mso.get('status')),
    entry)
  assert.deepEqual(plain((await verifyCwtQr(read(name('cwt-qr')), signer, ca))
    .get(65535)), entry)
  await verifyMdoc(read(name('mso_mdoc')), ca)
})

// ---- claims that are refused, with a pointer to them

const refusals = [
  ['/claims/family_name: not in Unicode', { family_name: '홍'.normalize('NFD') }],
  ['/claims/given_name: not in Unicode', { given_name: '길\u202e동' }],
  ['/claims/family_name: required and absent', { family_name: undefined }],
  ['/claims/family_name_latin: required', { family_name_latin: undefined }],
  ['/claims/given_name_latin: not of Latin', { given_name_latin: '길동' }],
  ['/claims/portrait: not a JPEG', { portrait: 'aGVsbG8h'.repeat(100) }],
  ['/claims/portrait: a portrait of more or fewer', { portrait: '/9j/2Q==' }],
  ['/claims/nickname: the schema has no such', { nickname: 'x' }],
  ['/claims/un_distinguishing_sign: not the value',
    { un_distinguishing_sign: 'USA' }],
  ['/claims/birth_date: disagrees', { birth_date: '1990-05-16' }],
  ['/claims/driving_privileges: not of the type',
    { driving_privileges: [{ vehicle_category_code: 'B', issue_date: 'x' }] }],
  ['/claims/portrait_capture_date: not of the type',
    { portrait_capture_date: '2025-03-01T09:30:00.5Z' }]
]

for (const [why, changes] of refusals)
  await test(`refused: ${why}`, async () => {
    const r = await make('driver-licence',
      { claims: { ...claims['driver-licence'], ...changes } })
    assert.equal(r.status, 1)
    assert.ok(r.stderr.includes(`claims-complete: ${why}`), r.stderr)
  })

await test('without an mdoc, its own claims may be left out', async () => {
  const { portrait, driving_privileges: p, family_name_latin: f,
    given_name_latin: g, ...rest } = claims['driver-licence']
  const r = await make('driver-licence',
    { formats: ['dc+sd-jwt'], claims: rest })
  assert.equal(r.status, 0, r.stderr)
})

done()

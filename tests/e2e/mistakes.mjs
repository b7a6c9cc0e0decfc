// Mistakes that other issuers have shipped, and where each has its test; those
// without another place are here. Documents are made with software keys by the
// policy in configs/policy (tests/tool/make_credentials.c).
//
//	what went wrong elsewhere                   its test
//	mdoc: times with fractions or an offset     credential_programmes.mjs,
//	  (eudi-srv-pid-issuer #538, #539,            "makes nobody's mistakes"
//	  inji-certify #1044, multipaz #730, …)
//	mdoc: dates without their tag               "an mDL has its elements"
//	mdoc: a digest id twice, short salts        "makes nobody's mistakes"
//	mdoc: signed before the signer's            here, and unit issuer_test,
//	  certificate begins (auth0 mdl #21)          sdjwt_apart_test
//	mdoc: validFrom before signed, or after     "makes nobody's mistakes"
//	  validUntil (wwWallet #152)
//	mdoc: digest ids that tell the element      here
//	mdoc: another country than the signer's     here
//	mdoc: the root in x5chain, or a list of     "makes nobody's mistakes"
//	  one; tag 18 around issuerAuth               and readMdoc()
//	mdoc: digests over re-encoded items         "every changed byte"
//	SD-JWT: typ vc+sd-jwt                       sdjwt.mjs, verifySdJwt()
//	SD-JWT: the trust anchor in x5c             sdjwt.mjs, here
//	SD-JWT: an empty _sd                        here
//	SD-JWT: claims that must not be selectable  here
//	SD-JWT: _sd or … as a claim's name          unit sdjwt_refused_test
//	SD-JWT: digests over JSON, not the text     sdjwt.mjs, every disclosure
//	SD-JWT: a salt twice, or short              here; "share nothing"
//	JWS: signatures in DER                      here
//	all: times that link a batch                "share nothing that links"
//	W3C: a vc claim around the credential       here
//	OpenDID: blanks removed inside texts        "the published sample", unit
//	  (its own JSON_serialization.md)             opendid tests
//	OpenDID: high s, no recovery id             "@noble/curves finds our key"
//	status list: bits from the wrong end,       status_lists.mjs, unit
//	  CWT under tag 61, an index twice            status_*_test
//	QR: texts not in NFC, life beyond the       "refused: …", unit
//	  signer's                                    qr_token_test
//	proofs: a private key, several ways to      unit proof_test,
//	  name the key, no nonce                      attestation.mjs
//	metadata: sub of another issuer, no x5c     keys.mjs

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import {
  cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { test, done, remove, run, build, configs } from './lib/instance.mjs'
import { formats, request } from '../strangers/claims.mjs'
import { readMdoc } from '../strangers/mdoc.mjs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'
import { makeProof } from '../strangers/wallet.mjs'

const dir = mkdtempSync(path.join(tmpdir(), 'okse-mistakes-'))
process.on('exit', () => remove(dir))
const read = name => readFileSync(path.join(dir, name), 'utf8')
const proofs = []
for (let i = 0; i < 2; i++)	// two keys, two documents of each
  proofs.push((await makeProof('https://id.example.kr', 'n')).proof)

async function make (policy, programmes) {
  const files = programmes.map(p => {
    const file = path.join(dir, `${p}.json`)
    writeFileSync(file, JSON.stringify(request(p, proofs)))
    return file
  })
  const r = await run(path.join(build, 'tool/make_credentials'),
    [dir, policy, ...files])
  assert.equal(r.status, 0, r.stderr)
}

const programmes = Object.keys(formats)
await make(path.join(configs, 'policy'), programmes)
const jwts = programmes.flatMap(p => formats[p]
  .filter(f => f === 'dc+sd-jwt' || f === 'vc+jwt')
  .map(f => [f, read(`${p}.${f}.0`).trim()]))

for (const p of programmes) {
  const { mso, items, certificate } = readMdoc(read(`${p}.mso_mdoc.0`))
  const signer = new X509Certificate(Buffer.from(certificate))
  const [[, list]] = Object.entries(items)

  await test(`the mdoc of ${p} lives within its signer's certificate`, () => {
    const t = mso.get('validityInfo')
    assert.ok(t.get('signed') >= new Date(signer.validFrom))
    assert.ok(t.get('validUntil') <= new Date(signer.validTo))
  })

  await test(`the mdoc of ${p} is of its signer's country`, () => {
    const of = name => list.find(i => i.elementIdentifier === name)
      ?.elementValue
    assert.equal(of('issuing_country'), /^C=(..)$/m.exec(signer.subject)[1])
    assert.equal(of('issuing_jurisdiction'),
      /^ST=(.*)$/m.exec(signer.subject)?.[1])
  })

  await test(`digest ids in the mdoc of ${p} do not tell the element`, () => {
    const of = n => Object.values(readMdoc(read(`${p}.mso_mdoc.${n}`)).items)
      .flat().sort((a, b) => a.digestID - b.digestID)
      .map(i => i.elementIdentifier)
    assert.deepEqual(of(0).toSorted(), of(1).toSorted())
    assert.notDeepEqual(of(0), of(1))
  })
}

await test('signatures of JWTs are r and s, not DER', () => {
  for (const [, text] of jwts)
    assert.equal(Buffer.from(text.split('~')[0].split('.')[2], 'base64url')
      .length, 64)
})

await test('headers hold the signer alone, which is no root', () => {
  for (const [format, text] of jwts) {
    const header = decodeProtectedHeader(text.split('~')[0])
    assert.equal(header.typ, format)
    assert.equal(header.x5c.length, 1)
    const leaf = new X509Certificate(Buffer.from(header.x5c[0], 'base64'))
    assert.ok(!leaf.ca && leaf.subject !== leaf.issuer)
  }
})

await test('what must not be selectable is in no disclosure', () => {
  for (const [format, text] of jwts) {
    if (format !== 'dc+sd-jwt')
      continue
    const disclosures = text.split('~').slice(1, -1)
      .map(d => JSON.parse(Buffer.from(d, 'base64url')))
    assert.ok(text.endsWith('~'), 'a key-binding JWT of the issuer')
    for (const [salt, name] of disclosures) {
      assert.ok(Buffer.from(salt, 'base64url').length >= 16)
      assert.ok(!['iss', 'nbf', 'exp', 'cnf', 'vct', 'vct#integrity',
        'status', '_sd', '...'].includes(name), name)
    }
    const salts = disclosures.map(d => d[0])
    assert.equal(new Set(salts).size, salts.length)
  }
})

await test('a W3C credential is the payload, not a claim of it', () => {
  for (const [format, text] of jwts)
    if (format === 'vc+jwt') {
      const payload = decodeJwt(text)
      assert.ok(!('vc' in payload))
      assert.equal(payload['@context'][0],
        'https://www.w3.org/ns/credentials/v2')
    }
})

await test('with nothing to choose there is no _sd',
  async () => {
    const policy = path.join(dir, 'policy')
    cpSync(path.join(configs, 'policy'), policy, { recursive: true })
    const file = path.join(policy, 'veteran-id.yaml')
    const text = readFileSync(file, 'utf8')
    const [head, claims, rest] = /^([^]*\nclaims:\n)([^]*?)(\nrules:[^]*)$/
      .exec(text).slice(1)
    writeFileSync(file, head.replace(/age-over: \[.*\]/, 'age-over: []')
      .replace(/dc\+sd-jwt: .*/, 'dc+sd-jwt: { decoys: 0 }') +
      claims.replaceAll('disclosure: always, ', '')
        .replace(/\{ type: /g, '{ disclosure: always, type: ') +
      '\n  expiry_date: { disclosure: always, type: date, required: false }' +
      rest)
    rmSync(path.join(policy, 'veteran-id_test.yaml'))
    await make(policy, ['veteran-id'])
    const made = read('veteran-id.dc+sd-jwt.0').trim()
    const payload = decodeJwt(made.split('~')[0])
    assert.ok(!('_sd' in payload), 'an empty _sd: ' + made.split('~')
      .slice(1, -1).map(d => Buffer.from(d, 'base64url')).join())
    assert.equal(made.split('~').length, 2)
    assert.equal((await verifySdJwt(made, read('ca.pem'))).claims.given_name,
      '길동')
  })

done()

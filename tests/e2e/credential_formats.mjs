// Documents made with software keys (tests/tool/make_documents.c), judged by
// software not written here; and a wallet not written here, judged by us.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SignJWT, exportJWK, generateKeyPair } from 'jose'
import { test, done, remove, run } from './lib/instance.mjs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'
import { verifyQrToken } from '../strangers/qr.mjs'
import { makeProof } from '../strangers/wallet.mjs'

const AUDIENCE = 'https://id.example.kr'
const tool = path.resolve(process.env.BUILD ?? 'build', 'tool/make_documents')
const dir = mkdtempSync(path.join(tmpdir(), 'okse-formats-'))
process.on('exit', () => remove(dir))

const make = (proof, into = dir) => run(tool, [into, proof])
const read = name => readFileSync(path.join(dir, name), 'utf8')
const wallet = await makeProof(AUDIENCE, 'n-4711')

await test('a wallet made with jose proves its key', async () => {
  const r = await make(wallet.proof)
  assert.equal(r.status, 0, r.stderr)
  assert.equal(r.stdout, `n-4711\n${AUDIENCE}\n`)
})

// ---- the credential

const credential = read('credential')
const ca = read('ca.pem')
const rejected = (promise, what) =>
  assert.rejects(promise, undefined, what)

/** of somebody born on 2008-03-15, today */
function ageInKorea () {
  const today = new Date(Date.now() + 9 * 3600e3).toISOString()
  return today.slice(0, 4) - 2008 - (today.slice(5, 10) < '03-15' ? 1 : 0)
}

await test('strangers verify the credential and its chain', async () => {
  const { header, payload, claims } = await verifySdJwt(credential, ca)
  assert.deepEqual(Object.keys(header), ['alg', 'typ', 'x5c'])
  assert.equal(payload.iss, AUDIENCE)
  assert.equal(payload.vct, `${AUDIENCE}/vct/resident-id`)
  assert.equal(payload.exp - payload.iat, 90 * 86400)
  assert.deepEqual(payload.cnf.jwk,
    { kty: 'EC', crv: 'P-256', x: wallet.jwk.x, y: wallet.jwk.y })
  assert.equal(claims.family_name, '홍')
  assert.equal(claims.birth_date, '2008-03-15')
  assert.equal(claims.sex, 1)
  assert.equal(claims.veteran, false)
  assert.equal(claims.address.region, '세종특별자치시')
  for (const years of [14, 17, 18, 19])
    assert.equal(claims[`age_over_${years}`], ageInKorea() >= years)
  assert.match(claims.expiry_date, /^\d{4}-\d{2}-\d{2}$/)
})

await test('without its disclosures the credential tells nothing', () => {
  const payload = Buffer.from(credential.split('.')[1], 'base64url').toString()
  for (const word of ['홍', '길동', '2008-03-15', '0803153234567', '세종'])
    assert.ok(!payload.includes(word), word)
  assert.ok(payload.includes('"issuing_country":"KR"'))
})

await test('every changed part of the credential is rejected', async () => {
  const step = Math.ceil(credential.length / 200)
  for (let i = 0; i < credential.length; i += step) {
    if ('.~'.includes(credential[i]))
      continue
    const other = credential[i] === 'A' ? 'Q' : 'A'
    await rejected(verifySdJwt(
      credential.slice(0, i) + other + credential.slice(i + 1), ca),
    `character ${i}`)
  }
})

await test('a doubled or foreign disclosure is rejected', async () => {
  const parts = credential.split('~')
  const foreign = Buffer.from('["c2FsdHNhbHRzYWx0c2FsdA","admin",true]')
    .toString('base64url')
  await rejected(verifySdJwt(parts.toSpliced(1, 0, parts[1]).join('~'), ca))
  await rejected(verifySdJwt(parts.toSpliced(1, 0, foreign).join('~'), ca))
})

await test('the credential is rejected under another CA, and out of time',
  async () => {
    const later = new Date(Date.now() + 91 * 86400e3)
    const earlier = new Date(Date.now() - 3600e3)
    const other = mkdtempSync(path.join(dir, 'other-'))
    assert.equal((await make(wallet.proof, other)).status, 0)
    await rejected(verifySdJwt(credential,
      readFileSync(path.join(other, 'ca.pem'), 'utf8')))
    await rejected(verifySdJwt(credential, ca, later))
    await rejected(verifySdJwt(credential, ca, earlier))
  })

// ---- the QR token

const token = read('qr-token')
const qrPublic = read('qr-public.pem')

await test('strangers verify the QR token', async () => {
  const t = await verifyQrToken(token, qrPublic)
  assert.equal(t.iss, AUDIENCE)
  assert.equal(t.aud, AUDIENCE)
  assert.equal(t.exp - t.iat, 180)
  assert.equal(t.purpose, 1)
  assert.equal(t.programme, 'resident-id')
  assert.equal(t.centre, '3611025000')
  assert.equal(t.cti.length, 16)
  assert.equal(t.holder.length, 16)
})

await test('every changed character of the QR token is rejected', async () => {
  for (let i = 0; i < token.length; i++) {
    const other = token[i] === '0' ? '1' : '0'
    await rejected(verifyQrToken(
      token.slice(0, i) + other + token.slice(i + 1), qrPublic),
    `character ${i}`)
  }
})

await test('the QR token is rejected under another key', async () => {
  const { publicKey } = await generateKeyPair('ES256', { extractable: true })
  const { exportSPKI } = await import('jose')
  await rejected(verifyQrToken(token, await exportSPKI(publicKey)))
})

// ---- its pictures

async function scan (file) {
  const r = await run('zbarimg', ['--quiet', '--raw', file])
  return r.stdout.replace(/\n$/, '')
}

/** rows of booleans (true is dark) as a picture with four pixels a module */
function pgm (rows) {
  const side = rows.length * 4
  const pixels = Buffer.alloc(side * side, 255)
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      if (rows[y >> 2][x >> 2])
        pixels[y * side + x] = 0
  const file = path.join(dir, 'drawn.pgm')
  writeFileSync(file, Buffer.concat([
    Buffer.from(`P5 ${side} ${side} 255\n`), pixels]))
  return file
}

await test('zbarimg reads the PNG', async () => {
  assert.equal(await scan(path.join(dir, 'qr-token.png')), token)
})

await test('zbarimg reads what the SVG draws', async () => {
  const svg = read('qr-token.svg')
  const side = Number(svg.match(/viewBox="0 0 (\d+) \1"/)[1])
  const rows = Array.from({ length: side }, () => Array(side).fill(false))
  for (const [, x, y, n] of svg.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g))
    rows[y].fill(true, Number(x), Number(x) + Number(n))
  assert.equal(await scan(pgm(rows)), token)
})

await test('zbarimg reads what a terminal shows', async () => {
  const lines = read('qr-token.txt').trimEnd().split('\n')
  const rows = lines.flatMap(line => [
    [...line].map(c => c === '▄' || c === ' '),
    [...line].map(c => c === '▀' || c === ' ')
  ])
  assert.equal(await scan(pgm(rows.slice(0, rows[0].length))), token)
})

// ---- wallets that do it wrong

const sign = async (header, payload, key) =>
  new SignJWT(payload).setProtectedHeader(header).sign(key)

await test('proofs of other forms are refused, and we say why', async () => {
  const { publicKey, privateKey } =
    await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const good = { alg: 'ES256', typ: 'openid4vci-proof+jwt', jwk }
  const claims = { aud: AUDIENCE, nonce: 'n', iat: 1735225200 }
  const other = await generateKeyPair('ES384', { extractable: true })
  const [h, , s] = (await sign(good, claims, privateKey)).split('.')
  const changed = Buffer.from(JSON.stringify({ ...claims, nonce: 'm' }))
    .toString('base64url')
  const cases = [
    [/typ must be/, await sign({ ...good, typ: 'JWT' }, claims, privateKey)],
    [/kid is not taken there/,
      await sign({ ...good, kid: 'k' }, claims, privateKey)],
    [/private key/, await sign({ ...good, jwk: await exportJWK(privateKey) },
      claims, privateKey)],
    [/alg must be ES256/, await sign({
      ...good, alg: 'ES384', jwk: await exportJWK(other.publicKey)
    }, claims, other.privateKey)],
    [/aud and nonce/, await sign(good, { ...claims, nonce: 7 }, privateKey)],
    [/iat must be/, await sign(good, { ...claims, iat: 1.5 }, privateKey)],
    [/exp must be/, await sign(good, { ...claims, exp: 'x' }, privateKey)],
    [/does not verify/, [h, changed, s].join('.')],
    [/three parts/, [h, changed].join('.')]
  ]
  for (const [why, proof] of cases) {
    const r = await make(proof)
    assert.equal(r.status, 1)
    assert.match(r.stderr, why)
  }
})

done()

// Nothing personal and nothing secret is left anywhere: seeded identities,
// officers' shares, the secret and the PIN are looked for in every file of
// the instance, in what it printed, and in /proc, raw and encoded.

import assert from 'node:assert/strict'
import { createHmac, hkdfSync } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import {
  test, done, startInstance, person, issue, qrTokenBody, sleep
} from './lib/instance.mjs'

const okse = await startInstance()

// ---- what must not be found

const people = Array.from({ length: 3 }, (_, i) => person({
  family_name: '제갈', given_name: `비밀이름${i}`,
  address: { street: `은하수로 ${7700 + i}` }
}))
const needles = new Map()
for (const p of people) {
  needles.set('number', [...needles.get('number') ?? [], p.holder.number])
  needles.set('name', [...needles.get('name') ?? [], p.claims.given_name])
  needles.set('address',
    [...needles.get('address') ?? [], p.claims.address.street])
}

/** Shamir over GF(2^8), as quorum/share.txt tells to do it by hand. */
function recover (shares) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const points = shares.map(file => {
    const text = readFileSync(file, 'utf8').trim().slice(12)
      .replaceAll('-', '')
    const bits = [...text].map(c =>
      alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
    const bytes = Buffer.from(bits.match(/.{8}/g).map(b => parseInt(b, 2)))
    return { x: bytes[18], y: bytes.subarray(19, 51) }
  })
  const mul = (a, b) => {
    let r = 0
    for (; b; b >>= 1) {
      if (b & 1) r ^= a
      a = a << 1 ^ (a & 0x80 ? 0x11b : 0)
    }
    return r
  }
  const inverse = a => {
    let r = 1
    for (let i = 0; i < 254; i++) r = mul(r, a)
    return r
  }
  return Buffer.from(points[0].y.map((_, i) => points.reduce((sum, p) =>
    sum ^ points.filter(q => q !== p).reduce((product, q) =>
      mul(product, mul(q.x, inverse(q.x ^ p.x))), p.y[i]), 0)))
}

const secret = recover(okse.shares().slice(0, 2))
assert.deepEqual(recover(okse.shares().slice(1)), secret)

/** quorum/derive.h: HKDF with the salt "okse/derive/v1". */
const derive = (info, length) => Buffer.from(hkdfSync('sha256', secret,
  'okse/derive/v1', info, length))
function base32 (bytes) {
  const bits = [...bytes].map(b => b.toString(2).padStart(8, '0')).join('')
  return bits.match(/.{5}/g).map(b =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[parseInt(b, 2)]).join('')
}
const label = /token=([^;?]*)/.exec(okse.read('okse.yaml'))[1]
needles.set('PIN', [base32(derive('user-pin/' + label, 20))])
needles.set('SO PIN', [base32(derive('so-pin/' + label, 20))])
needles.set('secret', [secret])
for (const key of ['pseudonym', 'nonce', 'seed'])
  needles.set(`${key} key`, [derive('key/' + key, 32)])
needles.set('share', okse.shares().map(f => readFileSync(f, 'utf8').trim()))

/** All the forms in which somebody could have written it down. */
function forms (needle) {
  const raw = Buffer.from(needle)
  // three alignments of base64; the ends depend on the neighbours
  const b64 = [0, 1, 2].map(pad => {
    const t = Buffer.concat([Buffer.alloc(pad), raw]).toString('base64')
    return t.slice(pad ? pad + 1 : 0, t.length - 4)
  })
  return [raw, raw.toString('hex'), raw.toString('hex').toUpperCase(),
    ...b64, ...b64.map(t => t.replaceAll('+', '-').replaceAll('/', '_'))]
    .map(f => Buffer.from(f))
}

/** The names of what is found in a haystack. */
function found (haystack) {
  const names = []
  for (const [name, values] of needles)
    for (const v of values)
      if (forms(v).some(f => f.length > 6 && haystack.includes(f)))
        names.push(name)
  return names
}

await test('the search finds what is there', async () => {
  assert.deepEqual(found(Buffer.from('x' + people[0].holder.number)),
    ['number'])
  assert.deepEqual(found(Buffer.from('ab' + people[1].claims.given_name)
    .toString('base64')), ['name'])
  assert.deepEqual(found(readFileSync(okse.shares()[0])), ['share'])
})

await test('the derivation is the one that was used', async () => {
  // the PIN opens the token: softhsm2-util and pkcs11-tool would say so,
  // but the holder's pseudonym in the log does as well, without the token
  const { reply } = await issue(okse, people[0])
  assert.equal(reply.status, 201, reply.text)
  await sleep(1500)
  const r = await okse.okse(['audit', 'show', okse.path('log')])
  const e = JSON.parse(r.stdout.split('\n')[reply.json.log.index])
  const p = createHmac('sha256', derive('key/pseudonym', 32))
    .update('holder\0' + people[0].holder.number).digest()
  assert.equal(e.holder, p.subarray(0, 16).toString('hex'))
})

for (const who of people.slice(1))
  assert.equal((await issue(okse, who)).reply.status, 201)
await okse.post('/v1/qr-tokens', qrTokenBody(people[0]))	// refused
await okse.post('/v1/qr-tokens',	// malformed
  { ...qrTokenBody(people[1]), [people[1].holder.number]: 1 })
await okse.okse(['seal'])
await okse.okse(['unseal', '--share', okse.shares()[0], '--share',
  okse.shares()[2]])
await okse.waitReady()
await sleep(1500)

const files = dir => readdirSync(dir, { withFileTypes: true })
  .flatMap(e => e.isDirectory()
    ? files(path.join(dir, e.name))
    : e.isFile() ? [path.join(dir, e.name)] : [])

async function filesAreClean () {
  const searched = files(okse.dir)
    .filter(f => !f.startsWith(okse.path('officers')))
  assert.ok(searched.length > 20)
  for (const f of searched)
    if (statSync(f).size > 0)
      assert.deepEqual(found(readFileSync(f)), [], f)
}

await test('no file of the running instance has any of it', filesAreClean)

await test('neither command lines nor environments have it', async () => {
  const all = await okse.processes()
  assert.ok(all.length >= 5)
  for (const p of [...all, { pid: okse.child.pid, role: 'okse dev' }])
    for (const f of ['cmdline', 'environ']) {
      let bytes
      try {
        bytes = readFileSync(`/proc/${p.pid}/${f}`)
      } catch (e) {
        assert.equal(e.code, 'EACCES')	// not dumpable: not even we may
        continue
      }
      assert.deepEqual(found(bytes), [], `${p.role} ${f}`)
    }
})

await test('nor has what the daemon printed', async () => {
  assert.ok(okse.errors.length > 100)
  assert.deepEqual(found(Buffer.from(okse.errors + okse.output)), [])
})

await test('nor have metrics', async () => {
  assert.deepEqual(found(Buffer.from(await okse.metricsText())), [])
})

await test('no file has any of it after the end', async () => {
  assert.equal(await okse.stop(), 0)
  await filesAreClean()
})

done()

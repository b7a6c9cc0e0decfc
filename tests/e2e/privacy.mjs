// No personal data at rest. Identities known to us are looked for in every
// file, database page, log entry, metric, answer to an operator, and in the
// memory of the sealed daemon, in every form; and somebody who has all the
// files and a million candidate numbers finds none of them without the
// quorum's key, and exactly ours with it. (secrets.mjs does the same for
// shares, keys and PINs.)

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync, openSync, readFileSync, readSync, statSync
} from 'node:fs'
import path from 'node:path'
import {
  test, skip, done, startInstance, person, Wallet, issue, qrTokenBody,
  credentialBody, request, build, until
} from './lib/instance.mjs'
import { files, searcher } from './lib/search.mjs'
import { recover, deriveKey } from './lib/secret.mjs'
import { claims } from '../strangers/claims.mjs'

const okse = await startInstance()

// ---- three identities, and everything they leave somewhere

const births = ['1961-02-03', '1975-11-30', '1988-08-08']
const people = births.map((birth, i) => person({
  birth, family_name: `제갈공명${'가나다'[i]}`,
  given_name: `아무도모르는${'라마바'[i]}`,
  address: { locality: `비밀도 숨은시 ${i}동`, street: `은하수로 ${7700 + i}` },
  portrait: claims['resident-id'].portrait
}))
const wallets = await Promise.all(people.map(() => Wallet.create()))
const portrait = Buffer.from(claims['resident-id'].portrait, 'base64')
const point = w => Buffer.from(w.jwk.x, 'base64url')

const needles = new Map([
  ['number', people.map(p => p.holder.number)],
  ['number with hyphen', people.map(p =>
    p.holder.number.replace(/^\d{6}/, '$&-'))],
  ['birth date', births],
  ['family name', people.map(p => p.claims.family_name)],
  ['given name', people.map(p => p.claims.given_name)],
  ['street', people.map(p => p.claims.address.street)],
  ['locality', people.map(p => p.claims.address.locality)],
  ['device id', wallets.map(w => w.id)],
  ['device key', wallets.map(point)],
  // any part of the picture's own bytes
  ['portrait', [0.2, 0.5, 0.8].map(at => portrait.subarray(
    Math.floor(portrait.length * at), Math.floor(portrait.length * at) + 24))]
])
const found = searcher(needles)

await test('the search finds each of them, in every form', () => {
  for (const [name, values] of needles)
    for (const value of values) {
      const raw = Buffer.from(value)
      for (const form of [raw, Buffer.from(raw).reverse(),
        raw.toString('hex'), 'x' + raw.toString('base64'),
        Buffer.concat([Buffer.from('ab'), raw, Buffer.from('cd')])
          .toString('base64url')])
        assert.ok(found(Buffer.from(form)).includes(name), name)
      if (!Buffer.isBuffer(value))
        assert.ok(found(Buffer.from(value, 'utf16le')).includes(name), name)
    }
})

// ---- they get credentials, are refused, and mistaken

for (const [i, who] of people.entries()) {
  const { reply } = await issue(okse, who, { wallet: wallets[i] })
  assert.equal(reply.status, 201, reply.text)
}
await okse.post('/v1/qr-tokens', qrTokenBody(people[0]))	// refused
await okse.post('/v1/qr-tokens',	// malformed
  { ...qrTokenBody(people[1]), [people[1].holder.number]: 1 })
await okse.post('/v1/credentials', credentialBody(people[2], 'OKSE1:NONE',
  { id: wallets[2].id, proofs: ['x'] }))
await okse.post('/v1/decisions',
  { operation: 'qr-token', request: qrTokenBody(people[0]) })
await okse.published()

// ---- at rest

const instance = () => files(okse.dir)
  .filter(f => !f.startsWith(okse.path('officers')))

function filesAreClean () {
  const searched = instance()
  assert.ok(searched.some(f => /registry\.db-wal$/.test(f)) || !okse.child)
  assert.ok(searched.length > 20)
  for (const f of searched)
    if (statSync(f).size > 0)
      assert.deepEqual(found(readFileSync(f)), [], f)
}

await test('no file of the running instance, WAL included, has any of it',
  filesAreClean)

await test('no answer to an operator has', async () => {
  const said = [okse.errors, okse.output, await okse.metricsText()]
  for (const url of ['/v1/seal-status', '/v1/policy'])
    said.push((await okse.adminCall('GET', url)).text)
  said.push((await request(okse.metrics, 'GET', '/readyz')).text)
  for (const who of people) {
    const r = await okse.okse(['device', 'show', '--json'],
      { input: JSON.stringify({ programme: 'resident-id', ...who }) })
    assert.equal(r.status, 0, r.stderr)
    said.push(r.stdout, r.stderr)
  }
  for (const args of [['status', '--json'], ['audit', 'show',
    okse.path('log')], ['audit', 'verify', '--json', okse.path('log')],
    ['registry', 'stats', '--json'], ['registry', 'stats'],
    ['registry', 'backup', okse.path('registry-copy.db')]]) {
    const r = await okse.okse(args)
    assert.equal(r.status, 0, r.stderr)
    said.push(r.stdout, r.stderr)
  }
  assert.ok(said.join('').length > 5000)
  assert.deepEqual(found(Buffer.from(said.join('\n'))), [])
})

const secret = recover(okse.shares().slice(0, 2))
const key = deriveKey(secret, 'pseudonym').toString('hex')

/** Numbers found by the attack: { plain: […], keyed: […] }. */
function attack (targets) {
  const out = execFileSync(path.join(build, 'tool', 'dictionary'),
    ['--key', key, ...births, '--', ...targets],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const all = out.trim().split('\n').map(l => l.split(' '))
  const of = kind => all.filter(([k]) => k === kind).map(([, n]) => n).sort()
  return { plain: of('plain'), keyed: of('keyed') }
}

await test('a million numbers find nobody without the quorum\'s key, and ' +
  'exactly ours with it', () => {
  const targets = instance().filter(f =>
    /registry|\/log\/|state/.test(f) && statSync(f).size > 0)
  assert.ok(targets.length > 5)
  const { plain, keyed } = attack(targets)
  assert.deepEqual(plain, [])
  assert.deepEqual(keyed, people.map(p => p.holder.number).sort())
})

// ---- in memory, once it is sealed: who takes the machine then finds nothing

/** Every readable page of a process that may be written; undefined: refused */
function memory (pid) {
  const parts = []
  let fd
  try {
    fd = openSync(`/proc/${pid}/mem`, 'r')
  } catch { return undefined }
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const m = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)
    if (!m || /vvar|vsyscall/.test(line)) continue
    const [from, to] = [parseInt(m[1], 16), parseInt(m[2], 16)]
    const page = Buffer.alloc(to - from)
    try {
      parts.push(page.subarray(0, readSync(fd, page, 0, page.length, from)))
    } catch {}		// a guard page
  }
  closeSync(fd)
  return Buffer.concat(parts)
}

const roles = ['notary', 'gate', 'desk', 'supervisor']
const open = memory((await okse.processes())
  .find(p => p.role === 'notary').pid)
if (open)
  await test('looking into memory works: the open notary has its key', () =>
    assert.ok(open.includes(Buffer.from(key, 'hex'))))
await okse.okse(['seal'])
for (const role of roles) {
  const p = (await okse.processes()).find(p => p.role === role)
  const bytes = memory(p.pid)
  const name = `the sealed ${role}'s memory has nothing personal, no key`
  if (bytes === undefined) {
    skip(name, 'its memory may not be read: it is not dumpable')
    continue
  }
  await test(name, () => {
    assert.ok(bytes.length > 500000, String(bytes.length))
    // it hears of the sealing a moment after the officer does
    return until(() => {
      const now = memory(p.pid)
      return [...found(now),
        ...now.includes(Buffer.from(key, 'hex')) ? ['the pseudonym key'] : [],
        ...now.includes(secret) ? ['the secret'] : []]
    }, left => left.length === 0, 'nothing left')
  })
}

await test('no file has any of it after the end', async () => {
  assert.equal(await okse.stop(), 0)
  filesAreClean()
})

done()

// Nothing personal and nothing secret is left anywhere: seeded identities,
// officers' shares, the secret and the PIN are looked for in every file of
// the instance, in what it printed, and in /proc, raw and encoded.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import {
  closeSync, openSync, readFileSync, readSync, statSync
} from 'node:fs'
import {
  test, done, startInstance, person, issue, qrTokenBody
} from './lib/instance.mjs'
import { files, searcher } from './lib/search.mjs'
import { recover, deriveKey, derivePin } from './lib/secret.mjs'

const okse = await startInstance()

// ---- what must not be found

const people = Array.from({ length: 3 }, (_, i) => person({
  family_name: '제갈', given_name: `${'가나다'[i]}비밀이름`,
  address: { street: `은하수로 ${7700 + i}` }
}))
const needles = new Map()
for (const p of people) {
  needles.set('number', [...needles.get('number') ?? [], p.holder.number])
  needles.set('name', [...needles.get('name') ?? [], p.claims.given_name])
  needles.set('address',
    [...needles.get('address') ?? [], p.claims.address.street])
}

const secret = recover(okse.shares().slice(0, 2))
assert.deepEqual(recover(okse.shares().slice(1)), secret)

const label = /token=([^;?]*)/.exec(okse.read('okse.yaml'))[1]
needles.set('PIN', [derivePin(secret, label)])
needles.set('SO PIN', [derivePin(secret, label, 'so-pin/')])
needles.set('secret', [secret])
for (const key of ['pseudonym', 'nonce', 'seed'])
  needles.set(`${key} key`, [deriveKey(secret, key)])
needles.set('share', okse.shares().map(f => readFileSync(f, 'utf8').trim()))

const found = searcher(needles)

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
  await okse.published()
  const r = await okse.okse(['audit', 'show', okse.path('log')])
  const e = JSON.parse(r.stdout.split('\n')[reply.json.log.index])
  const p = createHmac('sha256', deriveKey(secret, 'pseudonym'))
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
await okse.published()

// The desk handled both shares. It is not dumpable, so its memory is read by
// root where the tests are root, and by nobody else.
await test('the desk\'s memory has no share', async () => {
  const desk = (await okse.processes()).find(p => p.role === 'desk')
  const maps = readFileSync(`/proc/${desk.pid}/maps`, 'utf8').trim()
    .split('\n').filter(l => / rw/.test(l))
  const memory = openSync(`/proc/${desk.pid}/mem`, 'r')
  let size = 0, known = 0
  process.kill(desk.pid, 'SIGSTOP')
  try {
    for (const line of maps) {
      const [from, to] = line.split(' ')[0].split('-')
        .map(x => BigInt('0x' + x))
      const bytes = Buffer.alloc(Number(to - from))
      try {
        size += readSync(memory, bytes, 0, bytes.length, from)
      } catch (e) {
        assert.equal(e.code, 'EIO')	// guard pages
        continue
      }
      assert.deepEqual(found(bytes), [], line)
      known += bytes.includes('okse.example')
    }
  } finally {
    process.kill(desk.pid, 'SIGCONT')
    closeSync(memory)
  }
  assert.ok(size > 100000 && known > 0, `${size}, ${known}`)
})

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

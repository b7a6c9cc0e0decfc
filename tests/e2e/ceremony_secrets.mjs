// A ceremony that counts, and where its secrets are not: in nothing that it
// wrote or showed, in no command line and no environment, and, once it is
// over, not in its memory either. Its certificates, by software of others.

import assert from 'node:assert/strict'
import {
  closeSync, openSync, readFileSync, readSync, readdirSync,
  statSync, writeFileSync
} from 'node:fs'
import path from 'node:path'
import 'reflect-metadata'
import { X509Certificate } from '@peculiar/x509'
import { test, done, remove, temporary, okse, run } from './lib/instance.mjs'
import { softhsm, people, productionScript, paper, openShare, sit }
  from './lib/room.mjs'
import { readShare } from './lib/officer.mjs'
import { recover, deriveKey, derivePin } from './lib/secret.mjs'
import { files, searcher } from './lib/search.mjs'
import { signerOf } from '../strangers/chain.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const at = name => path.join(home, name)

const env = softhsm(at('cards'))
const who = people(home, env)
const text = productionScript(who)
writeFileSync(at('root.yaml'), text)
const room = { papers: paper(text, who), who, dir: at('held') }

/** Ceremonies and signatures that are under way, ours first. */
const processes = () => readdirSync('/proc').filter(p => /^\d+$/.test(p))
  .map(pid => {
    try {
      return { pid, line: readFileSync(`/proc/${pid}/cmdline`, 'latin1') }
    } catch { return { line: '' } }
  })
  .filter(p => /\/okse\0ceremony\0(run|sign)\0/.test(p.line))
  .sort((a, b) => b.line.includes(room.dir) - a.line.includes(room.dir))

/**
 * What it may write to, as somebody with every right would read it; nobody
 * else may, not even who started it.
 */
function memory (pid) {
  const all = []
  let fd
  try {
    fd = openSync(`/proc/${pid}/mem`, 'r')
  } catch (e) {
    assert.equal(e.code, 'EACCES')
    return undefined
  }
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')
    .filter(l => / rw/.test(l))) {
    const [from, to] = line.split(' ')[0].split('-')
      .map(x => BigInt('0x' + x))
    const bytes = Buffer.alloc(Number(to - from))
    try {
      readSync(fd, bytes, 0, bytes.length, from)
      all.push(bytes)
    } catch (e) {
      assert.equal(e.code, 'EIO')
    }
  }
  closeSync(fd)
  return Buffer.concat(all)
}

const seen = []			// command lines and environments
let typed			// memory when a share had been typed
let over			// memory when all that is left are verdicts
let ended			// its limits then
let held

await test('a ceremony is rehearsed and held', async () => {
  const r = await okse(['ceremony', 'rehearse', at('root.yaml'),
    at('rehearsed')], { env: softhsm(at('practice')) })
  assert.equal(r.status, 0, r.stderr)
  let shares = 0
  held = await sit(['run', '--rehearsal', at('rehearsed'), at('root.yaml'),
    room.dir], env, room, q => {
    const all = processes()
    for (const { pid } of all)
      for (const f of ['cmdline', 'environ']) {
        try {
          seen.push(readFileSync(`/proc/${pid}/${f}`))
        } catch (e) {
          // not dumpable: not even we; or over meanwhile
          assert.ok(['EACCES', 'ENOENT', 'ESRCH'].includes(e.code), e.code)
        }
      }
    if (/^seat-\d, your share/.test(q) && ++shares === 2)
      typed = memory(all[0].pid)
    if (!ended && /agree, or disagree/.test(q)) {
      ended = readFileSync(`/proc/${all[0].pid}/limits`, 'utf8')
      over = memory(all[0].pid)
    }
    return undefined
  })
  assert.equal(held.status, 0, held.stderr)
})

const lines = who.slice(0, 3).map(p => openShare(room.dir, p))
lines.forEach((l, i) => writeFileSync(at(`${i}.line`), l))
const secret = recover([at('0.line'), at('2.line')])
assert.deepEqual(recover([at('0.line'), at('1.line')]), secret)
const label = /^token (\S+)/m.exec(readFileSync(
  path.join(room.dir, 'ceremony/register.txt'), 'utf8'))[1]
const found = searcher(new Map([
  ['share', lines],
  ['value', lines.map(l => readShare(l).subarray(19))],
  ['secret', [secret]],
  ['PIN', [derivePin(secret, label)]],
  ['SO PIN', [derivePin(secret, label, 'so-pin/')]],
  ['key', ['pseudonym', 'nonce', 'seed'].map(k => deriveKey(secret, k))],
  ['card PIN', ['1234-card']]
]))

await test('the search finds what is there', () => {
  assert.deepEqual(found(readFileSync(at('0.line'))), ['share'])
  assert.deepEqual(found(Buffer.concat([Buffer.from('x'), secret])),
    ['secret'])
  // the process had the secret while it was needed
  assert.ok(!typed || found(typed).includes('value'), String(typed))
})

await test('the secret is the one that was used', async () => {
  const r = await run('pkcs11-tool', ['--module',
    '/usr/lib/softhsm/libsofthsm2.so', '--token-label', label, '--login',
    '--pin', 'env:TEST_PIN', '--list-objects', '--type', 'privkey'],
  { env: { ...env, TEST_PIN: derivePin(secret, label) } })
  assert.match(r.stdout, /label: +issuing-ca\n/)
})

await test('nothing it wrote has any of it', () => {
  const all = [...files(room.dir), ...files(path.join(at('cards'), 'tokens'))]
  assert.ok(all.length > 30)
  for (const f of all)
    if (statSync(f).size > 0)
      assert.deepEqual(found(readFileSync(f)), [], f)
})

await test('nor has what it showed, a command line or an environment', () => {
  assert.deepEqual(found(Buffer.from(held.stdout + held.stderr)), [])
  assert.ok(seen.length > 50)
  assert.deepEqual(found(Buffer.concat(seen)), [])
})

await test('nor has its memory once it is over', () => {
  assert.match(ended, /^Max core file size +0 +0 /m)
  if (process.getuid() !== 0) {
    assert.equal(over, undefined)
    return
  }
  assert.ok(over.length > 100000 && over.includes('okse'))
  assert.deepEqual(found(over), [])
})

await test('@peculiar/x509 accepts every certificate', async () => {
  const read = name => readFileSync(path.join(room.dir, 'ca', name))
  const ca = new X509Certificate(read('iaca.pem').toString())
  assert.ok(await ca.isSelfSigned())
  const all = readdirSync(path.join(room.dir, 'ca'))
    .filter(f => f.endsWith('.pem') && f !== 'iaca.pem')
  assert.ok(all.length >= 4)
  const serials = new Set([ca.serialNumber])
  for (const name of all) {
    const leaf = await signerOf(read(name).toString(),
      read('iaca.pem').toString())
    assert.equal(leaf.issuer, ca.subject)
    assert.doesNotMatch(leaf.subject, /REHEARSAL/)
    serials.add(leaf.serialNumber)
  }
  assert.equal(serials.size, all.length + 1)
})

done()

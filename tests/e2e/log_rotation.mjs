// The log's keys replaced on a running instance, Ed25519 and P-256 at once:
// refused, recorded, killed in between, and followed from the first key to the
// next by our verifier, by strangers, and by nobody where it is forged.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readFileSync, readdirSync, renameSync, rmSync,
  writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  test, done, skip, Instance, temporary, issue, person, configs, okse, run,
  sleep, top
} from './lib/instance.mjs'

// ---- an instance whose token has the next keys as well

const one = new Instance(temporary())
const own = one.path('configs')
cpSync(configs, own, { recursive: true })
{
  const script = path.join(own, 'ceremony', 'rehearsal.yaml')
  const text = readFileSync(script, 'utf8')
    .replace(/^( {2}- \{ label: log, .*)$/m, '$1\n' +
      '  - { label: log-2, type: ed25519 }\n' +
      '  - { label: log-ecdsa-2, type: p256 }')
    .replace(/^( {2}- \{ step: generate-key, key: log \})$/m, '$1\n' +
      '  - { step: generate-key, key: log-2 }\n' +
      '  - { step: generate-key, key: log-ecdsa-2 }')
  assert.ok(text.includes('key: log-ecdsa-2 }'))
  writeFileSync(script, text)
}
const env = { OKSE_CONFIGS: own }
await one.start({ env })

const log = one.path('log')
const kept = temporary()
const of = (...names) => path.join(kept, ...names)
for (const [from, to] of [['log.vkey', 'old.vkey'],
  ['log-ecdsa.vkey', 'old-ecdsa.vkey']])
  cpSync(path.join(log, from), of(to))
const idOf = file => /\+([0-9a-f]{8})\+/.exec(readFileSync(file, 'utf8'))[1]
const old = idOf(of('old.vkey'))
const oldEcdsa = idOf(of('old-ecdsa.vkey'))

const config = one.read('okse.yaml')
const entryOf = label => {
  const made = one.read('ceremony', 'transcript.log').split('\n')
    .find(l => new RegExp(`\\|KEYGEN\\|.*label=${label}\\b`).test(l) &&
      !l.includes(`label=${label}-`))
  const id = /[ |]id=([0-9a-f]+)/.exec(made)[1]
  return `  - use: ${label.replace(/-2$/, '')}\n    label: ${label}\n` +
    `    id: "${id}"\n` +
    `    public-key: ${one.path('ca', 'keys', `${label}.pub.pem`)}\n`
}
const next = entryOf('log-2') + entryOf('log-ecdsa-2')
const NAMED = {
  first: config,
  both: config.replace('keys:\n', 'keys:\n' + next),
  next: config.replace(
    /^ {2}- use: log(-ecdsa)?\n(?: {4}.*\n)+/gm, '')
    .replace('keys:\n', 'keys:\n' + next)
}
const name = which => writeFileSync(one.path('okse.yaml'), NAMED[which])

// ---- small things

const note = (dir = log) => readFileSync(path.join(dir, 'checkpoint'), 'utf8')
const linesOf = text => text.split('\n\n')[1].trimEnd().split('\n')
  .map(l => Buffer.from(l.split(' ')[2], 'base64').subarray(0, 4)
    .toString('hex'))
async function until (what, check) {
  for (let i = 0; i < 1200; i++) {
    if (await check())
      return
    await sleep(50)
  }
  throw new Error(`in a minute not: ${what}`)
}
async function signOne () {
  const { reply } = await issue(one, person())
  assert.equal(reply.status, 201, reply.text)
  const { index } = reply.json.log
  await until(`entry ${index} is published`,
    () => Number(note().split('\n')[1]) > index)
  return index
}
const verify = (key, dir = log) =>
  okse(['audit', 'verify', '--json', '--key', key, dir])
async function verified (key, dir) {
  const r = await verify(key, dir)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  return JSON.parse(r.stdout)
}
const kill = () => one.stop('SIGKILL')
/** It does not serve, and says why: no hang, and nothing is changed. */
async function refused (why) {
  one.errors = ''
  await one.start({ env, ready: false })
  await until(String(why), () => why.test(one.errors))
  await kill()
}
const entries = async event => (await okse(['audit', 'show', '--event', event,
  log])).stdout.trim().split('\n').filter(l => l !== '').map(l => JSON.parse(l))

// ---- before

await signOne()
await one.stop()
const before = await okse(['audit', 'proof', log, '3'])
writeFileSync(of('before.tlog-proof'), before.stdout)
cpSync(log, of('log-before'), { recursive: true })

await test('the next key alone does not start, and says what to do',
  async () => {
    name('next')
    await refused(/name both/)
    name('first')
    await one.start({ env })
    await signOne()
    await verified(of('old.vkey'))
    await one.stop()
  })

await test('both named: an entry, then both sign, the former first',
  async () => {
    name('both')
    await one.start({ env })
    await signOne()
    const said = await entries('logkey.rotate')
    assert.equal(said.length, 2)
    assert.ok(said.every(e => /^[0-9a-f]{64}$/.test(e.transcript)))
    const ids = linesOf(note())
    assert.equal(ids.length, 4)
    assert.equal(ids[0], old)
    assert.equal(ids[2], oldEcdsa)
    assert.deepEqual(readdirSync(path.join(log, 'rotated')).sort(),
      [`${old}.tlog-proof`, `${oldEcdsa}.tlog-proof`].sort())
    for (const [id, text] of [[ids[1], 'log.vkey'],
      [ids[3], 'log-ecdsa.vkey']])
      assert.equal(idOf(path.join(log, text)), id)
    cpSync(path.join(log, 'log.vkey'), of('new.vkey'))
    cpSync(path.join(log, 'log-ecdsa.vkey'), of('new-ecdsa.vkey'))
    // the hash of the entry is that of the text beside the log
    const text = readFileSync(of('new.vkey'), 'utf8').trimEnd()
    const ed = said.find(e => e.vkey ===
      createHash('sha256').update(text).digest('hex'))
    assert.ok(text.endsWith('+' + ed.key))
  })

await test('a kill while both sign: the same entry, and all verifies',
  async () => {
    await kill()
    await one.start({ env })
    await signOne()
    assert.equal((await entries('logkey.rotate')).length, 2)
    for (const k of ['old.vkey', 'new.vkey', 'old-ecdsa.vkey',
      'new-ecdsa.vkey'])
      await verified(of(k))
  })

await test('the next keys alone, after a kill', async () => {
  await kill()
  name('next')
  await one.start({ env })
  await signOne()
  assert.equal(linesOf(note()).length, 2)
})

await test('who has the former key follows, and is told so', async () => {
  for (const k of ['old.vkey', 'old-ecdsa.vkey']) {
    const said = await verified(of(k))
    const own = said.handovers.find(h => h.from === idOf(of(k)))
    assert.ok(own.followed)
    assert.equal(said.key_id, own.to)
  }
  for (const k of ['new.vkey', 'new-ecdsa.vkey'])
    assert.ok((await verified(of(k))).handovers.every(h => !h.followed))
  const people = await okse(['audit', 'verify', '--key', of('old.vkey'), log])
  assert.match(people.stdout, /Keys +2 replaced, .* gave it to .*OK/)
  // with nothing but what lies beside the log, too
  assert.equal((await okse(['audit', 'verify', log])).status, 0)
})

await test('a policy of both keys, diff, archive and report go on',
  async () => {
    const policy = of('policy.txt')
    writeFileSync(policy, ['old.vkey', 'new.vkey'].map(k => 'log ' +
      readFileSync(of(k), 'utf8')).join('') + 'quorum none\n')
    for (const [args, status = 0] of [
      [['verify', '--policy', policy, log]],
      [['verify', '--policy', policy, '--all-keys', log]],
      [['verify', '--key', of('old.vkey'), '--from',
        of('log-before', 'checkpoint'), log]],
      [['diff', '--key', of('old.vkey'), of('log-before', 'checkpoint'),
        path.join(log, 'checkpoint'), log]],
      [['archive', '--key', of('old.vkey'), log, of('archive')]],
      [['verify', '--key', of('old.vkey'), of('archive', 'log')]],
      [['report', '--key', of('old.vkey'), '--html', of('page.html'), log]]
    ]) {
      const r = await okse(['audit', ...args])
      assert.equal(r.status, status, args.join(' ') + r.stdout + r.stderr)
    }
    const page = readFileSync(of('page.html'), 'utf8')
    assert.ok(page.includes(', replaced since'))
  })

const rotated = id => path.join(log, 'rotated', `${id}.tlog-proof`)

await test('receipts of before verify by the former key, of after by a chain',
  async () => {
    const check = (...args) => okse(['audit', 'check-receipt', ...args])
    const after = of('after.tlog-proof')
    writeFileSync(after, (await okse(['audit', 'proof', log, '4'])).stdout)
    assert.equal((await check(of('old.vkey'),
      of('before.tlog-proof'))).status, 0)
    assert.notEqual((await check(of('old.vkey'), after)).status, 0)
    assert.equal((await check('--key', of('old.vkey'), '--rotated',
      rotated(old), after)).status, 0)
    assert.equal((await check(of('new.vkey'), after)).status, 0)
    // the handover itself is a receipt, of either key
    for (const k of ['old.vkey', 'new.vkey']) {
      const r = await check(of(k), rotated(old))
      assert.equal(r.status, 0, r.stderr)
      assert.equal(JSON.parse(r.stdout).ev, 'logkey.rotate')
    }
  })

// ---- strangers

const kit = path.join(top, 'docs', 'audit-kit')

await test('openssl accepts each checkpoint under the key of its time',
  async () => {
    const script = path.join(kit, 'verify.sh')
    for (const [dir, key, good] of [
      [of('log-before'), 'old.vkey', true], [log, 'new.vkey', true],
      [log, 'old.vkey', false], [of('log-before'), 'new.vkey', false]]) {
      const r = await run('sh', [script, 'log', dir, of(key)])
      assert.equal(r.status === 0, good, key + r.stdout + r.stderr)
    }
    for (const key of ['old.vkey', 'new.vkey']) {
      const r = await run('sh', [script, 'receipt', rotated(old), of(key)])
      assert.equal(r.status, 0, r.stdout + r.stderr)
    }
  })

await test('so does Node, without a package', async () => {
  for (const key of ['old.vkey', 'new.vkey']) {
    const r = await run('node', [path.join(kit, 'receipt.mjs'),
      rotated(old), of(key)])
    assert.equal(r.status, 0, r.stdout + r.stderr)
  }
})

if (existsSync('/usr/share/gocode/src/golang.org/x/mod/sumdb/note')) {
  await test('and Go', async () => {
    const go = { env: { ...process.env, GO111MODULE: 'off',
      GOPATH: '/usr/share/gocode', GOCACHE: of('go') } }
    const built = await run('go', ['build', '-o', of('verify'),
      path.join(kit, 'verify.go')], go)
    assert.equal(built.status, 0, built.stderr)
    for (const [dir, key, good] of [[of('log-before'), 'old.vkey', true],
      [log, 'new.vkey', true], [log, 'old.vkey', false]]) {
      const r = await run(of('verify'), [dir, of(key)])
      assert.equal(r.status === 0, good, r.stdout + r.stderr)
    }
  })
} else {
  skip('and Go', 'golang-golang-x-mod-dev is not installed')
}

// ---- forged

/** A copy of the log with something done to it, and its verdict. */
async function forged (change, key = 'old.vkey') {
  const dir = of('forged')
  rmSync(dir, { recursive: true, force: true })
  cpSync(log, dir, { recursive: true })
  change(dir)
  return (await verify(of(key), dir)).status
}
const handover = dir => path.join(dir, 'rotated', `${old}.tlog-proof`)
const rewrite = (file, change) =>
  writeFileSync(file, change(readFileSync(file, 'utf8')))

await test('a handover that the former key has not signed leads nowhere',
  async () => {
    assert.equal(await forged(d => rewrite(handover(d), t => {
      const lines = t.split('\n')
      return lines.filter(l => !l.startsWith('—') || !linesOf(
        `\n\n${l}\n`).includes(old)).join('\n')
    })), 1)
    assert.equal(await forged(d => rmSync(handover(d))), 1)
    assert.equal(await forged(d => cpSync(of('before.tlog-proof'),
      handover(d))), 1)
    // and is found by who needs no leading
    assert.equal(await forged(d => cpSync(of('before.tlog-proof'),
      handover(d)), 'new.vkey'), 1)
  })

await test('a tail that the former key never signed is not followed',
  async () => {
    assert.equal(await forged(d => {
      rmSync(path.join(d, 'rotated'), { recursive: true })
    }), 1)
    // an old end is what it was
    assert.equal((await verified(of('old.vkey'), of('log-before')))
      .handovers.length, 0)
  })

await test('the former key is not taken back', async () => {
  await one.stop()
  name('first')
  await refused(/is not named any more/)
  name('next')
  await one.start({ env })
  await signOne()
  await verified(of('old.vkey'))
})

await test('a receipt that is gone is an error in the journal, no more',
  async () => {
    await one.stop()
    renameSync(rotated(old), of('gone.tlog-proof'))
    one.errors = ''
    await one.start({ env })
    assert.match(one.errors, /is gone, by which auditors follow/)
    assert.equal((await verify(of('old.vkey'))).status, 1)
    assert.equal((await verify(of('new.vkey'))).status, 0)
    renameSync(of('gone.tlog-proof'), rotated(old))
    await verified(of('old.vkey'))
    assert.equal(await one.stop(), 0)
  })

done()

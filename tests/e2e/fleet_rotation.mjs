// One node of three gives its log to the next key, under the eyes of a witness:
// the others record which key replaced which, one of them when it comes back;
// what one signs the other takes, and who has the former key follows.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  configs, credentialBody, done, okse, person, qrTokenBody, remove, temporary,
  test, until, Wallet
} from './lib/instance.mjs'
import { Database, Fleet } from './lib/fleet.mjs'
import { Witness, caughtUp, logState, readVkey } from './lib/witness.mjs'

// ---- tokens that have the next key as well

const kept = temporary()
process.on('exit', () => remove(kept))
const own = path.join(kept, 'configs')
cpSync(configs, own, { recursive: true })
{
  const script = path.join(own, 'ceremony', 'rehearsal.yaml')
  const text = readFileSync(script, 'utf8')
    .replace(/^( {2}- \{ label: log, .*)$/m, '$1\n' +
      '  - { label: log-next, type: ed25519 }')
    .replace(/^( {2}- \{ step: generate-key, key: log \})$/m, '$1\n' +
      '  - { step: generate-key, key: log-next }')
  assert.ok(text.includes('key: log-next }'))
  writeFileSync(script, text)
}
const env = { OKSE_CONFIGS: own }

const witness = await Witness.create('example.kr/w1')
const database = await new Database().start()
await database.migrate()
const fleet = new Fleet(database)
const a = await fleet.add({ env, start: false })
const b = await fleet.add({ env, start: false,
  args: ['--witness', `${witness.url}=${witness.vkey}`] })
const c = await fleet.add({ env, start: false })

const old = path.join(kept, 'old.vkey')
cpSync(b.path('log/log.vkey'), old)
const next = path.join(kept, 'next.vkey')
const hashOf = file => createHash('sha256').update(readVkey(file))
  .digest('hex')

const first = b.read('okse.yaml')
const [, label, id] = /^key (log-next-\S+) \S+ ([0-9a-f]+) /m.exec(
  readFileSync(JSON.parse(/^register: (.*)$/m.exec(first)[1]), 'utf8'))
const nextKey = `  - use: log\n    label: ${label}\n    id: "${id}"\n` +
  `    public-key: ${b.path('ca', 'keys', `${label}.pub.pem`)}\n`
const both = first.replace('keys:\n', 'keys:\n' + nextKey)
const alone = first.replace(/^ {2}- use: log\n(?: {4}.*\n)+/m, nextKey)
const name = text => writeFileSync(b.path('okse.yaml'), text)

// ---- small things

const entries = async (node, event) => (await node.okse(['audit', 'show',
  '--event', event, node.path('log')])).stdout.trim().split('\n')
  .filter(Boolean).map(l => JSON.parse(l))
const joins = async node => (await entries(node, 'node.join'))
  .filter(e => e.origin === fleet.origin(1))
const linesOf = node => node.read('log', 'checkpoint').split('\n')
  .filter(l => l.startsWith(`— ${fleet.origin(1)} `))
const rowOf = async origin => {
  const r = await okse(['registry', 'nodes', '--json', '--owner',
    database.owner])
  assert.equal(r.status, 0, r.stderr)
  return r.stdout.trim().split('\n').map(l => JSON.parse(l))
    .find(n => n.origin === origin)
}
/** A QR token of one node, redeemed at another. */
const across = async (from, to) => {
  const who = person()
  const visit = await from.post('/v1/qr-tokens', qrTokenBody(who))
  assert.equal(visit.status, 201, visit.text)
  const reply = await to.post('/v1/credentials', credentialBody(who,
    visit.json.qr_token, await (await Wallet.create()).device(to)))
  assert.equal(reply.status, 201, reply.text)
}
const bothWays = async () => {
  await across(a, b)
  await across(b, a)
}
/** It does not open, says why, and ends. */
const refused = async why => {
  b.errors = ''
  await b.start({ ready: false })
  await until(() => b.errors, text => why.test(text), String(why))
  await b.stop('SIGKILL')
}
/** Each log once said that b's key replaced the former. */
const recorded = async node => {
  const all = await until(() => joins(node), l => l.length > 1, 'recorded')
  assert.equal(all.length, 2)
  assert.deepEqual(all.map(e => [e.vkey, e.replaces]), [
    [hashOf(old), undefined], [hashOf(next), hashOf(old)]])
}

witness.know(b.read('log', 'log.vkey'))
await witness.start()
await Promise.all(fleet.nodes.map(n => n.start()))
await bothWays()
for (const node of fleet.nodes)
  await until(() => joins(node), l => l.length === 1, 'joined')
await Promise.all([b.stop(), c.stop()])

await test('the next key alone does not start, and the row stays', async () => {
  name(alone)
  await refused(/joined with another log key: name that one as well/)
  assert.equal((await rowOf(fleet.origin(1))).vkey, readVkey(old))
})

await test("both named: the node's row has the next key with the entry",
  async () => {
    name(both)
    await b.start()
    await until(() => linesOf(b), l => l.length === 3, 'both sign')
    await b.published()
    cpSync(b.path('log/log.vkey'), next)
    const [said] = await entries(b, 'logkey.rotate')
    assert.equal(said.replaces, hashOf(old))
    assert.equal(said.vkey, hashOf(next))
    assert.notEqual(said.vkey, said.replaces)
    assert.equal((await rowOf(fleet.origin(1))).vkey, readVkey(next))
  })

await test('who runs records it, and so does the log itself', async () => {
  await recorded(a)
  await recorded(b)
  await bothWays()
})

await test('who was down records it when it comes back', async () => {
  assert.equal((await joins(c)).length, 1)
  await c.start()
  await recorded(c)
  await across(b, c)
  await across(c, b)
})

await test('a witness that has the former key cosigns while both sign',
  async () => {
    const s = await until(() => logState(b), caughtUp, 'witnessed')
    assert.equal(s.witnesses[0].state, 'agrees')
  })

await test('while the node is down, confirm and verify take either key',
  async () => {
    await b.stop('SIGKILL')
    for (const key of [[], ['--key', old], ['--key', next]]) {
      const said = await okse(['registry', 'confirm', ...key, '--owner',
        database.owner, b.path('log')])
      assert.equal(said.status, 0, said.stderr)
      const checked = await okse(['registry', 'verify', '--log',
        b.path('log'), ...key, database.uri('okse')])
      assert.equal(checked.status, 0, checked.stdout + checked.stderr)
    }
  })

await test('before its witness knows the next key, that alone does not open',
  async () => {
    name(alone)
    await refused(/quorum/)
    await witness.stop()
    witness.know(readFileSync(old, 'utf8') + readFileSync(next, 'utf8'))
    await witness.start()
    await b.start()
    await bothWays()
    await until(() => logState(b), caughtUp, 'witnessed')
    assert.equal(linesOf(b).length, 2)
  })

await test('the former key alone does not come back', async () => {
  await b.stop()
  name(first)
  await refused(/joined with another log key|is not named any more/)
  name(alone)
  await b.start()
  await bothWays()
})

await test('nobody records it twice, and all logs verify by the first keys',
  async () => {
    for (const node of fleet.nodes) {
      await node.published()
      await recorded(node)
      assert.equal(await node.stop(), 0)
      const key = node === b ? old : node.path('log/log.vkey')
      const r = await okse(['audit', 'verify', '--json', '--key', key,
        node.path('log')])
      assert.equal(r.status, 0, r.stdout + r.stderr)
      assert.equal(JSON.parse(r.stdout).handovers.length, node === b ? 1 : 0)
    }
  })

await test('replayed together the logs are explained, by either key',
  async () => {
    const logs = fleet.nodes.map(n => n.path('log'))
    for (const key of [old, next]) {
      const keys = [a.path('log/log.vkey'), key, c.path('log/log.vkey')]
      const r = await okse(['audit', 'replay', '--policies',
        a.path('policy'), '--roster', a.path('ceremony/roster.txt'), '--json',
        ...keys.flatMap(k => ['--key', k]), ...logs])
      assert.equal(r.status, 0, r.stdout + r.stderr)
      const said = JSON.parse(r.stdout)
      assert.equal(said.verdict, 'explained')
      assert.equal(said.missing_count, 0)
    }
  })

await witness.stop()
await fleet.stop()
done()

// Officers change in a fleet: a ceremony for each token, one node after the
// other, while the other serves; then a node's certificates are renewed by the
// new officers. The service knows its holders all the while.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { X509Certificate } from 'node:crypto'
import { test, done, temporary, remove, okse, configs, person, issue, until,
  qrTokenBody, credentialBody, failedRules, Wallet }
  from './lib/instance.mjs'
import { Database } from './lib/fleet.mjs'
import { softhsm } from './lib/room.mjs'
import { Machine, bundle } from './lib/production.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const at = (...names) => path.join(home, ...names)
const stores = { first: softhsm(at('store-1')), second: softhsm(at('store-2')) }
const shipped = name => path.join(configs, 'ceremony', `${name}.yaml`)

/** A shipped script, changed: its path. */
function changed (name, as, ...changes) {
  let text = readFileSync(shipped(name), 'utf8')
  for (const [from, to] of changes) {
    assert.notEqual(text.replace(from, to), text, String(from))
    text = text.replaceAll(from, to)
  }
  writeFileSync(at(`${as}.yaml`), text)
  return at(`${as}.yaml`)
}

/** Held with practice officers, and verified: its directory. */
async function held (script, as, env, ...args) {
  const dir = at(as)
  const r = await okse(['ceremony', 'rehearse', ...args, script, dir], { env })
  assert.equal(r.status, 0, r.stderr)
  const v = await okse(['ceremony', 'verify', dir])
  assert.equal(v.status, 0, v.stderr)
  return dir
}

let root, node, issued
await test('two nodes of one installation', async () => {
  root = await held(shipped('rehearsal'), 'root', stores.first)
  node = await held(shipped('further-node'), 'node', stores.second,
    '--previous', root)
  issued = await held(shipped('node-certificates'), 'issued', stores.first,
    '--previous', root, '--node', node)
  await bundle(at('policy'))
})

/** The policy in force, signed by two officers of a ceremony. */
async function sign (dir, officers) {
  rmSync(path.join(dir, 'signatures'), { force: true })
  for (const seat of ['1', '2']) {
    const r = await okse(['policy', 'sign', '--seat', seat, '--key',
      path.join(officers, `officers/${seat}.key`), '--roster',
      path.join(officers, 'ceremony/roster.txt'), dir])
    assert.equal(r.status, 0, r.stderr)
  }
}
/** A share of one ceremony, given with what the officer has of `own`. */
const give = (m, dir, seat, own = dir) => okse(['unseal', '--dir', m.dir,
  '--share', path.join(dir, `officers/${seat}.share`), '--ceremony', own])
async function open (m, dir) {
  for (const seat of [1, 2]) {
    const r = await give(m, dir, seat)
    assert.equal(r.status, 0, r.stderr)
    assert.match(r.stderr, /Ceremony, roster, register and token are those/)
  }
  await m.waitReady()
}

const database = await new Database().start()
await database.migrate()
let first, second
await test('both are opened by the officers of the birth', async () => {
  const machine = options => new Machine(temporary(), {
    policy: at('policy'), registry: database.uri('okse'), ...options
  })
  first = machine({ dir: root, store: at('store-1'),
    origin: 'okse.example/rehearsal' })
  second = machine({ dir: node, issued, store: at('store-2'),
    suffix: '-node2', origin: 'okse.example/rehearsal-node2' })
  for (const [m, dir] of [[first, root], [second, node]]) {
    await sign(m.path('policy/1'), dir)
    const r = await okse(['registry', 'join', '--owner', database.owner,
      m.path('okse.yaml')])
    assert.equal(r.status, 0, r.stderr)
    await m.start()
    await open(m, dir)
  }
})

const holder = person()
let spare
const has = async m => {
  const c = await m.post('/v1/credentials', credentialBody(holder, spare,
    await (await Wallet.create()).device(m)))
  assert.equal(c.status, 403, c.text)
  assert.ok(failedRules(c).includes('one-device'), c.text)
}
await test('somebody has a device of the first', async () => {
  spare = (await first.post('/v1/qr-tokens', qrTokenBody(holder)))
    .json.qr_token
  assert.equal((await issue(first, holder)).reply.status, 201)
  await has(second)
})

/** okse.yaml takes its officers and its register from another ceremony. */
const configure = (m, from, to) => writeFileSync(m.path('okse.yaml'),
  m.read('okse.yaml').replaceAll(`${from}/ceremony/`, `${to}/ceremony/`),
  { mode: 0o600 })

let next
await test('officers change on the first, while the second serves',
  async () => {
    assert.equal(await first.stop(), 0)
    next = await held(shipped('officer-change'), 'change-1', stores.first,
      '--previous', issued)
    assert.equal((await issue(second, person())).reply.status, 201)
    configure(first, root, next)
    await sign(first.path('policy/1'), next)
    await first.start()
    // who left opens nothing; who still holds a share of then, neither
    for (const seat of [1, 2]) {
      const r = await give(first, root, seat, next)
      assert.equal(r.status, 1, r.stderr)
      assert.match(r.stderr, /of another set/)
    }
    await open(first, next)
    await has(first)
  })

let next2
await test('then on the second, while the first serves', async () => {
  assert.equal(await second.stop(), 0)
  next2 = await held(changed('officer-change', 'change-2',
    ['token: okse-rehearsal', 'token: okse-node2']), 'change-2-held',
  stores.second, '--previous', node)
  assert.equal((await issue(first, person())).reply.status, 201)
  configure(second, node, next2)
  await sign(second.path('policy/1'), next2)
  await second.start()
  // each token has a secret of its own from then on
  const r = await give(second, next, 1, next2)
  assert.equal(r.status, 1, r.stderr)
  assert.match(r.stderr, /of another set/)
  assert.equal((await give(second, node, 2, next2)).status, 1)
  await open(second, next2)
  await has(second)
})

await test('the new officers renew the second\'s certificates', async () => {
  const script = changed('node-certificates', 'renewal',
    ['Practice Officer Two', 'Practice Officer Four'],
    ['-signer-node2', '-signer-node2b'])
  const renewed = await held(script, 'renewed', stores.first, '--previous',
    next, '--node', next2)
  const register = readFileSync(path.join(renewed, 'ceremony/register.txt'),
    'utf8')
  for (const use of ['document', 'qr', 'status', 'metadata']) {
    const [before, now] = [[issued, 'node2'], [renewed, 'node2b']].map(
      ([dir, of]) => new X509Certificate(readFileSync(
        path.join(dir, `ca/${use}-signer-${of}.pem`))))
    assert.ok(now.publicKey.equals(before.publicKey))
    assert.notEqual(now.serialNumber, before.serialNumber)
    assert.match(register, new RegExp(`^certificate ${use}-signer-node2 `, 'm'))
    assert.match(register, new RegExp(`^certificate ${use}-signer-node2b `,
      'm'))
  }
  assert.equal(await second.stop(), 0)
  cpSync(path.join(renewed, 'ca'), path.join(issued, 'ca'),
    { recursive: true })
  writeFileSync(second.path('okse.yaml'), second.read('okse.yaml')
    .replaceAll('-signer-node2.pem', '-signer-node2b.pem'), { mode: 0o600 })
  await second.start()
  await open(second, next2)
  const document = readFileSync(
    path.join(renewed, 'ca/document-signer-node2b.pem'))
  const keys = await until(() => second.get('/v1/keys'),
    r => r.status === 200, 'keys')
  assert.ok(keys.json.keys.some(k => k.x5c[0] ===
    new X509Certificate(document).raw.toString('base64')), keys.text)
  assert.equal((await issue(second, person())).reply.status, 201)
  await has(second)
})

await test('not with a node whose officers are others', async () => {
  const r = await okse(['ceremony', 'rehearse', '--previous', next, '--node',
    node, at('renewal.yaml'), at('mixed')], { env: stores.first })
  assert.equal(r.status, 1)
  assert.match(r.stderr, /of other officers/)
})

await test('each log tells of the ceremonies of its node', async () => {
  for (const [m, dirs] of [[first, [root, next]], [second, [node, next2]]]) {
    await m.published()
    assert.equal(await m.stop(), 0)
    const shown = await okse(['audit', 'show', m.path('log')])
    assert.equal(shown.status, 0, shown.stderr)
    const told = shown.stdout.trim().split('\n').map(l => JSON.parse(l))
      .filter(e => e.ev === 'ceremony').map(e => e.transcript)
    assert.deepEqual(told, dirs.map(dir => readFileSync(
      path.join(dir, 'ceremony/transcript.log'), 'utf8').trim()
      .split('|').pop()))
  }
  await database.stop()
})

done()

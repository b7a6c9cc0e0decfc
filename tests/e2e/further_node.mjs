// A second node, as in production: its keys are made in a token of its own, in
// a ceremony on its machine, certified in another one where the authority's
// token is, and it serves beside the first on one PostgreSQL. The same officers
// open both, and both know a holder by the same pseudonym.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse, run, configs, person, issue,
  qrTokenBody, credentialBody, failedRules, Wallet }
  from './lib/instance.mjs'
import { Database } from './lib/fleet.mjs'
import { softhsm, productionScript, module } from './lib/room.mjs'
import { Room, Machine } from './lib/production.mjs'
import { recover, derivePin } from './lib/secret.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const room = new Room(home)
const [root, node, issued] = ['root', 'node', 'issued'].map(n => room.at(n))
const script = name => productionScript(room.who, {}, readFileSync(
  path.join(configs, 'ceremony', `${name}.yaml`), 'utf8'))
const practised = name => room.at(`${name}-rehearsed`)
const register = dir => readFileSync(path.join(dir, 'ceremony/register.txt'),
  'utf8')

await test('a node\'s script is for its own token alone', async () => {
  for (const [name, from, to, why] of [
    ['further-node', 'open-secret', 'open-token', /on its token/],
    ['further-node', 'label: qr-node2, type: p256',
      'label: qr-node2, type: p256, inherited: true', /not in the node's/],
    ['further-node', 'node: true', 'node: false', /open-secret: only/],
    ['further-node', '  - step: initialise-token\n', '', /to be opened/],
    ['further-node', 'open-secret', 'prove-possession', /\(open-secret\)/],
    ['node-certificates', 'open-token', 'open-secret', /open-secret: only/],
    ['node-certificates', '  - step: close', '  - { step: destroy-key, key: ' +
      'qr-node2 }\n  - step: close', /inherited key/]]) {
    const file = room.at('mistaken.yaml')
    const text = readFileSync(path.join(configs, 'ceremony', `${name}.yaml`),
      'utf8').replace(/#.*/g, '')
    assert.ok(text.includes(from), from)
    writeFileSync(file, text.replace(from, to))
    const r = await okse(['ceremony', 'check', file])
    assert.equal(r.status, 1, from)
    assert.match(r.stderr, why)
  }
})

await test('the birth, on the first machine', async () => {
  await room.root(root, 'machine')
})

await test('on the second, its token makes keys of its own', async () => {
  await room.hold('further-node', script('further-node'), {
    store: 'machine-2', dir: node, previous: root,
    rehearsed: { previous: practised('root') }
  })
  assert.match(register(node), /^token okse-node2 /m)
  assert.equal(register(node).match(/^key .* live$/gm).length, 6)
  assert.doesNotMatch(register(node), /^key issuing-ca /m)
  assert.equal(/^quorum .*/m.exec(register(node))[0],
    /^quorum .*/m.exec(register(root))[0])
})

await test('on the first, the authority certifies them', async () => {
  await room.hold('node-certificates', script('node-certificates'), {
    store: 'machine', dir: issued, previous: root, more: { node },
    rehearsed: {
      previous: practised('root'), store: 'root-practice',
      more: { node: practised('further-node') }
    }
  })
  assert.match(register(issued), /^certificate document-signer-node2 /m)
  assert.doesNotMatch(register(issued), /^key document-node2 /m)
})

await test('each verifies by itself; openssl accepts the certificates',
  async () => {
    for (const dir of [root, node, issued]) {
      const v = await okse(['ceremony', 'verify', '--production', dir])
      assert.equal(v.status, 0, v.stderr)
    }
    for (const use of ['document', 'qr', 'status', 'metadata']) {
      const pem = path.join(issued, `ca/${use}-signer-node2.pem`)
      const v = await run('openssl', ['verify', '-x509_strict', '-CAfile',
        path.join(root, 'ca/iaca.pem'), pem])
      assert.equal(v.status, 0, v.stderr)
      const of = await run('openssl', ['x509', '-in', pem, '-noout',
        '-pubkey'])
      assert.equal(of.stdout,
        readFileSync(path.join(node, `ca/keys/${use}-node2.pub.pem`), 'utf8'))
    }
  })

await test('one secret, and another PIN for each token', async () => {
  const dir = practised('further-node')
  const secret = recover([1, 2].map(n => path.join(dir, `officers/${n}.share`)))
  const login = label => run('pkcs11-tool', ['--module', module,
    '--token-label', 'okse-node2', '--login', '--pin', 'env:TEST_PIN',
    '--list-objects', '--type', 'privkey'], {
    env: { ...softhsm(room.at('further-node-practice')),
      TEST_PIN: derivePin(secret, label) }
  })
  const r = await login('okse-node2')
  assert.equal(r.status, 0, r.stderr)
  assert.equal(r.stdout.match(/label:/g).length, 6)
  assert.notEqual((await login('okse-rehearsal')).status, 0)
})

// ---- what is no node's, or not of this installation

const shipped = name => path.join(configs, 'ceremony', `${name}.yaml`)
const rehearse = (script, dir, args) => okse(['ceremony', 'rehearse',
  ...args, script, room.at(dir)], { env: softhsm(room.at('other-store')) })

await test('only with the node\'s ceremony, and of this installation',
  async () => {
    assert.equal((await rehearse(shipped('rehearsal'), 'other', [])).status, 0)
    const ours = room.at('node-certificates.yaml')
    const theirs = shipped('node-certificates')
    for (const [why, script, previous, of] of [
      [/--node/, ours, practised('root')],
      [/of other officers/, theirs, room.at('other'), practised('further-node')],
      [/certifies nothing but/, ours, practised('root'), node],
      [/no record is FILE with path ca.keys.document-node2/, ours, practised('root'), practised('root')],
      [/no keys brought/, shipped('document-signer'), room.at('other'), node]
    ]) {
      const r = await rehearse(script, `no-${why.source.length}`,
        ['--previous', previous, ...of ? ['--node', of] : []])
      assert.equal(r.status, 1)
      assert.match(r.stderr, why)
    }
  })

await test('a key that the node did not bring is found', async () => {
  for (const [file, from] of [['ceremony/node-register.txt', 'live'],
    ['ceremony/node-quorum.txt', '1'],
    ['ca/keys/qr-node2.pub.pem', 'M'], ['ca/qr-signer-node2.pem', 'M']]) {
    const copy = room.at('forged')
    cpSync(issued, copy, { recursive: true })
    const f = path.join(copy, file)
    writeFileSync(f, readFileSync(f, 'utf8').replace(from, 'N'))
    const v = await okse(['ceremony', 'verify', copy])
    assert.equal(v.status, 10, v.stderr)
    assert.ok(v.stderr.includes(file))
    rmSync(copy, { recursive: true })
  }
})

// ---- both serve

const database = await new Database().start()
await database.migrate()
const machine = options => new Machine(temporary(), {
  policy: room.at('policy', '1'), registry: database.uri('okse'), ...options
})
const first = machine({
  dir: root, store: room.at('machine'), origin: 'okse.example/rehearsal'
})
const second = machine({
  dir: node, issued, store: room.at('machine-2'), suffix: '-node2',
  origin: 'okse.example/rehearsal-node2'
})

await test('both join, and the same officers open them', async () => {
  for (const m of [first, second]) {
    const r = await okse(['registry', 'join', '--owner', database.owner,
      m.path('okse.yaml')])
    assert.equal(r.status, 0, r.stderr)
    await m.start()
  }
  const [one, two, three] = room.who
  await Promise.all([first.open(room, root, one, two),
    second.open(room, root, three, two)])
})

await test('whoever has a device of one has one of the other', async () => {
  const who = person()
  const visit = await first.post('/v1/qr-tokens', qrTokenBody(who))
  const c = await issue(first, who)
  assert.equal(c.reply.status, 201, c.reply.text)
  const again = await second.post('/v1/credentials', credentialBody(who,
    visit.json.qr_token, await (await Wallet.create()).device(second)))
  assert.equal(again.status, 403, again.text)
  assert.ok(failedRules(again).includes('one-device'))
})

await test('a QR token of the first is redeemed at the second', async () => {
  const who = person()
  const visit = await first.post('/v1/qr-tokens', qrTokenBody(who))
  const c = await second.post('/v1/credentials', credentialBody(who,
    visit.json.qr_token, await (await Wallet.create()).device(second)))
  assert.equal(c.status, 201, c.text)
  assert.equal(c.json.log.origin, 'okse.example/rehearsal-node2')
})

await test('each ends, and its log is of the ceremony of its keys', async () => {
  for (const [m, dir] of [[first, root], [second, node]]) {
    assert.equal(await m.stop(), 0)
    const v = await okse(['audit', 'verify', '--key', path.join(dir,
      'log/log.vkey'), m.path('log')])
    assert.equal(v.status, 0, v.stderr)
    const begun = readFileSync(path.join(dir, 'ceremony/transcript.log'),
      'utf8').trim().split('|').pop()
    const shown = await okse(['audit', 'show', m.path('log')])
    assert.ok(shown.stdout.includes(begun))
  }
  await database.stop()
})

done()

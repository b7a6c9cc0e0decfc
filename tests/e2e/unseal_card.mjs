// Officers open a service from a real ceremony with what they really have: a
// card that signs and a card's key that their share is encrypted to. PINs are
// typed at a terminal; every mistake costs nothing but itself.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync }
  from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse_program, person, issue }
  from './lib/instance.mjs'
import { module } from './lib/room.mjs'
import { Room, Machine, atTerminal } from './lib/production.mjs'

const PIN = '1234-card'
const home = temporary()
process.on('exit', () => remove(home))
const room = new Room(home)
const quiet = { env: room.env, stdio: ['ignore', 'pipe', 'ignore'] }

// ---- officers 1 and 2 keep the key of their share in the card too

const engine = room.at('openssl.cnf')
writeFileSync(engine, `openssl_conf = o
[o]
engines = e
[e]
pkcs11 = p
[p]
engine_id = pkcs11
dynamic_path = ${execFileSync('openssl', ['version', '-e']).toString()
  .match(/"(.*)"/)[1]}/pkcs11.so
MODULE_PATH = ${module}
init = 0
`)
const withEngine = { ...room.env, OPENSSL_CONF: engine }
const keyOn = p => `pkcs11:token=card-${p.as};object=share;type=private`

function shareOnCard (p, type, usage) {
  execFileSync('pkcs11-tool', ['--module', module, '--token-label',
    `card-${p.as}`, '--login', '--pin', PIN, '--keypairgen', '--key-type',
    type, '--label', 'share', '--id', '02', usage], quiet)
  execFileSync('openssl', ['req', '-x509', '-new', '-engine', 'pkcs11',
    '-keyform', 'engine', '-key', `${keyOn(p)};pin-value=${PIN}`, '-out',
    p.certificate, '-subj', `/CN=${p.as}`, '-days', '30'],
  { ...quiet, env: withEngine })
  rmSync(p.secretKey)
  p.recipient = execFileSync('openssl', ['x509', '-in', p.certificate,
    '-outform', 'DER']).toString('base64')
  p.open = sealed => ['openssl', 'cms', '-decrypt', '-inform', 'PEM', '-in',
    sealed, '-recip', p.certificate, '-engine', 'pkcs11', '-keyform',
    'engine', '-inkey', keyOn(p)]
}
const [one, two, three] = room.who
shareOnCard(one, 'EC:prime256v1', '--usage-derive')
shareOnCard(two, 'rsa:2048', '--usage-decrypt')
// as in a room where everybody has a reader beside them
for (const p of [one, two])
  p.opened = sealed => execFileSync('openssl', [...p.open(sealed).slice(1, -1),
    `${keyOn(p)};pin-value=${PIN}`], { ...quiet, env: withEngine })
    .toString().trim()

let dir
await test('the ceremony is held by people with such cards', async () => {
  dir = await room.root(room.at('root'), 'machine')
})

const service = new Machine(temporary(), {
  dir, store: room.at('machine'), policy: room.at('policy', '1'),
  origin: 'okse.example/rehearsal'
})
await service.start()
const given = async () =>
  (await service.adminCall('GET', '/v1/seal-status')).json.given

/** The officer's own machine: their card, roster, and what they wrote down. */
const card = p => `pkcs11:token=card-${p.as}?module-path=${module}`
const unseal = (p, seat, share, more = []) => [okse_program, 'unseal',
  '--dir', service.dir, '--card', card(p), '--roster',
  path.join(dir, 'ceremony/roster.txt'), '--seat', String(seat),
  ...share ? ['--share', share] : [], '--ceremony', dir, ...more]
const sealedShare = n => path.join(dir, 'officers', `${n}.share.cms`)

/** openssl and the card open the share; its line, as a file of the moment. */
async function lineOf (p, n, answers = [[/PIN/, PIN]]) {
  const r = await atTerminal(p.open(sealedShare(n)), withEngine, answers)
  const line = /okse-share1-[A-Z2-7-]+/.exec(r.shown)?.[0]
  if (!line) return undefined
  const file = room.at(`${p.as}.line`)
  writeFileSync(file, line + '\n', { mode: 0o600 })
  return file
}

await test('openssl opens a share by the key in the card', async () => {
  for (const [p, n] of [[one, 1], [two, 2]])
    assert.ok(await lineOf(p, n), p.as)
  assert.equal(await lineOf(one, 2), undefined)
  assert.equal(await lineOf(two, 2, [[/PIN/, '0000-card']]), undefined)
})

await test('a wrong PIN is refused by the card, once, and costs no more',
  async () => {
    const r = await atTerminal(unseal(one, 1, await lineOf(one, 1)),
      room.env, [[/PIN of the card/, 'not-the-pin']])
    assert.equal(r.status, 1)
    assert.match(r.shown, /refused the PIN, which was tried once/)
    assert.equal(r.shown.match(/PIN of the card/g).length, 1)
    assert.doesNotMatch(r.shown, /not-the-pin/)
    assert.deepEqual(await given(), [])
  })

await test('the card of somebody else signs nothing for this seat',
  async () => {
    const r = await atTerminal(unseal(two, 1, await lineOf(one, 1)),
      room.env, [[/PIN of the card/, PIN]])
    assert.equal(r.status, 1)
    assert.match(r.shown, /does not hold the key/)
    assert.deepEqual(await given(), [])
  })

await test('a share of another seat than the card\'s is refused', async () => {
  const r = await atTerminal(unseal(two, 2, await lineOf(one, 1)), room.env,
    [[/PIN of the card/, PIN]])
  assert.equal(r.status, 1)
  assert.match(r.shown, /share of seat 1, not of seat 2/)
  assert.deepEqual(await given(), [])
})

await test('a card that is taken out while its PIN is typed', async () => {
  const store = path.join(room.cards, 'tokens')
  const file = await lineOf(one, 1)
  const r = await atTerminal(unseal(one, 1, file), room.env,
    [[/PIN of the card/, () => {
      renameSync(store, `${store}-away`)
      mkdirSync(store)
      return PIN
    }]])
  rmSync(store, { recursive: true })
  renameSync(`${store}-away`, store)
  assert.equal(r.status, 1)
  assert.match(r.shown, /the card did not sign/)
  assert.match(r.shown, /token/)
  assert.deepEqual(await given(), [])
})

/** The share goes from one program to the other; both ask for the PIN. */
const quote = words => words.map(w => `'${w.replaceAll("'", "'\\''")}'`)
  .join(' ')
const piped = (p, n, pins) => atTerminal(['sh', '-c', `OPENSSL_CONF=${engine} ` +
  `${quote(p.open(sealedShare(n)))} | ${quote(unseal(p, n))}`], room.env, pins)

await test('two officers with their cards open it', async () => {
  const a = await piped(one, 1, [[/PIN for/, PIN], [/PIN of the card/, PIN]])
  assert.equal(a.status, 0, a.shown)
  assert.match(a.shown, /roster, register and token are those of \/\w+/)
  assert.deepEqual(await given(), [1])
  const b = await piped(two, 2, [[/PIN for/, PIN], [/PIN of the card/, PIN]])
  assert.equal(b.status, 0, b.shown)
  for (const r of [a, b]) {
    assert.match(r.shown, /PIN of the card \(not shown\) > \r\n/)
    assert.doesNotMatch(r.shown, /okse-share1/)
  }
  await service.waitReady()
  const c = (await issue(service, person())).reply
  assert.equal(c.status, 201, c.text)
})

await test('one officer closes it with their card, and is in the log',
  async () => {
    const r = await atTerminal([okse_program, 'seal', '--dir', service.dir,
      '--card', card(three), '--roster',
      path.join(dir, 'ceremony/roster.txt'), '--seat', '3'], room.env,
    [[/PIN of the card/, PIN]])
    assert.equal(r.status, 0, r.shown)
    const s = (await service.adminCall('GET', '/v1/seal-status')).json
    assert.equal(s.state, 'sealed')
  })

await test('a share in a file is opened with its key, and signed by the card',
  async () => {
    const r = await atTerminal(unseal(three, 3, sealedShare(3),
      ['--recipient', three.secretKey]), room.env, [[/PIN of the card/, PIN]])
    assert.equal(r.status, 0, r.shown)
    assert.deepEqual(await given(), [3])
  })

await test('the log has who opened and who closed it', async () => {
  const r = await atTerminal(unseal(one, 1, await lineOf(one, 1)), room.env,
    [[/PIN of the card/, PIN]])
  assert.equal(r.status, 0, r.shown)
  await service.waitReady()
  // what is shown is what was published
  await service.published()
  assert.equal(await service.stop(), 0)
  const shown = await service.okse(['audit', 'show', service.path('log')])
  const events = shown.stdout.trim().split('\n').map(l => JSON.parse(l))
  assert.deepEqual(events.filter(e => e.ev === 'unseal').map(e => e.seats),
    [[1, 2], [1, 3]])
  assert.deepEqual(events.filter(e => e.ev === 'seal')
    .map(e => [e.reason, e.seat]), [['officer', 3]])
})

await test('no PIN is in what it left', async () => {
  for (const at of [dir, service.dir])
    for (const name of readdirSync(at, { recursive: true, withFileTypes: true }))
      if (name.isFile())
        assert.ok(!readFileSync(path.join(name.path, name.name))
          .includes(PIN), name.name)
})

done()

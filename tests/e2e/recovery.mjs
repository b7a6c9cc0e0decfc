// The day the backup is for: a running service loses its token. Officers
// restore the keys onto another one, the daemon is configured on that, and
// goes on: the same keys sign, what it issued before still verifies, and it
// still knows whom it has given a device.

import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync,
  writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, done, remove, Instance, temporary, okse as command, configs, issue,
  person } from './lib/instance.mjs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const shipped = path.join(home, 'configs')
cpSync(configs, shipped, { recursive: true })
cpSync(path.join(configs, 'ceremony/backup.yaml'),
  path.join(shipped, 'ceremony/rehearsal.yaml'))

const okse = new Instance(temporary())
const at = name => path.join(okse.dir, name)
const start = () => okse.start({ env: { OKSE_CONFIGS: shipped } })
const restored = path.join(home, 'restored')
const env = { ...process.env, SOFTHSM2_CONF: at('softhsm/softhsm2.conf') }
const tokens = at('softhsm/tokens')
const somebody = person()

const keys = async () => (await okse.get('/v1/keys')).json.keys
const sdjwt = reply => reply.json.credentials
  .find(c => c.format === 'dc+sd-jwt').credential
const ca = () => readFileSync(at('ca/iaca.pem'), 'utf8')
const documentKey = all => all.map(k => JSON.stringify([k.x, k.y]))

let before, old, published
await test('a service born with a backup issues', async () => {
  await start()
  before = (await issue(okse, somebody)).reply
  assert.equal(before.status, 201, before.text)
  old = await keys()
  published = readFileSync(at('log/checkpoint'), 'utf8')
  await verifySdJwt(sdjwt(before), ca())
})

await test('without its token it does not open', async () => {
  await okse.stop()
  for (const dir of readdirSync(tokens))
    if (readFileSync(path.join(tokens, dir, 'token.object'))
      .includes(Buffer.from('okse-rehearsal')))
      rmSync(path.join(tokens, dir), { recursive: true })
  await assert.rejects(start())
  await okse.stop('SIGKILL')
})

await test('officers restore the keys onto another token', async () => {
  const r = await command(['ceremony', 'rehearse', '--previous', okse.dir,
    path.join(configs, 'ceremony/restore.yaml'), restored], { env })
  assert.equal(r.status, 0, r.stderr)
  const v = await command(['ceremony', 'verify', restored])
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /restored: 3 keys, each signed a challenge/)
})

/** docs/ceremony.md, "After a restore", by hand. */
async function configure () {
  const register = readFileSync(path.join(restored,
    'ceremony/register.txt'), 'utf8')
  const [, label, serial] = /^token (\S+) (\S+)$/m.exec(register)
  const idOf = key => new RegExp(`^key ${key} \\S+ (\\S+)`, 'm')
    .exec(register)[1]
  for (const file of ['quorum.txt', 'roster.txt', 'register.txt',
    'transcript.log'])
    cpSync(path.join(restored, 'ceremony', file), at(`ceremony/${file}`))
  cpSync(path.join(restored, 'ca'), at('ca'), { recursive: true })
  // a log whose first key was not wrapped is published anew, under the next
  renameSync(at('log'), at('log-before'))
  mkdirSync(at('log'))
  for (const key of ['log.vkey', 'log-ecdsa.vkey'])
    cpSync(path.join(restored, 'log', key), at(`log/${key}`))
  okse.edit('okse.yaml', /token=okse-rehearsal;serial=[^?]*/,
    `token=${label};serial=${serial}`)
  for (const key of ['qr', 'log', 'status', 'metadata']) {
    okse.edit('okse.yaml', new RegExp(`label: ${key}\n {4}id: ".*"`),
      `label: ${key}-2\n    id: "${idOf(`${key}-2`)}"`)
    okse.edit('okse.yaml', `/keys/${key}.pub.pem`, `/keys/${key}-2.pub.pem`)
    if (key !== 'log')
      okse.edit('okse.yaml', `/${key}-signer.pem`, `/${key}-signer-2.pem`)
  }
  // a rehearsal's officers have new keys: the policy counts by them
  for (const seat of [1, 2, 3])
    cpSync(path.join(restored, `officers/${seat}.key`),
      at(`officers/${seat}.key`))
  rmSync(at('policy/1/signatures'))
  for (const seat of ['1', '3']) {
    const s = await command(['policy', 'sign', '--seat', seat, '--key',
      at(`officers/${seat}.key`), '--roster', at('ceremony/roster.txt'),
      at('policy/1')])
    assert.equal(s.status, 0, s.stderr)
  }
}

await test('the daemon on that token is opened by the same officers', async () => {
  await configure()
  await start()
  const status = await okse.okse(['status', '--json'])
  assert.equal(JSON.parse(status.stdout).state, 'open')
})

await test('it signs with the same document key, for the same authority', async () => {
  const now = await keys()
  assert.ok(documentKey(now).some(k => documentKey(old).includes(k)))
  const { reply } = await issue(okse, person())
  assert.equal(reply.status, 201, reply.text)
  await verifySdJwt(sdjwt(reply), ca())
  const certificate = c => JSON.parse(Buffer.from(c.split('.')[0],
    'base64url')).x5c[0]
  assert.equal(certificate(sdjwt(reply)), certificate(sdjwt(before)))
})

await test('what it issued before still verifies', async () => {
  await verifySdJwt(sdjwt(before), ca())
})

await test('whom it has given a device it still knows', async () => {
  const { reply } = await issue(okse, somebody)
  assert.equal(reply.status, 403, reply.text)
  assert.ok(reply.json.decision.rules.some(r => r.id === 'one-device' &&
    r.outcome === 'fail'), reply.text)
})

await test('the log goes on under the key that it kept', async () => {
  const size = note => Number(note.split('\n')[1])
  const v = await command(['audit', 'verify', '--key',
    at('log-before/log-ecdsa.vkey'), at('log')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
  const now = readFileSync(at('log/checkpoint'), 'utf8')
  assert.ok(size(now) > size(published))
  // an auditor who kept the old checkpoint finds it in the new log
  writeFileSync(path.join(home, 'kept'), published)
  const c = await command(['audit', 'verify', '--key',
    at('log-before/log-ecdsa.vkey'), '--from', path.join(home, 'kept'),
    at('log')])
  assert.equal(c.status, 0, c.stdout + c.stderr)
})

await okse.stop()
done()

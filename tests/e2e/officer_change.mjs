// Officers change under a running service: the new ones open it, the old ones
// do not, and it still knows whom it has given a device.

import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import path from 'node:path'
import { test, done, remove, startInstance, temporary, okse as command, configs,
  person, Wallet, qrTokenBody, credentialBody } from './lib/instance.mjs'

const okse = await startInstance()
const at = name => path.join(okse.dir, name)
const next = temporary()
process.on('exit', () => remove(next))
const changed = path.join(next, 'ceremony')
const somebody = person()

const visit = async p => (await okse.post('/v1/qr-tokens',
  qrTokenBody(p))).json.qr_token
const issue = async (p, token) => okse.post('/v1/credentials',
  credentialBody(p, token, await (await Wallet.create()).device(okse)))

let spare
await test('somebody has a device before', async () => {
  spare = await visit(somebody)
  const c = await issue(somebody, await visit(somebody))
  assert.equal(c.status, 201, c.text)
})

await test('the ceremony gives the token to new officers', async () => {
  await okse.stop()
  const r = await command(['ceremony', 'rehearse', '--previous', okse.dir,
    path.join(configs, 'ceremony', 'officer-change.yaml'), changed],
  { env: { ...process.env, SOFTHSM2_CONF: at('softhsm/softhsm2.conf') } })
  assert.equal(r.status, 0, r.stderr)
  for (const file of ['ceremony/quorum.txt', 'ceremony/roster.txt',
    'ceremony/transcript.log'])
    cpSync(path.join(changed, file), at(file))
  // the policy in force counts by who is an officer now
  rmSync(at('policy/1/signatures'))
  for (const seat of ['1', '3']) {
    const s = await command(['policy', 'sign', '--seat', seat, '--key',
      path.join(changed, `officers/${seat}.key`), '--roster',
      at('ceremony/roster.txt'), at('policy/1')])
    assert.equal(s.status, 0, s.stderr)
  }
})

await test('the new officers open it', async () => {
  for (const seat of [1, 2, 3])
    for (const kind of ['share', 'key'])
      cpSync(path.join(changed, `officers/${seat}.${kind}`),
        at(`officers/${seat}.${kind}`))
  await okse.start()
  const status = await okse.okse(['status', '--json'])
  assert.equal(JSON.parse(status.stdout).state, 'open')
})

await test('whom it has given a device it still knows', async () => {
  const c = await issue(somebody, spare)
  assert.equal(c.status, 403, c.text)
  const failed = c.json.decision.rules.filter(r => r.outcome === 'fail')
  assert.ok(failed.some(r => r.id === 'one-device'), c.text)
})

await okse.stop()
done()

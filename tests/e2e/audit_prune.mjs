// Retention: a month is closed and archived, then its entries leave the
// published log, across a kill; receipts stay good, the auditor hears why
// entries are absent, and nothing goes that no archive keeps.

import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, done, startInstance, person, qrTokenBody, sleep, until }
  from './lib/instance.mjs'

const okse = await startInstance()
const log = (...names) => okse.path('log', ...names)
const keys = ['--key', log('log.vkey'), '--key', log('log-ecdsa.vkey')]
const audit = (...args) => okse.okse(['audit', ...args])
const archive = okse.path('archive')
const note = log('closed', '2026-11.note')
const first = log('tile', 'entries', '000')
const receipt = okse.path('x.tlog-proof')
const prune = (...args) => audit('prune', '--dir', okse.path(), ...keys,
  ...args, archive)
const verify = async () => {
  const r = await audit('verify', ...keys, '--json', log())
  return { status: r.status, ...JSON.parse(r.stdout) }
}
const published = () => Number(readFileSync(log('checkpoint'), 'utf8')
  .split('\n')[1])
const more = async n => {
  for (let i = 0; i < n; i++)
    await okse.post('/v1/qr-tokens', qrTokenBody(person()))
}

await more(150)
await until(published, n => n > 256, 'a full bundle')
writeFileSync(receipt, (await audit('proof', log(), '7')).stdout)

await test('what no archive keeps, or no period closed, stays', async () => {
  assert.notEqual((await prune()).status, 0)
  assert.equal((await audit('archive', ...keys, log(), archive)).status, 0)
  const r = await prune()
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /no closed period/)
  assert.ok(existsSync(first))
})

await test('an index is where a bundle ends, within the archive', async () => {
  assert.equal((await audit('close', '--dir', okse.path(), '2026-11')).status,
    0)
  for (const min of ['0', '255', '257', '512', 'x'])
    assert.notEqual((await prune('--min', min)).status, 0, min)
  assert.equal((await verify()).minimum, 0)
})

await test('a notary killed amid it goes on by itself', async () => {
  const minimum = '/v1/log/minimum'
  const { pid } = (await okse.processes()).find(p => p.role === 'notary')
  const asked = okse.adminCall('POST', `${minimum}/256`).catch(() => {})
  await sleep(15)
  process.kill(pid, 'SIGKILL')
  await asked
  await until(() => okse.processes(), ps => ps.some(p =>
    p.role === 'notary' && p.pid !== pid), 'another notary')
  const seen = new Set()
  await until(async () => {
    const m = (await okse.adminCall('GET', minimum)).json
    // killed before its entry was durable, it was never asked for
    if (m?.minimum === 0 && m.state === 'done')
      await okse.adminCall('POST', `${minimum}/256`)
    seen.add((await verify()).status)
    return m
  }, m => m.minimum === 256 && m.state === 'done', 'removed')
  assert.ok(!seen.has(1), [...seen].join())
})

await test('archived entries go, and a second time is as good', async () => {
  const r = await prune()
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /below 256 are gone/)
  assert.ok(!existsSync(first))
  assert.ok(existsSync(log('tile', '0', '000')))
  assert.equal((await prune()).status, 0)
  await more(1)
  const v = await verify()
  assert.equal(v.status, 0)
  assert.deepEqual([v.minimum, v.absent], [256, 256])
  const shown = (await audit('show', '--from', '256', '--event', 'prune',
    log())).stdout.trim().split('\n').map(l => JSON.parse(l))
  assert.equal(shown.length, 1)
  assert.equal(shown[0].min, 256)
})

await test('old receipts and checkpoints are as good as ever', async () => {
  assert.equal((await audit('check-receipt', ...keys, receipt)).status, 0)
  const r = await audit('diff', ...keys, note, log('checkpoint'), log())
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

await test('the next archive begins where the entries do', async () => {
  const r = await audit('archive', ...keys, log(), okse.path('next'))
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /256 below the minimum index/)
})

await test('what a crash left is removed at the next start', async () => {
  await okse.stop()
  copyFileSync(path.join(archive, 'log/tile/entries/000'), first)
  await okse.start()
  await until(() => existsSync(first), there => !there, 'removed')
  assert.equal((await verify()).status, 0)
})

await okse.stop()
done()

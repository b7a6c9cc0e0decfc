// The log in the hands of an auditor: verified from its files, by our tool
// and by others; every lie in it is found.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync, cpSync, readdirSync } from 'node:fs'
import path from 'node:path'
import {
  test, skip, done, startInstance, person, issue, qrTokenBody, run, top,
  until
} from './lib/instance.mjs'

const okse = await startInstance()
const log = (...names) => okse.path('log', ...names)
const issued = []
for (let i = 0; i < 5; i++)
  issued.push((await issue(okse, person())).reply)
const refused = await okse.post('/v1/qr-tokens',
  qrTokenBody(person({ foreign: true })))

const checkpointSize = () =>
  Number(readFileSync(log('checkpoint'), 'utf8').split('\n')[1])
const covered = index => until(checkpointSize, size => size > index,
  `entry ${index} published`)
const verify = (dir = log()) => okse.okse(['audit', 'verify', '--json',
  '--key', log('log.vkey'), dir])

await test('what was acknowledged is published soon', async () => {
  await covered(refused.json.log.index)
})

await test('it verifies while the daemon runs', async () => {
  const r = await verify()
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

await test('every answer names its entry, and the entry its draft',
  async () => {
    const r = await okse.okse(['audit', 'show', log()])
    const entries = r.stdout.trim().split('\n').map(l => JSON.parse(l))
    for (const a of issued) {
      const e = entries[a.json.log.index]
      assert.equal(e.seq, a.json.log.index)
      assert.equal(e.out, 'allow')
      const [h, p] = a.json.credentials[0].credential.split('~')[0].split('.')
      assert.deepEqual(e.drafts,
        [createHash('sha256').update(`${h}.${p}`).digest('hex')])
    }
    const e = entries[refused.json.log.index]
    assert.equal(e.out, 'deny')
    assert.equal(e.drafts, undefined)
    assert.equal(e.rules['not-foreigner'], 'fail')
  })

await test('a receipt over HTTP is checked offline', async () => {
  const { index } = issued[0].json.log
  const r = await okse.get(`/v1/log/proofs/${index}`)
  assert.equal(r.status, 200, r.text)
  const check = await okse.okse(['audit', 'check-receipt', log('log.vkey')],
    { input: r.text })
  assert.equal(check.status, 0, check.stderr)
  assert.equal(JSON.parse(check.stdout).seq, index)
})

await test('a receipt made offline is as good, and a false one is not',
  async () => {
    const { index } = issued[1].json.log
    const r = await okse.okse(['audit', 'proof', log(), String(index)])
    assert.equal(r.status, 0, r.stderr)
    const check = input => okse.okse(
      ['audit', 'check-receipt', log('log.vkey')], { input })
    assert.equal((await check(r.stdout)).status, 0)
    assert.equal((await check(r.stdout.replace(`index ${index}`,
      `index ${index + 1}`))).status, 1)
  })

await test('checkpoint and tiles are served as they lie there', async () => {
  const c = await okse.get('/v1/log/checkpoint')
  assert.equal(c.status, 200)
  assert.match(c.text, /^okse\.example\/rehearsal\n\d+\n/)
  const size = Number(c.text.split('\n')[1])
  const t = await okse.get(`/v1/log/tile/0/000.p/${size % 256}`)
  assert.equal(t.status, 200)
  assert.equal(t.bytes.length, 32 * (size % 256))
  for (const bad of ['/v1/log/tile/../log.vkey', '/v1/log/tile/0/%2e%2e',
    '/v1/log/tile/9/000', '/v1/log/../okse.yaml', '/v1/log/tile/0/999'])
    assert.ok([400, 404].includes((await okse.get(bad)).status), bad)
})

/** Debian's golang.org/x/mod on this very log, with a receipt. */
async function goAgrees () {
  const r = await run(path.join(top, 'tests/e2e/log_go.sh'), [],
    { env: { ...process.env, LOG_DIR: log() } })
  assert.equal(r.status, 0, r.stdout + r.stderr)
  return r.stdout
}
const goOutput = await goAgrees().catch(e => e)
if (/# SKIP/.test(goOutput))
  skip('Debian\'s Go packages verify note and tree', 'no golang')
else
  await test('Debian\'s Go packages verify note and tree', async () => {
    assert.match(String(goOutput), /^ok/m)
    assert.doesNotMatch(String(goOutput), /^not ok/m)
  })

await test('a restart continues it, and it verifies', async () => {
  assert.equal(await okse.stop(), 0)
  const before = checkpointSize()
  await okse.start()
  const { reply } = await issue(okse, person())
  await covered(reply.json.log.index)
  assert.ok(checkpointSize() > before)
  assert.equal(await okse.stop(), 0)
  const r = await verify()
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.equal(JSON.parse(r.stdout).starts, 2)
})

await test('one bit changed anywhere is found', async () => {
  const copy = okse.path('copy')
  cpSync(log(), copy, { recursive: true })
  const files = readdirSync(copy, { recursive: true, withFileTypes: true })
    .filter(e => e.isFile() && !e.name.endsWith('.vkey'))
    .map(e => path.join(e.path ?? e.parentPath, e.name))
    .filter(f => !f.includes('status-lists'))	// signed by themselves
  assert.ok(files.length >= 3)
  for (const f of files) {
    const bytes = readFileSync(f)
    const bad = Buffer.from(bytes)
    bad[bad.length >> 1] ^= 1
    writeFileSync(f, bad)
    const r = await verify(copy)
    assert.ok([1, 2].includes(r.status), `${f}: ${r.stdout}`)
    writeFileSync(f, bytes)
  }
  assert.equal((await verify(copy)).status, 0)
})

done()

// Copies of the registry while it serves: whole at one instant, judged by
// sqlite3 and by us; damage of every kind is found; restored, an old copy is
// held and the newest one serves.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync
} from 'node:fs'
import {
  test, done, startInstance, person, issue, until
} from './lib/instance.mjs'

const okse = await startInstance()
const copy = okse.path('monday.db')
const sql = (file, text) =>
  execFileSync('sqlite3', [file, text], { encoding: 'utf8' }).trim()
const verify = (...args) => okse.okse(['registry', 'verify', ...args])
const withLog = ['--log', okse.path('log'), '--key',
  okse.path('log', 'log.vkey')]

let running = true
const acknowledged = []
const workers = Array.from({ length: 4 }, async () => {
  while (running) {
    const { reply } = await issue(okse, person())
    assert.equal(reply.status, 201, reply.text)
    acknowledged.push(reply.json.log.index)
  }
})
await until(() => acknowledged.length, n => n > 10, 'requests served')
const before = acknowledged.length

await test('a backup is made while requests are served', async () => {
  const r = await okse.okse(['registry', 'backup', copy])
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stderr, /monday\.db: \d+ entries/)
  assert.equal(statSync(copy).mode & 0o777, 0o600)
  assert.ok(!existsSync(okse.path('backup', 'registry.db')))
  const again = await okse.okse(['registry', 'backup', copy])
  assert.equal(again.status, 5, again.stderr)
})
running = false
await Promise.all(workers)

await test('it has everything acknowledged before it was begun', () => {
  const n = +sql(copy, 'SELECT count(*) FROM entry')
  assert.ok(acknowledged.length > before)
  for (const index of acknowledged.slice(0, before))
    assert.ok(index < n, `${index} of ${n}`)
  assert.ok(+sql(copy, 'SELECT count(*) FROM device') >= before)
})

await test('sqlite3 finds it whole, and so do we, under its log', async () => {
  assert.equal(sql(copy, 'PRAGMA integrity_check'), 'ok')
  rmSync(copy + '-wal', { force: true })
  rmSync(copy + '-shm', { force: true })
  await okse.published()
  const r = await verify(...withLog, '--json', copy)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  const report = JSON.parse(r.stdout)
  assert.ok(report.good && report.checks.length >= 10)
  assert.ok(report.checks.every(c => c.bad === 0))
  assert.match(r.stderr, /shows \d+ entries more/)
})

await test('the backup is on the record', async () => {
  const r = await okse.okse(['audit', 'show', '--event', 'registry.backup',
    okse.path('log')])
  assert.equal(JSON.parse(r.stdout).entries,
    +sql(copy, 'SELECT count(*) FROM entry'))
})

await test('stats tell of the daemon\'s registry and of a copy alike',
  async () => {
    const live = await okse.okse(['registry', 'stats', '--json'])
    assert.equal(live.status, 0, live.stderr)
    const a = JSON.parse(live.stdout).stats
    const b = JSON.parse((await okse.okse(
      ['registry', 'stats', '--json', copy])).stdout).stats
    assert.deepEqual(a.devices.map(d => [d.programme, d.state]),
      [['resident-id', 'active']])
    assert.equal(a.devices[0].count, acknowledged.length)
    assert.equal(b.devices[0].count, +sql(copy, 'SELECT count(*) FROM device'))
    assert.ok(b.entries < a.entries && a.qr_tokens.redeemed > 0)
    const text = await okse.okse(['registry', 'stats'])
    assert.match(text.stdout, /resident-id +active +\d+ +20\d\d-/)
  })

// ---- damage

async function damaged (name, how, expected) {
  await test(`${name} is found`, async () => {
    const bad = okse.path('bad.db')
    for (const f of [bad, bad + '-wal', bad + '-shm'])
      rmSync(f, { force: true })
    copyFileSync(copy, bad)
    how(bad)
    const r = await verify(...withLog, bad)
    assert.equal(r.status, 1, r.stdout + r.stderr)
    assert.match(r.stdout + r.stderr, expected)
  })
}
const change = text => file => {
  sql(file, 'PRAGMA journal_mode=DELETE; PRAGMA ignore_check_constraints=1;' +
    text)
}

await damaged('a missing entry',
  change('DELETE FROM entry WHERE log_index = 5'), /dense from 0: 1 break/)
await damaged('a changed entry', change(
  'UPDATE entry SET bytes = cast(replace(cast(bytes AS TEXT), ' +
  '\'"upstream"\', \'"downstream"\') AS BLOB) WHERE log_index = ' +
  '(SELECT min(log_index) FROM entry ' +
  'WHERE cast(bytes AS TEXT) LIKE \'%"upstream"%\')'),
/those of the published log: 1 break/)
await damaged('an entry in another\'s place', change(
  'UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE log_index = 0) ' +
  'WHERE log_index = 1'), /in its place: 1 break/)
await damaged('a second device', change('DROP INDEX one_device; ' +
  'INSERT INTO device (holder, programme, device, serial, state, issued_at)' +
  ' SELECT holder, programme, device, serial, 1, issued_at FROM device ' +
  'LIMIT 1'), /one device for each holder.*: 1 break/)
await damaged('a value that no constraint allows', change(
  'UPDATE device SET state = 9 WHERE id = 1'), /in a state there is.*: 1 break/)
await damaged('a retry without its entry', change(
  'UPDATE idem SET log_index = 999999 WHERE log_index = ' +
  '(SELECT max(log_index) FROM idem)'), /every retry.*: 1 break/)
await damaged('a torn page', file => {
  const bytes = readFileSync(file)
  bytes.fill(0x5a, 3 * 4096, 3 * 4096 + 512)
  writeFileSync(file, bytes)
}, /break it|malformed|damaged|database/)
await damaged('a file cut short', file => {
  writeFileSync(file, readFileSync(file).subarray(0, 6 * 4096))
}, /break it|malformed|damaged|database/)
await damaged('a journal left beside it', file => {
  writeFileSync(file + '-wal', 'x')
}, /lacks its last commits/)

// ---- restored

await test('an old copy, restored, is held; the newest serves', async () => {
  assert.equal(await okse.stop(), 0)
  const kept = okse.path('kept.db')
  copyFileSync(okse.path('registry.db'), kept)
  rmSync(okse.path('registry.db-wal'), { force: true })
  copyFileSync(copy, okse.path('registry.db'))
  await okse.start({ ready: false })
  await until(() => okse.adminCall('GET', '/v1/seal-status'),
    r => r.json.hold, 'held')
  const held = okse.path('held.db')
  const b = await okse.okse(['registry', 'backup', held])
  assert.equal(b.status, 0, b.stderr)	// before anything is repaired
  assert.equal(await okse.stop(), 0)
  rmSync(okse.path('registry.db-wal'), { force: true })
  copyFileSync(kept, okse.path('registry.db'))
  await okse.start()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

done()

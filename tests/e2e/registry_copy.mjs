// From SQLite to PostgreSQL: every row, compared before it counts; the
// daemon goes on there as if nothing had happened; whatever is in the way is
// named and leaves nothing behind.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  test, done, startInstance, person, Wallet, issue, qrTokenBody,
  credentialBody, okse as command, until
} from './lib/instance.mjs'
import { Database } from './lib/fleet.mjs'

const okse = await startInstance()
const people = Array.from({ length: 8 }, () => person())
for (const who of people)
  assert.equal((await issue(okse, who)).reply.status, 201)
const late = person()
const key = { 'idempotency-key': randomUUID() }
const visit = await okse.post('/v1/qr-tokens', qrTokenBody(late))
const wallet = await Wallet.create()
const body = credentialBody(late, visit.json.qr_token,
  await wallet.device(okse))
const first = await okse.post('/v1/credentials', body, key)
assert.equal(first.status, 201, first.text)
await okse.published()

const database = await (await new Database().start()).migrate()
const config = okse.path('okse.yaml')
const file = okse.path('registry.db')
const copy = () => command(['registry', 'copy', '--config', config, file,
  database.owner])

await test('not while the daemon has the file', async () => {
  const r = await copy()
  assert.equal(r.status, 4, r.stderr)
})
assert.equal(await okse.stop(), 0)

await test('not before the node has joined', async () => {
  const r = await copy()
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /has not joined/)
  const j = await command(['registry', 'join', '--owner', database.owner,
    config])
  assert.equal(j.status, 0, j.stderr)
})

// without what the node said of itself when it joined
const there = table => database.sql(`SELECT count(*) FROM okse.${table}` +
  (table === 'meta' ? " WHERE name <> 'whole'" : ''))

await test('a target that changes what it is given is found out, and keeps ' +
  'nothing', async () => {
  await database.sql('CREATE FUNCTION okse.spoil() RETURNS trigger AS $$ ' +
    'BEGIN NEW.issued_at := NEW.issued_at + 1; RETURN NEW; END $$ ' +
    'LANGUAGE plpgsql; CREATE TRIGGER spoil BEFORE INSERT ON okse.device ' +
    'FOR EACH ROW EXECUTE FUNCTION okse.spoil()')
  const r = await copy()
  assert.equal(r.status, 1, r.stdout + r.stderr)
  assert.match(r.stderr, /table device: 9 rows were sent/)
  for (const table of ['device', 'entry', 'idem', 'meta'])
    assert.equal(await there(table), '0')
  await database.sql('DROP TRIGGER spoil ON okse.device; ' +
    'DROP FUNCTION okse.spoil()')
})

const sqlite = text =>
  execFileSync('sqlite3', [file, text], { encoding: 'utf8' }).trim()

await test('a column that it does not know stops it', async () => {
  sqlite('ALTER TABLE quota ADD COLUMN more INTEGER')
  const r = await copy()
  assert.match(r.stderr, /table quota has 3 columns, this copy knows 2/)
  sqlite('ALTER TABLE quota DROP COLUMN more')
})

await test('every row is there, by the word of both databases', async () => {
  const r = await copy()
  assert.equal(r.status, 0, r.stdout + r.stderr)
  const rows = r.stdout.trim().split('\n').map(l => l.split(/ +/))
  assert.equal(rows.length, 12)
  for (const [table, count, hash] of rows) {
    assert.match(hash, /^[0-9a-f]{64}$/)
    assert.equal(sqlite(`SELECT count(*) FROM ${table}`), count)
    assert.equal(await there(table), count)
  }
  const columns = 'holder, programme, device, serial, state, issued_at'
  assert.equal(
    await database.sql(`SELECT md5(string_agg(upper(encode(holder, 'hex')) ` +
      '|| upper(encode(serial, \'hex\')) || state || issued_at, \'\' ' +
      'ORDER BY id)) FROM okse.device'),
    execFileSync('md5sum', { encoding: 'utf8', input: sqlite(
      'SELECT group_concat(x, \'\') FROM (SELECT hex(holder) || hex(serial)' +
      ' || state || issued_at AS x FROM device ORDER BY id)') })
      .slice(0, 32), columns)
})

await test('into what is not empty it does not go', async () => {
  const r = await copy()
  assert.equal(r.status, 5, r.stderr)
  assert.match(r.stderr, /table device of the target has 9 rows/)
})

await test('the registry on the server is sound, under its log', async () => {
  const r = await okse.okse(['registry', 'verify', '--log', okse.path('log'),
    database.uri('okse')])
  assert.equal(r.status, 0, r.stdout + r.stderr)
  const s = await okse.okse(['registry', 'verify', database.uri('okse')])
  assert.equal(s.status, 0, s.stdout + s.stderr)
  const stats = await okse.okse(['registry', 'stats', '--json',
    database.uri('okse')])
  assert.equal(stats.status, 0, stats.stderr)
  assert.equal(String(JSON.parse(stats.stdout).stats.device_keys),
    await database.sql('SELECT count(*) FROM okse.device_key'))
  await database.sql('UPDATE okse.qr SET expires_at = issued_at - 1 ' +
    'WHERE cti = (SELECT cti FROM okse.qr ORDER BY cti LIMIT 1)')
  const bad = await okse.okse(['registry', 'verify', database.uri('okse')])
  assert.equal(bad.status, 1)
  assert.match(bad.stdout, /QR token.*: 1 break/)
})

await test('the daemon goes on there: retries, devices, the log', async () => {
  okse.edit('okse.yaml', /^registry: .*$/m,
    `registry: "${database.uri('okse')}"`)
  await okse.start()
  const again = await okse.again('/v1/credentials', body, key)
  assert.equal(again.status, 201, again.text)
  const content = r => r.json.credentials[0].credential.split('.')
    .slice(0, 2).join('.')
  assert.equal(content(again), content(first))
  for (const who of people)
    assert.equal((await okse.post('/v1/qr-tokens', qrTokenBody(who))).status,
      403)
  assert.equal((await issue(okse, person())).reply.status, 201)
  await okse.published()
  assert.equal(await okse.stop(), 0)
  const v = await okse.okse(['audit', 'verify', '--key',
    okse.path('log', 'log.vkey'), okse.path('log')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
})

await test('a database that forgot its last commits is repaired there, too',
  async () => {
    const rename = async (from, to) =>
      database.sql(`ALTER DATABASE ${from} RENAME TO ${to}`, 'postgres')
    await database.sql('CREATE DATABASE kept TEMPLATE okse', 'postgres')
    await okse.start()
    const lost = person()
    assert.equal((await issue(okse, lost)).reply.status, 201)
    await okse.published()
    assert.equal(await okse.stop(), 0)
    await rename('okse', 'forgotten')
    await rename('kept', 'okse')
    await okse.start({ ready: false })
    await until(() => okse.adminCall('GET', '/v1/seal-status'),
      r => r.json.hold && r.json.state === 'open', 'held')
    const r = await okse.okse(['registry', 'repair', '--yes'])
    assert.equal(r.status, 0, r.stdout + r.stderr)
    await okse.waitReady()
    assert.equal((await okse.post('/v1/qr-tokens', qrTokenBody(lost))).status,
      403)
    assert.equal((await issue(okse, person())).reply.status, 201)
    assert.equal(await okse.stop(), 0)
  })

await database.stop()
done()

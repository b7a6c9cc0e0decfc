// Deciding again, as an auditor does: a log of everything that happens at a
// counter is explained by the policies; a log with one forged decision is
// not, although its signature is right.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import {
  test, done, startInstance, person, issue, qrTokenBody, run, nextSecond, build,
  Wallet, credentialBody, CENTRE
} from './lib/instance.mjs'

const okse = await startInstance()
const log = okse.path('log')
const given = ['--policies', okse.path('policy'),
  '--roster', okse.path('ceremony/roster.txt')]
const replay = async (dir, ...more) => {
  const r = await okse.okse(['audit', 'replay', ...given, '--json',
    '--key', path.join(dir, 'log.vkey'), ...more, dir])
  return { ...r, json: r.stdout ? JSON.parse(r.stdout) : undefined }
}

// ---- a day at the counter

const people = []
for (let i = 0; i < 3; i++)
  people.push(person())
const first = await issue(okse, people[0])
assert.equal(first.reply.status, 201, first.reply.text)
assert.equal((await issue(okse, people[1])).reply.status, 201)
// a second phone by the same token, and without giving the first one up
assert.equal((await okse.post('/v1/credentials', credentialBody(people[0],
  first.qr_token, await (await Wallet.create()).device(okse)))).status, 403)
await nextSecond()	// a visit later than the last issue
assert.equal((await issue(okse, people[0], { changes:
  { purpose: 'reissue', reason: 'device-replaced' } })).reply.status, 201)
assert.equal((await issue(okse, people[1], { changes:
  { purpose: 'reissue', reason: 'Hong wants it' } })).reply.status, 403)
for (const who of [person({ foreign: true }), person({ age: 16 }),
  person({ card: null }), person({ card: { status: 'lost' } }),
  person({ residence: '99999' })])
  assert.equal((await okse.post('/v1/qr-tokens', qrTokenBody(who))).status,
    403)
const dry = await okse.post('/v1/decisions', {
  operation: 'credential', ...qrTokenBody(people[2])
})
assert.equal(dry.status, 200, dry.text)
const last = await okse.post('/v1/qr-tokens', qrTokenBody(people[2],
  { programme: 'nosuch' }))
assert.equal(last.status, 403)
const published = () =>
  +readFileSync(path.join(log, 'checkpoint'), 'utf8').split('\n')[1]
await okse.published()
assert.ok(published() > last.json.log.index)
assert.equal(await okse.stop(), 0)

const lines = (await okse.okse(['audit', 'show', log])).stdout.trim()
  .split('\n')
const decisions = lines.map(l => JSON.parse(l)).filter(e =>
  e.ev === 'decision')

await test('every decision is explained by the policy in force', async () => {
  const r = await replay(log)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.equal(r.json.verdict, 'explained')
  const check = name => r.json.checks.find(c => c.check === name)
  assert.equal(check('Decisions').total, decisions.length)
  assert.equal(check('Decisions').good, decisions.length)
  assert.ok(check('Policies').total >= 1)
  assert.equal(check('Devices').good, 3)
  assert.equal(check('Tokens').good, 6)
  assert.equal(check('Keys').good, 3)
  assert.equal(r.json.untold, 0)
  assert.equal(r.json.active_devices, 2)
})

await test('in words, one line for each check and a verdict', async () => {
  const r = await okse.okse(['audit', 'replay', ...given, log])
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /^Decisions +\d+\/\d+ .* OK$/m)
  assert.match(r.stdout, /^EXPLAINED$/m)
})

await test('what the rules looked at tells nobody', () => {
  const text = lines.join('\n')
  for (const p of people) {
    assert.ok(!text.includes(p.holder.number))
    assert.ok(!text.includes(p.holder.birth_date))
    assert.ok(!text.includes(p.holder.birth_date.replaceAll('-', '')))
    assert.ok(!text.includes(p.claims.given_name))
  }
  assert.ok(!text.includes('Hong wants it'))
  const e = decisions.find(d => d.op === 'credential' && d.out === 'allow')
  assert.equal(e.facts.saw['holder-age'], 30)
  assert.equal(e.facts.centre, CENTRE.slice(0, 5))
})

// ---- the same log, told otherwise and signed by somebody who may

const relog = async (name, entries) => {
  const dir = okse.path(name)
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir)
  const r = await run(path.join(build, 'tool/make_log'), ['--entries', dir],
    { input: entries.join('\n') + '\n' })
  assert.equal(r.status, 0, r.stderr)
  const v = await okse.okse(['audit', 'verify', '--key',
    path.join(dir, 'log.vkey'), dir])
  assert.equal(v.status, 0, v.stdout + v.stderr)
  return dir
}
const change = (find, how) => {
  const index = lines.findIndex(l => find(JSON.parse(l)))
  assert.ok(index >= 0)
  const forged = [...lines]
  forged[index] = how(lines[index])
  assert.notEqual(forged[index], lines[index])
  return { index, forged }
}
const found = async (name, { index, forged }, why) => {
  const r = await replay(await relog(name, forged))
  assert.equal(r.status, 1, r.stdout + r.stderr)
  assert.equal(r.json.verdict, 'unexplained')
  assert.equal(r.json.findings[0].index, index)
  assert.match(r.json.findings[0].why, why)
}

await test('the log is explained under another key too', async () => {
  const r = await replay(await relog('same', lines))
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

const refused = e => e.out === 'deny' && e.rules['not-foreigner'] === 'fail'
await test('a refusal turned into an allowance is found', () =>
  found('allowed', change(refused, l => l.replaceAll('"fail"', '"pass"')
    .replace('"deny"', '"allow"')), /the policy refuses/))

await test('a refusal with a rule left out of it is found', () =>
  found('lighter', change(e => e.out === 'deny' &&
    e.rules['holder-age'] === 'fail', l => l.replace('"holder-age":"fail"',
    '"holder-age":"pass"')), /holder-age: the log says "pass"/))

await test('a longer life than the policy grants is found', () =>
  found('longer', change(e => e.op === 'credential' && e.out === 'allow' &&
    e.purpose === 'first-issue', l => l.replace(/"expiry":(\d)/,
    (_, d) => `"expiry":${+d + 1}`)), /another time/))

await test('a token redeemed twice is found', async () => {
  const used = decisions.filter(e => e.used)
  const index = used[1].seq
  const forged = [...lines]
  forged[index] = lines[index].replace(used[1].used, used[0].used)
  await found('twice', { index, forged }, /redeemed again/)
})

await test('a policy that nobody brought is missed', async () => {
  const none = okse.path('none')
  mkdirSync(none)
  const r = await okse.okse(['audit', 'replay', '--policies', none,
    '--roster', okse.path('ceremony/roster.txt'), log])
  assert.equal(r.status, 4, r.stdout)
  assert.match(r.stderr, /no bundle/)
})

await test('a bundle whose signatures do not count explains nothing',
  async () => {
    const roster = readFileSync(okse.path('ceremony/roster.txt'), 'utf8')
    assert.match(roster, /officer|seat|threshold/i)
    const other = await startInstance({ args: ['--prepare'], ready: false })
    await other.ended
    const r = await okse.okse(['audit', 'replay', '--policies',
      okse.path('policy'), '--roster', other.path('ceremony/roster.txt'),
      '--json', log])
    assert.equal(r.status, 1, r.stdout + r.stderr)
    assert.match(r.stderr, /policy 1: /)
  })

await test('a damaged log is not told of', async () => {
  const r = await okse.okse(['audit', 'replay', ...given, '--key',
    path.join(okse.path('same'), 'log.vkey'), log])
  assert.equal(r.status, 1, r.stdout)
  assert.equal(r.stdout, '')
})

done()

// What an auditor asks of a log beside whether it is true: how many of what,
// a sample that nobody could have prepared, what is missing. The answers are
// computed here once more, from the entries, by other code.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  test, done, startInstance, person, issue, qrTokenBody, run, build
} from './lib/instance.mjs'

const okse = await startInstance()
const log = okse.path('log')
for (const residence of ['11110', '26110', '11110'])
  await issue(okse, person({ residence }))
for (const who of [person({ foreign: true }), person({ age: 15 })])
  await okse.post('/v1/qr-tokens', qrTokenBody(who))
await okse.post('/v1/decisions',
  { operation: 'qr-token', ...qrTokenBody(person()) })
const size = () =>
  +readFileSync(path.join(log, 'checkpoint'), 'utf8').split('\n')[1]
await okse.published()
assert.equal(await okse.stop(), 0)

const audit = async (...args) => {
  const r = await okse.okse(['audit', ...args])
  return { ...r, json: args.includes('--json') && r.stdout
    ? JSON.parse(r.stdout)
    : undefined }
}
const entries = (await audit('show', log)).stdout.trim().split('\n')
  .map(l => JSON.parse(l))
const decisions = entries.filter(e => e.ev === 'decision')

await test('one entry, a receipt and two checkpoints answer as asked',
  async () => {
    const key = ['--key', path.join(log, 'log.vkey')]
    const receipt = okse.path('7.tlog-proof')
    const note = path.join(log, 'checkpoint')
    writeFileSync(receipt, (await audit('proof', log, '7')).stdout)
    const one = await audit('show', log, '7')
    assert.deepEqual(JSON.parse(one.stdout), entries[7])
    assert.equal((await audit('show', log, `${size()}`)).status, 1)
    const checked = await audit('check-receipt', '--json', ...key, receipt)
    assert.equal(checked.status, 0, checked.stderr)
    assert.deepEqual([checked.json.index, checked.json.size,
      checked.json.entry], [7, size(), entries[7]])
    assert.equal((await audit('check-receipt')).status, 2)
    const same = await audit('diff', '--json', ...key, note, note)
    assert.deepEqual(same.json,
      { outcome: 'same', sizes: [size(), size()], proof: [] })
    const all = await audit('range', log)
    assert.equal(all.stdout.trim().split('\n').length, entries.length)
    const wrong = await audit('verify', '--key', note, log)
    assert.equal(wrong.status, 4)
    assert.match(wrong.stderr, /--key \S+checkpoint: /)
  })

await test('the counts are those of the entries', async () => {
  const { status, json } = await audit('range', '--summary', '--json', log,
    '2020-01-01', '2099-12-31')
  assert.equal(status, 0)
  assert.equal(json.entries, entries.length)
  assert.ok(json.log.verified)
  for (const [ev, n] of Object.entries(json.events))
    assert.equal(n, entries.filter(e => e.ev === ev).length, ev)
  const of = (list, name) => json[list].find(r => r.name === name)
  const count = (f, out, dry) => decisions.filter(e => f(e) &&
    e.out === out && !!e.dry === dry).length
  for (const [list, member] of [['programme', 'programme'],
    ['operation', 'op'], ['region', 'region'], ['caller', 'caller']])
    for (const r of json[list])
      assert.deepEqual([r.allow, r.deny, r.dry_allow, r.dry_deny],
        [['allow', false], ['deny', false], ['allow', true], ['deny', true]]
          .map(([out, dry]) => count(e => (e[member] ?? '-') === r.name, out,
            dry)), `${list} ${r.name}`)
  assert.equal(of('region', '11110').allow, 4)
  for (const r of json.rule)
    assert.deepEqual([r.pass, r.fail, r.monitor, r.na],
      ['pass', 'fail', 'mon', 'na'].map(o =>
        decisions.filter(e => e.rules[r.name] === o).length), r.name)
  assert.equal(json.hour.reduce((n, h) => n + h.allow + h.deny +
    h.dry_allow + h.dry_deny, 0), decisions.length)
})

await test('days are Korean, and times are exact', async () => {
  const t = decisions[2].t
  const second = Math.floor(t / 1000) * 1000
  const iso = ms => new Date(ms).toISOString().replace('.000', '')
  const within = entries.filter(e => e.t >= second && e.t < second + 1000)
  const r = await audit('range', log, iso(second), iso(second + 1000))
  assert.equal(r.status, 0, r.stderr)
  assert.deepEqual(r.stdout.trim().split('\n').map(l => JSON.parse(l).seq),
    within.map(e => e.seq))
  const day = new Date(t + 9 * 3600e3).toISOString().slice(0, 10)
  assert.equal((await audit('range', '--json', log, day, day)).json.entries,
    entries.filter(e => new Date(e.t + 9 * 3600e3).toISOString()
      .startsWith(day)).length)
  assert.equal((await audit('range', '--json', log, '2020-01-01',
    '2020-01-02')).json.entries, 0)
  assert.equal((await audit('range', log, 'yesterday', day)).status, 2)
})

await test('a sample is drawn by sha256sum alike', async () => {
  const seed = 'lottery 3 11 19 28 35 42'
  const population = decisions.map(e => e.seq)
  const drawn = []
  for (let i = 1; drawn.length < 5; i++) {
    const sum = (await run('sha256sum', [], { input: `${seed}:${i}` })).stdout
    const index = population[Number(BigInt('0x' + sum.slice(0, 15)) %
      BigInt(population.length))]
    if (!drawn.includes(index)) drawn.push(index)
  }
  const { status, json } = await audit('sample', '--seed', seed, '--n', '5',
    '--event', 'decision', '--json', log)
  assert.equal(status, 0)
  assert.deepEqual(json.sample.map(s => s.index), drawn)
  assert.equal(json.population, population.length)
  assert.deepEqual(json.sample[0].entry, entries[drawn[0]])
  const lines = await audit('sample', '--seed', seed, '--n', '5', '--event',
    'decision', log)
  assert.deepEqual(lines.stdout.trim().split('\n').map(l => JSON.parse(l).seq),
    drawn)
  // more than there are: each once
  const all = await audit('sample', '--seed', 'x', '--n', '5000', '--json',
    log)
  assert.deepEqual(all.json.sample.map(s => s.index).sort((a, b) => a - b),
    entries.map(e => e.seq))
  assert.equal((await audit('sample', log)).status, 2)
})

await test('a log in order has no gaps', async () => {
  const { status, json, stdout } = await audit('gaps', '--json', log)
  assert.equal(status, 0, stdout)
  assert.equal(json.to_be_explained, false)
  const tickets = entries.filter(e => e.drafts).length
  assert.ok(tickets >= 6)
  assert.equal(json.tickets.allowed, tickets)
  assert.equal(json.tickets.done, tickets)
})

await test('an hour cut out of it is a gap', async () => {
  const dir = okse.path('silent')
  mkdirSync(dir)
  const half = entries.length >> 1
  const input = entries.map((e, i) => JSON.stringify(i < half
    ? e
    : { ...e, t: e.t + 3600e3 })).join('\n') + '\n'
  const r = await run(path.join(build, 'tool/make_log'), ['--entries', dir],
    { input })
  assert.equal(r.status, 0, r.stderr)
  const { status, json, stdout } = await audit('gaps', '--json', dir)
  assert.equal(status, 1, stdout)
  assert.equal(json.totals.silent, 1)
  assert.equal(json.gaps.find(g => g.kind === 'silent').index, half - 1)
  assert.equal((await audit('gaps', '--silence', '4000', dir)).status, 0)
})

await test('a damaged log is told of only when asked to', async () => {
  const copy = okse.path('copy')
  cpSync(log, copy, { recursive: true })
  const bundle = path.join(copy, `tile/entries/000.p/${size() % 256}`)
  const bytes = readFileSync(bundle)
  const at = bytes.lastIndexOf('"deny"')
  bytes.write('allow'.slice(0, 4), at + 1)
  writeFileSync(bundle, bytes)
  for (const args of [['gaps', copy], ['sample', '--seed', 'x', copy],
    ['range', copy, '2020-01-01', '2099-12-31']]) {
    const r = await audit(...args)
    assert.equal(r.status, 1, args[0])
    assert.equal(r.stdout, '')
  }
  assert.equal((await audit('range', '--unverified', '--json', copy,
    '2020-01-01', '2099-12-31')).json.log.verified, false)
})

await test('a file of counts is the same for whoever makes it', async () => {
  const csv = async () => createHash('sha256').update((await audit('range',
    '--csv', log, '2020-01-01', '2099-12-31')).stdout).digest('hex')
  assert.equal(await csv(), await csv())
})

done()

// The policy author's loop from the command line: mistakes shown with their
// line, cases that fail, what is in force, what a change would do; and that
// the reference policy's own cases miss none of its rules.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync }
  from 'node:fs'
import path from 'node:path'
import { test, done, okse, configs, temporary } from './lib/instance.mjs'

const reference = path.join(configs, 'policy')

const made = []
process.on('exit', () =>
  made.forEach(dir => rmSync(dir, { recursive: true, force: true })))

/** A copy of the reference policy with one text in one file replaced. */
function changed (name, from, to) {
  const dir = temporary()
  made.push(dir)
  cpSync(reference, dir, { recursive: true })
  if (name) {
    const before = readFileSync(path.join(dir, name), 'utf8')
    const after = before.replace(from, to)
    assert.notEqual(after, before, `${name}: nothing matches ${from}`)
    writeFileSync(path.join(dir, name), after)
  }
  return dir
}

const policy = (...args) => okse(['policy', ...args])

// ---- check

await test('the reference policy has no mistake and says so', async () => {
  const r = await policy('check', reference)
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stderr, /^serial 1: no mistakes, \d{3} cases pass\n$/)
  assert.equal(r.stdout, '')
})

await test('a mistake is shown with its line and what was meant', async () => {
  const dir = changed('resident-id.yaml', 'at-least: 17', 'at-lesat: 17')
  const r = await policy('check', dir)
  assert.equal(r.status, 1)
  assert.match(r.stderr, /resident-id\.yaml:\d+:5: expected a known key, /)
  assert.match(r.stderr, /got "at-lesat"; did you mean "at-least"\?\n/)
  assert.match(r.stderr, /\| {5}at-lesat: 17\n {7}\| {5}\^\n$/)
})

await test('a policy that fails its own case is not loaded', async () => {
  const dir = changed('resident-id.yaml', 'at-least: 17', 'at-least: 16')
  for (const args of [['check', dir], ['show', dir],
    ['explain', '--policy', dir]]) {
    const r = await policy(...args)
    assert.equal(r.status, 1, args[0])
    assert.match(r.stderr, /resident-id_test\.yaml:\d+:\d+: case ".+": /)
    assert.match(r.stderr, /expected deny by .+; got /)
  }
})

// ---- test

await test('every case of the reference policy passes', async () => {
  const r = await policy('test', reference)
  assert.equal(r.status, 0, r.stdout)
  assert.match(r.stdout, /^\d{3} cases, 0 failed\n$/)
})

await test('each case that fails is told, with what was got', async () => {
  const dir = changed('resident-id.yaml', 'at-least: 17', 'at-least: 16')
  const r = await policy('test', dir)
  assert.equal(r.status, 1)
  assert.match(r.stdout, /^FAIL resident-id_test\.yaml:\d+: .+\n {5}expected /)
  assert.match(r.stdout, /\n\d{3} cases, 2 failed\n$/)
  const { failed, cases } = JSON.parse(
    (await policy('test', '--json', dir)).stdout)
  assert.equal(failed.length, 2)
  assert.ok(cases > 200)
  assert.deepEqual(Object.keys(failed[0]),
    ['file', 'line', 'case', 'expected', 'got'])
})

await test('a case that cannot be read is a mistake', async () => {
  const dir = changed('resident-id_test.yaml', 'outcome: allow',
    'outcom: allow')
  const r = await policy('test', dir)
  assert.equal(r.status, 1)
  assert.match(r.stderr, /got "outcom"; did you mean "outcome"\?/)
})

await test('a policy without cases is not a tested one', async () => {
  const r = await policy('test', path.join(configs, 'ceremony'))
  assert.equal(r.status, 1)
})

// Make each rule monitor in turn: what nobody notices, nobody tested.
const { programmes } = JSON.parse((await policy('show', '--effective',
  '--json', reference)).stdout)
await test('the cases notice when any one rule no longer refuses',
  async () => {
    const unnoticed = []
    for (const { programme } of programmes) {
      const text = readFileSync(path.join(reference, `${programme}.yaml`),
        'utf8')
      const rules = text.slice(text.indexOf('\nrules:'))
      for (const [, id] of rules.matchAll(/^ {2}([a-z-]+):$/gm)) {
        const dir = changed(`${programme}.yaml`,
          new RegExp(`(\\nrules:[^]*\\n  ${id}:\\n)`),
          '$1    mode: monitor\n')
        if ((await policy('test', dir)).status === 0)
          unnoticed.push(`${programme}: ${id}`)
      }
    }
    assert.deepEqual(unnoticed, [])
  })

// ---- show

await test('what is in force is told rule by rule', async () => {
  const r = await policy('show', '--effective', reference)
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /resident-id, credential: 18 rules/)
  assert.match(r.stdout, /holder-age +enforce +age\n +at-least: 17\n +Act 24/)
  assert.match(r.stdout, /from: 2024-12-27T00:00:00\+09:00/)
  const dir = changed('resident-id.yaml', 'kind: age\n',
    'kind: age\n    mode: monitor\n')
  // its own cases refuse this one
  assert.equal((await policy('show', '--effective', dir)).status, 1)
})

await test('every rule is there for every operation it is judged in',
  () => {
    assert.equal(programmes.length, 4)
    for (const p of programmes) {
      assert.deepEqual(p.operations.map(o => o.operation),
        ['qr-token', 'credential', 'status-change'])
      const [visit, issue] = p.operations.map(o => o.rules.map(r => r.id))
      assert.ok(visit.includes('quota') && issue.includes('quota'))
      assert.ok(!visit.includes('device-proof'))
      assert.ok(issue.includes('device-proof'))
      for (const { rules } of p.operations) {
        for (const rule of rules) {
          assert.deepEqual(Object.keys(rule), ['id', 'kind', 'mode',
            'purposes', 'parameters', 'basis'])
          assert.equal(rule.mode, 'enforce')
          assert.notEqual(rule.basis, '')
        }
      }
    }
  })

// ---- explain and simulate

const someone = (birth_date, number, change = {}) => ({
  operation: 'credential', programme: 'resident-id', purpose: 'first-issue',
  holder: { number, birth_date, residence: '36110', card: {
    status: 'issued', issued_on: '2025-06-01', ic_chip: false } },
  evidence: { kind: 'qr-token', centre: '3611025000' },
  now: '2025-07-01T00:00:00Z', facts: {}, ...change
})
const recorded = [
  someone('2001-02-03', '0102033234560'),
  someone('2009-03-15', '0903153234560'),
  someone('2001-02-03', '0102033234560', { facts: { active_devices: 1 } }),
  someone('2001-02-03', '0102033234560', { facts: { quota_used: 19 } })
]
const lines = recorded.map(c => JSON.stringify(c)).join('\n') + '\n'

await test('an explanation can be read by people', async () => {
  const r = await okse(['policy', 'explain', '--readable', '--policy',
    reference], { input: lines + 'nonsense\n' })
  assert.equal(r.status, 1)
  assert.match(r.stdout, /^ALLOW: resident-id, credential, first-issue /)
  assert.match(r.stdout, /\n {2}FAIL {2}holder-age +at least 17 full years/)
  assert.match(r.stdout, /\n {2}ic-card-fee +5000 won\n/)
  assert.match(r.stdout, /\n {2}technical expiry +2025-09-29T00:00:00Z\n/)
  assert.match(r.stderr, /line 5: /)
})

await test('a decision depends on no key order and on no zone', async () => {
  const backwards = v => Array.isArray(v)
    ? v.map(backwards)
    : v && typeof v === 'object'
      ? Object.fromEntries(Object.entries(v).reverse()
        .map(([k, x]) => [k, backwards(x)]))
      : v
  const explain = (cases, TZ) => okse(['policy', 'explain', '--policy',
    reference], {
    input: cases.map(c => JSON.stringify(c)).join('\n') + '\n', env: { TZ }
  })
  const one = await explain(recorded, 'America/Los_Angeles')
  const two = await explain(recorded.map(backwards), 'Asia/Seoul')
  assert.equal(one.status, 0, one.stdout)
  assert.equal(one.stdout.trim().split('\n').length, recorded.length)
  assert.equal(two.stdout, one.stdout)
})

/** The reference policy, changed, without cases of its own. */
function candidate (name, from, to) {
  const dir = changed(name, from, to)
  for (const file of readdirSync(dir))
    if (file.endsWith('_test.yaml'))
      writeFileSync(path.join(dir, file), readFileSync(
        path.join(reference, 'offers_test.yaml')))
  return dir
}

await test('a simulation tells whom a change would let in', async () => {
  const dir = candidate('resident-id.yaml', 'at-least: 17', 'at-least: 16')
  writeFileSync(path.join(dir, 'resident-id.yaml'), readFileSync(
    path.join(dir, 'resident-id.yaml'), 'utf8')
    .replace('month-after-age: 17', 'month-after-age: 16'))
  const r = await okse(['policy', 'simulate', '--policy', reference,
    '--candidate', dir, '--json'], { input: lines })
  assert.equal(r.status, 0, r.stderr)
  const s = JSON.parse(r.stdout)
  assert.equal(s.cases, 4)
  assert.equal(s.allowed_by_both, 2)
  assert.equal(s.refused_by_both, 1)
  assert.deepEqual(s.newly_refused, { count: 0, rules: {}, lines: [] })
  assert.deepEqual(s.newly_allowed,
    { count: 1, rules: { 'holder-age': 1, 'card-held': 1 }, lines: [2] })
  assert.notEqual(s.policy, s.candidate)
})

await test('and whom it would shut out, in words', async () => {
  const dir = candidate('resident-id.yaml', /at-most: 20 +# assumed/,
    'at-most: 19')
  const r = await okse(['policy', 'simulate', '--policy', reference,
    '--candidate', dir], { input: lines + '{}\n' })
  assert.equal(r.status, 1)
  assert.match(r.stdout, /^4 cases: 1 allowed by both, 2 refused by both\n/)
  assert.match(r.stdout, /refused: 1\n +1 {2}quota\n +lines 4\n/)
  assert.match(r.stdout, /allowed: 0\n$/)
  assert.match(r.stderr, /line 5: /)
  assert.ok(!r.stdout.includes('0102033234560'))
})

await test('a rule that only monitors is no reason', async () => {
  const dir = candidate('resident-id.yaml', 'kind: quota\n',
    'kind: quota\n    mode: monitor\n')
  const r = await okse(['policy', 'simulate', '--policy', dir,
    '--candidate', reference, '--json'], {
    input: JSON.stringify(someone('2001-02-03', '0102033234560',
      { facts: { quota_used: 20 } })) + '\n'
  })
  assert.deepEqual(JSON.parse(r.stdout).newly_refused,
    { count: 1, rules: { quota: 1 }, lines: [1] })
})

await test('what is compared must be said', async () => {
  const r = await policy('simulate', '--policy', reference)
  assert.equal(r.status, 2)
})

// ---- bombs

await test('nested and swollen cases are answered at once', async () => {
  for (const text of [
    'cases: ' + '{ a: '.repeat(5000),
    'cases: ' + '['.repeat(5000),
    'cases:\n' + Array.from({ length: 3000 },
      (_, i) => `  c${i}: { outcome: allow }\n`).join(''),
    `cases:\n  x:\n    request: { claims: ${'{ a: '.repeat(40)}1${
      ' }'.repeat(40)} }\n    outcome: allow\n`,
    `cases:\n  x: { outcome: allow, fails: [${'a, '.repeat(99)}b] }\n`
  ]) {
    const dir = changed()
    writeFileSync(path.join(dir, 'resident-id_test.yaml'), text)
    const r = await policy('test', dir)
    assert.equal(r.status, 1)
    assert.match(r.stderr, /resident-id_test\.yaml:\d+:\d+: expected/)
  }
})

done()

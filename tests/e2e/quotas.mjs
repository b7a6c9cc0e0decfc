// Quotas of clients and centres hold across a fleet: as docs/policy.md writes
// them, with smaller figures, two nodes grant exactly so many together,
// whatever comes at one time and is asked for again.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync
} from 'node:fs'
import path from 'node:path'
import {
  CENTRE, configs, done, remove, failedRules, person, qrTokenBody, skip, sleep,
  temporary, test, top, until
} from './lib/instance.mjs'
import { startFleet } from './lib/fleet.mjs'

const CENTRE_HOUR = 12
const CLIENT_HOUR = 20
const other = '1111053000'

/** The reference policy with the example's rules, and these figures. */
function policyOfTheExample () {
  const dir = temporary()
  process.on('exit', () => remove(dir))
  cpSync(configs, dir, { recursive: true })
  const policy = path.join(dir, 'policy')
  for (const name of readdirSync(policy))
    if (name.endsWith('_test.yaml'))
      rmSync(path.join(policy, name))
  const text = readFileSync(path.join(top, 'docs/policy.md'), 'utf8')
  const [, example] = /```yaml\n( {2}client-per-hour:[^]*?)```/.exec(text)
  const figures = { 20000: CLIENT_HOUR, 120: CENTRE_HOUR, 600: 1000 }
  const file = path.join(policy, 'resident-id.yaml')
  writeFileSync(file, readFileSync(file, 'utf8') + '\n' +
    example.replace(/at-most: (\d+)/g, (_, n) => {
      assert.ok(n in figures, `the example has ${n}`)
      return `at-most: ${figures[n]}`
    }))
  return dir
}

if (!existsSync('/usr/lib/postgresql/15/bin/postgres')) {
  skip('quotas across a fleet', 'PostgreSQL 15 is not installed')
  done()
}

const fleet = await startFleet(2, {
  env: { OKSE_CONFIGS: policyOfTheExample() }
})
// a quota's hour must not end meanwhile
const left = 3600e3 - Date.now() % 3600e3
if (left < 120e3)
  await sleep(left + 1000)
const nodeOf = i => fleet.nodes[i % 2]
const visit = (i, centre, key = randomUUID(), who = person()) => {
  const body = qrTokenBody(who, { evidence: { kind: 'qr-token', centre } })
  return nodeOf(i).post('/v1/qr-tokens', body, { 'idempotency-key': key })
    .then(r => ({ i, centre, key, who, r }))
}
const count = (all, status) => all.filter(x => x.r.status === status).length
let granted

await test('of many at one time two nodes grant exactly so many', async () => {
  // each has some part in it
  const all = [await visit(0, CENTRE), await visit(1, CENTRE)]
  all.push(...await Promise.all(Array.from({ length: 3 * CENTRE_HOUR - 2 },
    (_, i) => visit(i, CENTRE))))
  granted = all.filter(x => x.r.status === 201)
  assert.equal(granted.length, CENTRE_HOUR)
  assert.equal(count(all, 403), 2 * CENTRE_HOUR)
  for (const { r } of all.filter(x => x.r.status === 403))
    assert.deepEqual(failedRules(r), ['centre-per-hour'])
  assert.deepEqual([...new Set(granted.map(x => x.i % 2))].sort(), [0, 1])
})

await test('neither grants one more', async () => {
  for (const i of [0, 1])
    assert.deepEqual(failedRules((await visit(i, CENTRE)).r),
      ['centre-per-hour'])
})

await test('retries are served and take nothing', async () => {
  const again = await Promise.all(granted.map(x => until(() =>
    visit(x.i, x.centre, x.key, x.who), y => y.r.status !== 409, 'again')))
  for (const [k, { r }] of again.entries()) {
    assert.equal(r.status, 201, r.text)
    assert.deepEqual(r.json.log, granted[k].r.json.log)
  }
})

await test('refusals took nothing of the client\'s, which ends exactly',
  async () => {
    const more = await Promise.all(Array.from({ length: 2 * CLIENT_HOUR },
      (_, i) => visit(i, other)))
    assert.equal(count(more, 201), CLIENT_HOUR - CENTRE_HOUR)
    for (const { r } of more.filter(x => x.r.status === 403))
      assert.ok(failedRules(r).every(id => id === 'client-per-hour'), r.text)
    for (const i of [0, 1])
      assert.deepEqual(failedRules((await visit(i, other)).r),
        ['client-per-hour'])
  })

await test('a node that dies takes none back with it', async () => {
  const [node] = fleet.nodes
  const notary = (await node.processes()).find(p => p.role === 'notary')
  process.kill(notary.pid, 'SIGKILL')
  await node.replaced(notary)
  for (const i of [0, 1])
    assert.ok(failedRules((await visit(i, CENTRE)).r)
      .includes('client-per-hour'))
})

await fleet.stop()
done()

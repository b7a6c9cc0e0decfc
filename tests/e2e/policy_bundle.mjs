// A change of policy, from edit to activation: two officers sign, the daemon
// takes it without a restart, and nothing else ever comes into force.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync, rmSync,
  existsSync } from 'node:fs'
import path from 'node:path'
import {
  test, done, startInstance, person, qrTokenBody, issue, request, run, sleep,
  until, failedRules, configs
} from './lib/instance.mjs'

const okse = await startInstance()
const sha256 = bytes => createHash('sha256').update(bytes).digest('hex')
const policy = async () => (await okse.adminCall('GET', '/v1/policy')).json
const activate = serial =>
  okse.adminCall('POST', '/v1/policy', { serial })
const ready = async () =>
  await request(okse.metrics, 'GET', '/readyz')
const metric = async name => (await okse.metricsText()).split('\n')
  .find(l => l.startsWith(name))

/** The metrics are told once a second. */
async function metricBecomes (name, value) {
  await until(() => metric(name), line => line === `${name} ${value}`, name)
}

let final = 5		// serial in force at the end
let drafts = 0
/** A copy of the reference policy with a serial; edits: { file: [from, to] } */
function draft (serial, edits = {}) {
  const dir = okse.path(`draft-${++drafts}`)
  mkdirSync(dir)
  // its own cases are about the reference: a draft is judged by what it does
  for (const f of readdirSync(path.join(configs, 'policy')))
    if (/\.yaml$/.test(f) && !/_test\.yaml$/.test(f))
      cpSync(path.join(configs, 'policy', f), path.join(dir, f))
  for (const [file, [from, to]] of Object.entries(
    { 'policy.yaml': [/^serial: \d+/m, `serial: ${serial}`], ...edits })) {
    const name = path.join(dir, file)
    const before = readFileSync(name, 'utf8')
    assert.match(before, from)
    writeFileSync(name, before.replace(from, to))
  }
  return dir
}

async function sign (dir, seats, ...options) {
  for (const seat of seats) {
    const r = await okse.okse(['policy', 'sign', '--seat', String(seat),
      '--key', okse.path('officers', `${seat}.key`), ...options, dir])
    assert.equal(r.status, 0, r.stderr)
    options = []
  }
}

/** Puts a bundle where the daemon looks, as someone with root would. */
function place (dir, serial) {
  rmSync(okse.path('policy', String(serial)), { recursive: true, force: true })
  cpSync(dir, okse.path('policy', String(serial)), { recursive: true })
}

const decide = (who = person()) => okse.post('/v1/decisions',
  { operation: 'qr-token', ...qrTokenBody(who) })

await test('a new instance runs on a bundle of two officers', async () => {
  const p = await policy()
  assert.equal(p.serial, 1)
  assert.deepEqual(p.signers, [1, 2])
  assert.equal(p.in_force, true)
  assert.equal(p.manifest, sha256(readFileSync(
    okse.path('policy', '1', 'manifest'))))
  const d = await decide()
  assert.equal(d.json.decision.policy, p.sha256)
  assert.deepEqual((await ready()).json.degraded, [])
})

await test('openssl verifies each signature, by the words of roster.txt',
  async () => {
    const bundle = okse.path('policy', '1')
    const r = await run('/bin/sh', ['-euc', `
      for seat in 1 2; do
        awk '$1 == "seat" && $2 == '$seat' { print $4 }' "$ROSTER" |
          base64 -d | openssl pkey -pubin -inform DER -out "$OUT.pem"
        awk '$1 == "seat" && $2 == '$seat' { print $4 }' signatures |
          base64 -d >"$OUT.sig"
        openssl pkeyutl -verify -rawin -pubin -inkey "$OUT.pem" \\
          -in manifest -sigfile "$OUT.sig"
        ! openssl pkeyutl -verify -rawin -pubin -inkey "$OUT.pem" \\
          -in policy.yaml -sigfile "$OUT.sig"
      done
      awk '$1 == "file" { print $3 "  " $4 }' manifest | sha256sum -c --quiet`
    ], {
      cwd: bundle,
      env: {
        ...process.env, ROSTER: okse.path('ceremony', 'roster.txt'),
        OUT: okse.path('stranger')
      }
    })
    assert.equal(r.status, 0, r.stdout + r.stderr)
    assert.equal(r.stdout.match(/Verified Successfully/g).length, 2)
  })

await test('the instance\'s directory stands for its newest bundle',
  async () => {
    const r = await okse.okse(['policy', 'show', okse.path('policy')])
    assert.equal(r.status, 0, r.stderr)
    assert.equal(JSON.parse(r.stdout).serial, 1)
    assert.match(r.stderr, /policy\/1/)
  })

const short = { 'resident-id.yaml': [/qr-token: PT180S/, 'qr-token: PT60S'] }
const second = draft(2, short)

await test('one officer alone changes nothing', async () => {
  await sign(second, [3])
  const r = await okse.okse(['policy', 'activate', second])
  assert.equal(r.status, 1, r.stderr)
  assert.match(r.stderr, /1 of the 2 officers/)
  assert.ok(!existsSync(okse.path('policy', '2')))
})

await test('nor does a bundle put there by hand, and readiness says so',
  async () => {
    place(second, 2)
    const r = await activate(2)
    assert.equal(r.status, 403, r.text)
    assert.match(r.json.detail, /1 of the 2 officers/)
    const p = await policy()
    assert.equal(p.serial, 1)
    assert.equal(p.last_change.ok, false)
    assert.match(p.last_change.message, /1 of the 2 officers/)
    const now = await ready()
    assert.equal(now.status, 200)
    assert.deepEqual(now.json.degraded, ['policy-change'])
    await metricBecomes('okse_policy_last_reload_success', 0)
    await until(() => okse.errors, said =>
      /policy 1 stays in force: .*1 of the 2/.test(said), 'logged')
    assert.equal((await decide()).json.decision.serial, 1)
    assert.equal((await issue(okse, person())).reply.status, 201)
  })

await test('a changed, a missing and an added file are refused', async () => {
  const whole = draft(2, short)
  await sign(whole, [1, 2])
  const spoil = {
    changed: dir => writeFileSync(path.join(dir, 'regions.yaml'), '\n',
      { flag: 'a' }),
    missing: dir => rmSync(path.join(dir, 'regions.yaml')),
    added: dir => writeFileSync(path.join(dir, 'more.yaml'), 'kind: policy\n')
  }
  for (const [name, change] of Object.entries(spoil)) {
    place(whole, 2)
    change(okse.path('policy', '2'))
    const r = await activate(2)
    assert.ok([404, 422].includes(r.status), `${name}: ${r.text}`)
    assert.match(r.json.detail, /regions\.yaml|more\.yaml/)
    assert.equal((await policy()).serial, 1)
  }
  rmSync(okse.path('policy', '2'), { recursive: true })
})

await test('two officers change it, while requests are served', async () => {
  const before = await policy()
  const pids = (await okse.processes()).map(p => p.pid).sort()
  const inFlight = Promise.all(Array.from({ length: 40 }, () =>
    okse.post('/v1/qr-tokens', qrTokenBody(person()))))
  await sign(second, [1])
  const r = await okse.okse(['policy', 'activate', second])
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /policy 2 is in force/)
  for (const a of await inFlight)
    assert.equal(a.status, 201, a.text)
  const p = await policy()
  assert.equal(p.serial, 2)
  assert.deepEqual(p.signers, [1, 3])
  assert.notEqual(p.sha256, before.sha256)
  const token = await okse.post('/v1/qr-tokens', qrTokenBody(person()))
  assert.equal(token.json.decision.serial, 2)
  assert.equal(token.json.decision.policy, p.sha256)
  const life = Date.parse(token.json.expires_at) - Date.now()
  assert.ok(life > 0 && life <= 60000, `${life} ms`)
  assert.deepEqual((await ready()).json.degraded, [])
  await metricBecomes('okse_policy_last_reload_success', 1)
  assert.equal(await metric('okse_policy_info'),
    `okse_policy_info{serial="2",sha256="${p.sha256}"} 1`)
  assert.deepEqual((await okse.processes()).map(q => q.pid).sort(), pids)
})

await test('a serial names one bundle for ever', async () => {
  const other = draft(2)
  await sign(other, [1, 2])
  const r = await okse.okse(['policy', 'activate', other])
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /raise the serial/)
  place(other, 2)
  assert.equal((await activate(2)).status, 422)
  place(second, 2)
  assert.equal((await activate(2)).status, 200)
  assert.deepEqual((await ready()).json.degraded, [])
})

await test('an older serial is refused, also after a restart', async () => {
  assert.equal((await activate(1)).status, 409)
  assert.equal(await okse.stop(), 0)
  await okse.start()
  assert.equal((await policy()).serial, 2)
  const r = await activate(1)
  assert.equal(r.status, 409, r.text)
  assert.match(r.json.detail, /older than 2/)
  assert.equal((await decide()).json.decision.serial, 2)
  assert.equal((await activate(2)).status, 200)
})

await test('what is asked badly is answered with the member', async () => {
  for (const body of [{}, { serial: '2' }, { serial: -1 }, { serial: 2.5 },
    { serial: 2, shadow: 1 }, { serial: 2, more: 1 }, [], 'x']) {
    const r = await okse.adminCall('POST', '/v1/policy', body)
    assert.equal(r.status, 400, JSON.stringify(body) + r.text)
  }
  assert.equal((await activate(9)).status, 404)
  assert.equal((await activate(0)).status, 404)
  assert.equal((await okse.adminCall('PUT', '/v1/policy')).status, 405)
  assert.equal((await request(okse.api, 'POST', '/v1/policy',
    { serial: 2 })).status, 404)
  assert.equal((await activate(2)).status, 200)
})

// ---- shadow

const strict = draft(3, {
  'resident-id.yaml': [/at-least: 17/, 'at-least: 40']
})

await test('a candidate decides in the shadow, without effect', async () => {
  await sign(strict, [2, 3])
  const r = await okse.okse(['policy', 'shadow', strict])
  assert.equal(r.status, 0, r.stderr)
  for (const age of [30, 30, 50, 16])
    await okse.post('/v1/qr-tokens', qrTokenBody(person({ age })))
  const young = await okse.post('/v1/qr-tokens',
    qrTokenBody(person({ age: 30 })))
  assert.equal(young.status, 201, young.text)
  assert.equal(young.json.decision.serial, 2)
  const { shadow } = await policy()
  assert.equal(shadow.serial, 3)
  assert.equal(shadow.decisions, 5)
  assert.equal(shadow.newly_refused, 3)
  assert.equal(shadow.newly_allowed, 0)
  assert.deepEqual(shadow.rules, { 'holder-age': 3 })
  await metricBecomes(
    'okse_policy_shadow_disagreements_total{rule="holder-age"}', 3)
})

await test('the shadow outlives the notary, its counts do not', async () => {
  const notary = (await okse.processes()).find(p => p.role === 'notary')
  process.kill(notary.pid, 'SIGKILL')
  await okse.replaced(notary)
  const { shadow } = await policy()
  assert.equal(shadow.serial, 3)
  assert.equal(shadow.decisions, 0)
})

await test('a shadow needs two officers as well', async () => {
  const alone = draft(4)
  await sign(alone, [1])
  const r = await okse.okse(['policy', 'shadow', alone])
  assert.equal(r.status, 1, r.stderr)
  place(alone, 4)
  assert.equal((await okse.adminCall('POST', '/v1/policy',
    { serial: 4, shadow: true })).status, 403)
  rmSync(okse.path('policy', '4'), { recursive: true })
  assert.equal((await policy()).shadow.serial, 3)
})

await test('what comes into force has no shadow any more', async () => {
  const r = await okse.okse(['policy', 'activate', strict])
  assert.equal(r.status, 0, r.stderr)
  const p = await policy()
  assert.equal(p.serial, 3)
  assert.equal(p.shadow, undefined)
  const young = await okse.post('/v1/qr-tokens',
    qrTokenBody(person({ age: 30 })))
  assert.deepEqual(failedRules(young), ['holder-age'])
})

// ---- time

const soon = ms => new Date(Math.floor(Date.now() / 1000) * 1000 + ms)
  .toISOString().replace('.000Z', 'Z')

await test('not yet and not any more are refused', async () => {
  const cases = [['--not-before', soon(3600e3), '--expires', soon(7200e3)],
    ['--not-before', soon(-7200e3), '--expires', soon(-3600e3)]]
  for (const times of cases) {
    const dir = draft(4)
    await sign(dir, [1, 2], ...times)
    const r = await okse.okse(['policy', 'activate', dir])
    assert.equal(r.status, 1, r.stderr)
    assert.match(r.stderr, /counts from|expired/)
    place(dir, 4)
    assert.equal((await activate(4)).status, 400)
    assert.equal((await policy()).serial, 3)
  }
  rmSync(okse.path('policy', '4'), { recursive: true })
})

await test('after its expiry nothing is decided, and readiness says so',
  async () => {
    const dir = draft(4)
    await sign(dir, [1, 2], '--expires', soon(4000))
    assert.equal((await okse.okse(['policy', 'activate', dir])).status, 0)
    const now = await until(ready, r => r.status === 503, 'expired')
    assert.deepEqual(now.json.failing, ['policy'])
    const r = await okse.post('/v1/qr-tokens', qrTokenBody(person()))
    assert.equal(r.status, 503, r.text)
    assert.equal((await decide()).status, 503)
    assert.equal((await policy()).in_force, false)
  })

/** Until the journal says it (again). */
async function restartSealed (said) {
  const before = okse.errors.length
  await okse.start({ args: ['--sealed'], ready: false })
  await until(() => okse.errors.slice(before), text => said.test(text), 'said')
}

await test('started with an expired bundle it decides nothing, until the ' +
  'officers sign another', async () => {
  assert.equal(await okse.stop(), 0)
  await restartSealed(/the notary .* is ready/)
  const p = await policy()
  assert.equal(p.serial, 4)
  assert.equal(p.in_force, false)
  // sealed as it is, the officers can mend it
  const dir = draft(5)
  await sign(dir, [2, 3])
  assert.equal((await okse.okse(['policy', 'activate', dir])).status, 0)
  const r = await okse.okse(['unseal', '--share', okse.shares()[0],
    '--share', okse.shares()[2]])
  assert.equal(r.status, 0, r.stderr)
  await okse.waitReady()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

await test('the log has every change: what, instead of what, by whom',
  async () => {
    const p = await policy()
    await okse.published()
    assert.equal(await okse.stop(), 0)
    const r = await okse.okse(['audit', 'show', '--event', 'policy',
      okse.path('log')])
    const events = r.stdout.trim().split('\n').map(l => JSON.parse(l))
    assert.deepEqual(events.map(e => e.serial), [1, 2, 3, 4, 5])
    assert.deepEqual(events.map(e => e.seats),
      [[1, 2], [1, 3], [2, 3], [1, 2], [2, 3]])
    assert.equal(events[0].replaces, undefined)
    for (let i = 1; i < events.length; i++) {
      assert.equal(events[i].replaces, events[i - 1].policy)
      assert.equal(events[i].manifest, sha256(readFileSync(okse.path('policy',
        String(events[i].serial), 'manifest'))))
    }
    assert.equal(events.at(-1).policy, p.sha256)
    const v = await okse.okse(['audit', 'verify', '--key',
      okse.path('log', 'log.vkey'), okse.path('log')])
    assert.equal(v.status, 0, v.stderr)
  })

await test('a notary killed at a change has the old or the new', async () => {
  await okse.start()
  let before = 5
  for (let serial = 6; serial <= 11; serial++) {
    const dir = draft(serial)
    await sign(dir, [1, 2])
    place(dir, serial)
    const notary = (await okse.processes()).find(p => p.role === 'notary')
    const asked = activate(serial)
    await sleep((serial - 6) * 4)
    process.kill(notary.pid, 'SIGKILL')
    const answer = await asked
    await okse.replaced(notary)
    const now = (await policy()).serial
    assert.ok([200, 503].includes(answer.status), answer.text)
    // what was answered is so; what was not may be
    assert.ok(answer.status === 200 ? now === serial
      : [before, serial].includes(now), `${answer.status}: ${now}`)
    assert.equal((await decide()).json.decision.serial, now)
    before = now
  }
  await okse.published()
  assert.equal(await okse.stop(), 0)
  const r = await okse.okse(['audit', 'show', '--event', 'policy',
    okse.path('log')])
  const last = JSON.parse(r.stdout.trim().split('\n').at(-1))
  assert.equal(last.serial, before)
  final = before
})

await test('a daemon whose bundle is spoiled does not start on it',
  async () => {
    okse.edit(`policy/${final}/policy.yaml`, /march-1/, 'february-28')
    await restartSealed(
      /policy \d+: policy\.yaml: not the file that the manifest lists/)
    assert.equal((await okse.adminCall('GET', '/v1/policy')).status, 503)
    await okse.stop()
  })

done()

// The support desk: every transition of a device from a shell, and what
// `okse device show` then knows of it, without a name or a number, on the
// record.

import assert from 'node:assert/strict'
import {
  CENTRE, done, nextSecond, person, qrTokenBody, startInstance, test
} from './lib/instance.mjs'

const okse = await startInstance()
const who = person()
const key = n => okse.path(`phone-${n}.pem`)

async function command (body, ...args) {
  const r = await okse.okse(args, { input: JSON.stringify(body) })
  assert.equal(r.status, 0, r.stderr)
  return r.stdout
}

/** A visit and a credential, as a shell has them. */
async function issue (phone, changes) {
  const token = await command(qrTokenBody(who, changes), 'qr-token')
  await command({
    programme: 'resident-id', purpose: 'first-issue', holder: who.holder,
    evidence: { kind: 'qr-token', qr_token: token.trim(), centre: CENTRE },
    formats: ['dc+sd-jwt'], claims: who.claims, ...changes
  }, 'credential', '--device-key', key(phone))
}
const change = (action, reason) => command({
  programme: 'resident-id', action, reason,
  holder: { number: who.holder.number, birth_date: who.holder.birth_date }
}, 'status-change')

const holder = { programme: 'resident-id', holder: who.holder }
async function show (...args) {
  await okse.published()
  const r = await okse.okse(['device', 'show', '--json', ...args],
    { input: JSON.stringify(holder) })
  assert.equal(r.status, 0, r.stderr)
  return JSON.parse(r.stdout)
}

await test('who has no device is told so', async () => {
  const d = await show()
  assert.deepEqual(d.devices, [])
  const r = await okse.okse(['device', 'show'],
    { input: JSON.stringify(holder) })
  assert.match(r.stdout, /^no device in this programme/)
})

await test('every transition there is can be made from a shell', async () => {
  await issue(1, {})
  await command({
    programme: 'resident-id', purpose: 'refresh', holder: who.holder,
    formats: ['dc+sd-jwt'], claims: who.claims
  }, 'credential', '--device-key', key(1))
  assert.equal(await change('suspend', 'phone-lost'), 'suspended\n')
  assert.equal(await change('reinstate', 'phone-found'), 'active\n')
  await nextSecond()	// the visit must be later than the last issue
  await issue(2, { purpose: 'reissue', reason: 'device-lost' })
  assert.equal(await change('revoke', 'card-withdrawn'), 'revoked\n')
})

let shown

await test('each device is there with its state, times and places',
  async () => {
    shown = await show()
    assert.deepEqual(shown.devices.map(d => d.state),
      ['revoked', 'replaced'])
    const [second, first] = shown.devices
    assert.equal(first.places.length, 2)
    assert.equal(second.places.length, 1)
    for (const p of [...first.places, ...second.places]) {
      assert.equal(p.status, 'invalid')
      assert.match(p.uri, /\/v1\/status-lists\/1$/)
      assert.ok(Date.parse(p.valid_until) > Date.now())
    }
    assert.ok(first.refreshed_at && first.changed_at && second.changed_at)
    assert.equal(second.refreshed_at, null)
    assert.ok(Date.parse(first.issued_at) <= Date.parse(second.issued_at))
    assert.ok(Date.parse(second.administrative_expiry) > Date.now())
  })

await test('and the log\'s index of each transition', async () => {
  assert.deepEqual(shown.transitions.map(t => t.what), ['first-issue',
    'refresh', 'suspend', 'reinstate', 'reissue', 'revoke'])
  assert.deepEqual(shown.transitions.map(t => t.reason), [undefined,
    undefined, 'phone-lost', 'phone-found', 'device-lost',
    'card-withdrawn'])
  assert.deepEqual(shown.transitions.map(t => t.outcome), ['done', 'done',
    undefined, undefined, 'done', undefined])
  const log = await okse.okse(['audit', 'show', okse.path('log')])
  const entries = log.stdout.trim().split('\n').map(l => JSON.parse(l))
  for (const t of shown.transitions) {
    assert.equal(entries[t.index].holder, shown.holder)
    assert.equal(entries[t.index].out, 'allow')
  }
  // each belongs to one of the devices
  assert.deepEqual(shown.transitions.map(t => t.bound), [1, 1, 1, 1, 0, 0]
    .map(i => shown.devices[i].bound))
})

await test('in words, and by a decision of the log', async () => {
  const r = await okse.okse(['device', 'show', '--entry',
    String(shown.transitions[2].index)], { input: '' })
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /^revoked, issued .*Z, until .*Z$/m)
  assert.match(r.stdout, /^replaced, issued/m)
  assert.match(r.stdout, /^ {2}place \d+ of https:.*: invalid, until/m)
  assert.match(r.stdout, /^log okse.example\/rehearsal$/m)
  assert.match(r.stdout, /^ +\d+ {2}\S+Z {2}suspend, phone-lost$/m)
  assert.match(r.stdout, /^ +\d+ {2}\S+Z {2}first-issue: done$/m)
})

await test('a number is taken as it was typed, or refused', async () => {
  const { number } = who.holder
  const wide = [...number].map(d =>
    String.fromCodePoint(0xff10 + Number(d))).join('')
  for (const typed of [number.replace(/^.{6}/, '$&-'),
    ` ${number.replace(/^.{6}/, '$& - ')}\n`, wide,
    `${wide.slice(0, 6)}\uff0d${wide.slice(6)}\u3000`]) {
    const r = await okse.okse(['device', 'show', '--json'], {
      input: JSON.stringify({ ...holder, holder: { number: typed } })
    })
    assert.equal(r.status, 0, r.stderr)
    assert.deepEqual(JSON.parse(r.stdout).devices, shown.devices)
  }
  for (const [typed, why] of [[number.slice(1), /13 digits, this one 12/],
    [number + '0', /13 digits, this one 14/], ['', /this one 0/],
    [number.replace(/^./, 'O'), /digits, spaces and hyphens, nothing else/]]) {
    const r = await okse.okse(['device', 'show'], {
      input: JSON.stringify({ ...holder, holder: { number: typed } })
    })
    assert.equal(r.status, 2, r.stderr)
    assert.match(r.stderr, why)
    assert.ok(!r.stderr.includes(number.slice(1)), r.stderr)
  }
})

await test('nothing of it is personal, and arguments are not read', async () => {
  const text = JSON.stringify(shown)
  for (const secret of [who.holder.number, who.holder.birth_date,
    who.claims.given_name, who.claims.family_name])
    assert.ok(!text.includes(secret))
  const r = await okse.okse(['device', 'show', who.holder.number])
  assert.equal(r.status, 2, 'a number is no file')
  assert.ok(!r.stderr.includes('"'), r.stderr)
})

await test('the log says who asked about whom', async () => {
  await okse.published()
  const r = await okse.okse(['audit', 'show', '--event', 'audit.query',
    okse.path('log')])
  const queries = r.stdout.trim().split('\n').map(l => JSON.parse(l))
  assert.equal(queries.length, 8)
  for (const q of queries) {
    assert.equal(q.what, 'device')
    assert.equal(q.caller, 'uid:' + process.getuid())
    assert.equal(q.holder, shown.holder)
  }
  assert.deepEqual(queries.map(q => q.of), [undefined, undefined, undefined,
    [shown.transitions[2].index], ...Array(4)])
  assert.equal(queries[2].seq, shown.log.index)
  const v = await okse.okse(['audit', 'verify', okse.path('log')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
})

await test('what is wrong is said', async () => {
  const cases = [
    [['--entry', '0'], {}, 1, /about nobody/],
    [['--entry', '999999'], {}, 1, /no entry 999999/],
    [['--entry', 'x'], {}, 2, /--entry/],
    [[], { programme: 'resident-id' }, 2, /holder/],
    [['--programme', 'library-card'], holder, 1, /no such programme/],
    [['--log', okse.path('none')], holder, 1, /the log/]
  ]
  for (const [args, body, status, why] of cases) {
    const r = await okse.okse(['device', 'show', ...args],
      { input: JSON.stringify(body) })
    assert.equal(r.status, status, `${args}: ${r.stderr}`)
    assert.match(r.stderr, why)
  }
  for (const body of [{}, { entry: -1 }, { entry: 1, programme: 'x' },
    { ...holder, entry: 1 }, { programme: 'resident-id' },
    { programme: 'resident-id', holder: { number: '1', more: 1 } },
    ...[0, 1].map(i => ({
      programme: 'resident-id',
      holder: { number: who.holder.number.slice(1) + '00'.slice(i * 2) }
    })), {
      programme: 'resident-id',
      holder: { number: who.holder.number.replace(/^.{6}/, '$&-') }
    }])
    assert.equal((await okse.adminCall('POST', '/v1/devices', body)).status,
      400, JSON.stringify(body))
  // clients have no such route
  assert.equal((await okse.post('/v1/devices', holder)).status, 404)
})

await test('while it is sealed nobody is found', async () => {
  const sealed = await okse.okse(['seal'])
  assert.equal(sealed.status, 0, sealed.stderr)
  const r = await okse.okse(['device', 'show'],
    { input: JSON.stringify(holder) })
  assert.equal(r.status, 4, r.stderr)
  assert.match(r.stderr, /sealed/)
})

await okse.stop()
done()

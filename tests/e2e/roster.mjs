// Officers and keys change through ceremonies alone: a roster, a quorum or a
// transcript that somebody edited does not start, a ceremony that somebody
// made up is told from the officers' own, and the register that officers were
// told of is the one that the token is compared with.

import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test, done, startInstance, okse as command, temporary, sleep }
  from './lib/instance.mjs'

const okse = await startInstance()
assert.equal(await okse.stop(), 0)
// the officers' own copy of what they agreed to
const own = temporary()
process.on('exit', () => rmSync(own, { recursive: true, force: true }))
for (const part of ['ca', 'ceremony', 'log', 'officers'])
  cpSync(okse.path(part), `${own}/${part}`, { recursive: true })

const sha256 = data => createHash('sha256').update(data).digest('hex')
const file = name => okse.path('ceremony', name)
function change (name, how) {
  const before = readFileSync(file(name), 'utf8')
  const now = how(before)
  assert.notEqual(now, before)
  writeFileSync(file(name), now)
}
const putBack = () => cpSync(`${own}/ceremony`, okse.path('ceremony'),
  { recursive: true })

/** Another key for seat 1, as one who would like to be an officer has it. */
const stranger = generateKeyPairSync('ed25519').publicKey
  .export({ type: 'spki', format: 'der' }).toString('base64')
const withStranger = text =>
  text.replace(/^(seat 1 ed25519) \S+/m, `$1 ${stranger}`)

async function doesNotStart (reason) {
  okse.errors = ''
  await okse.start({ args: ['--sealed'], ready: false })
  await okse.ended
  assert.notEqual(okse.status, 0)
  assert.match(okse.errors, reason)
  okse.child = okse.status = undefined
}
async function startSealed ({ recording = true } = {}) {
  okse.errors = ''
  await okse.start({ args: ['--sealed'], ready: false })
  for (let i = 0; ; i++) {
    assert.equal(okse.child.exitCode, null, okse.errors)
    const s = await okse.adminCall('GET', '/v1/seal-status')
      .catch(() => undefined)
    // shares are taken once the notary is ready to record them
    if (s?.json?.statement && (s.json.log || !recording)) return s.json
    assert.ok(i < 1200, okse.errors)
    await sleep(50)
  }
}
/** A test that leaves everything as it was. */
const tampered = (name, body) => test(name, async () => {
  try {
    await body()
  } finally {
    await okse.stop()
    putBack()
  }
})
const unseal = (seat, ...more) => okse.okse(['unseal', '--share',
  okse.path(`officers/${seat}.share`), ...more])

await tampered('a roster without its ceremony does not start', async () => {
  change('roster.txt', withStranger)
  await doesNotStart(/roster.txt: not the file that the ceremony's transcript records: officers change by a ceremony/)
})

await tampered('nor a quorum', async () => {
  change('quorum.txt', t => t.replace(/^threshold .*$/m, 'threshold 3'))
  await doesNotStart(/quorum.txt: not the file that the ceremony's transcript records/)
})

await tampered('nor a transcript that tells of another roster', async () => {
  const before = sha256(readFileSync(file('roster.txt')))
  change('roster.txt', withStranger)
  change('transcript.log', t =>
    t.replaceAll(before, sha256(readFileSync(file('roster.txt')))))
  await doesNotStart(/transcript, record \d+: its hash does not fit it/)
})

/** Chained anew: anybody can do that, but the root is another. */
function chained (text) {
  let previous = '0'.repeat(64)
  return text.trim().split('\n').map((line, i) => {
    const body = [i + 1, ...line.split('|').slice(1, -2), previous].join('|')
    previous = sha256(`kc/rec/v1/rehearsal\n${body}`)
    return `${body}|${previous}\n`
  }).join('')
}

await tampered('a ceremony that was made up is not the officers\'', async () => {
  const before = sha256(readFileSync(file('roster.txt')))
  change('roster.txt', withStranger)
  change('transcript.log', t => chained(
    t.replaceAll(before, sha256(readFileSync(file('roster.txt'))))))
  // nor does the policy's bundle count, which the officers signed
  await startSealed({ recording: false })
  const r = await unseal(2, '--ceremony', own)
  assert.equal(r.status, 1, r.stderr)
  assert.match(r.stderr, /the daemon's ceremony is not that of the ceremony/)
  const { json } = await okse.adminCall('GET', '/v1/seal-status')
  assert.deepEqual(json.given, [])
})

await tampered('a register that officers did not agree to gets no share',
  async () => {
    change('register.txt', t => t.replace(/^certificate .*\n/m, ''))
    await startSealed()
    const r = await unseal(2, '--ceremony', own)
    assert.equal(r.status, 1, r.stderr)
    assert.match(r.stderr, /the daemon's register is not that of/)
    writeFileSync(okse.path('expect'),
      `register ${sha256(readFileSync(`${own}/ceremony/register.txt`))}\n`)
    const e = await unseal(2, '--expect', okse.path('expect'))
    assert.equal(e.status, 1, e.stderr)
    assert.match(e.stderr, /the daemon does not say "register /)
  })

await tampered('what is changed after they agreed is not taken for it',
  async () => {
    const said = await startSealed()
    assert.match(said.statement, new RegExp('\nregister ' +
      `${sha256(readFileSync(file('register.txt')))}\n`))
    change('register.txt', t => t.replace(/^certificate .*\n/m, ''))
    for (const seat of [1, 2]) {
      const r = await unseal(seat, '--ceremony', own)
      // the second may be told at once how that went
      assert.ok([0, seat === 1 ? 0 : 4].includes(r.status), r.stderr)
      assert.match(r.stderr, /Ceremony, roster, register and token are/)
    }
    for (let i = 0; ; i++) {
      const { json } = await okse.adminCall('GET', '/v1/seal-status')
      if (json.state === 'sealed' && json.refused) {
        assert.match(json.refused, /the register is not the one of the statement/)
        break
      }
      assert.ok(i < 1200 && json.state !== 'open', JSON.stringify(json))
      await sleep(50)
    }
  })

await test('with what the ceremony left it opens', async () => {
  await startSealed()
  for (const seat of [1, 2]) {
    const r = await unseal(seat, '--ceremony', own)
    assert.equal(r.status, 0, r.stderr)
  }
  await okse.waitReady()
  assert.equal(await okse.stop(), 0)
  const r = await command(['ceremony', 'verify', own])
  assert.equal(r.status, 0, r.stderr)
})

done()

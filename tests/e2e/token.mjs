// The token misbehaves: it hangs, crashes, lies, refuses the PIN. Never a
// wrong signature out, never a second try with a refused PIN.

import assert from 'node:assert/strict'
import { writeFileSync, readFileSync } from 'node:fs'
import path from 'node:path'
import {
  test, done, Instance, temporary, person, issue, qrTokenBody, build, sleep,
  request, until
} from './lib/instance.mjs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'

const module = path.join(build, 'module', 'faulty.so')
const okse = new Instance(temporary())
await okse.start({ args: ['--prepare'], ready: false })
await okse.ended
okse.child = okse.status = undefined

const script = okse.path('softhsm', 'faulty.script')
const trace = okse.path('softhsm', 'faulty.trace')
writeFileSync(script, '')
writeFileSync(trace, '')
// QR tokens' signatures are verified now and then only: here, always
okse.edit('okse.yaml', 'verify-after-sign: sampled',
  'verify-after-sign: always')
okse.edit('okse.yaml', /module-path=[^"]*/, `module-path=${module}`)
okse.edit('okse.yaml', /^ {2}environment:$/m, `  deadline: PT2S
  environment:
    FAULTY_SCRIPT: "${script}"
    FAULTY_TRACE: "${trace}"`)

const calls = name => readFileSync(trace, 'utf8').split('\n')
  .filter(l => l.endsWith(' ' + name)).length

// in place, since the module holds the file open; a comment makes it new
let version = 0
const misbehave = text => writeFileSync(script, `# ${++version}\n${text}\n`)

const state = async () =>
  (await okse.adminCall('GET', '/v1/seal-status')).json.state

await okse.start()
const ca = okse.read('ca', 'iaca.pem')

/** Asks until granted; every credential that comes out must verify. */
async function recovers () {
  const reply = await until(async () => (await issue(okse, person())).reply,
    r => r.status !== 503, 'recovered')
  assert.equal(reply.status, 201, reply.text)
  await verifySdJwt(reply.json.credentials[0].credential, ca)
}

await test('an honest module is served through the shim', async () => {
  await recovers()
  assert.ok(calls('C_Sign') > 0)
})

for (const [name, text] of [
  ['flips a bit of a signature', 'C_Sign 2 lie'],
  ['gives a signature one byte short', 'C_Sign 2 short'],
  ['gives a signature of zeros', 'C_Sign 2 zero'],
  ['fails with a device error', 'C_Sign 2 rv 0x30'],
  ['loses its session', 'C_Sign 2 rv 0xB3'],
  ['says it is logged out', 'C_Sign 2 rv 0x101'],
  ['crashes', 'C_Sign 2 crash'],
  ['hangs', 'C_Sign 2 stall 60000']
]) {
  await test(`a module that ${name} lets no wrong signature out`,
    async () => {
      const before = calls('C_Sign')
      misbehave(text)
      const all = await Promise.all(Array.from({ length: 8 }, () =>
        issue(okse, person())))
      for (const { reply } of all) {
        assert.ok([201, 503].includes(reply.status), reply.text)
        if (reply.status === 201)
          await verifySdJwt(reply.json.credentials[0].credential, ca)
        else
          assert.ok(Number(reply.headers['retry-after']) > 0)
      }
      assert.ok(calls('C_Sign') > before)
      misbehave('')
      await okse.waitReady()
      await recovers()
    })
}

await test('no login was refused by all of this', async () => {
  const s = (await okse.adminCall('GET', '/v1/seal-status')).json
  assert.equal(s.state, 'open')
})

await test('a refused PIN latches, after exactly one try', async () => {
  assert.equal(await okse.stop(), 0)
  writeFileSync(trace, '')
  misbehave('C_Login 1+ rv 0xA0')
  await okse.start({ args: ['--sealed'], ready: false })
  const give = () => okse.okse(['unseal', '--share', okse.shares()[0],
    '--share', okse.shares()[1]])
  await until(give, r => /^latched/m.test(r.stdout), 'said so')
  await until(state, s => s === 'latched', 'latched')
  await sleep(2000)
  assert.equal(calls('C_Login'), 1)
})

await test('latched, shares are not even taken', async () => {
  const r = await okse.okse(['unseal', '--share', okse.shares()[0]])
  assert.equal(r.status, 4, r.stderr)
  assert.match(r.stderr, /officer/)
  const v = await okse.post('/v1/qr-tokens', qrTokenBody(person()))
  assert.equal(v.status, 503)
})

await test('a restart does not forget it', async () => {
  await okse.stop()
  misbehave('')	// the token would take the PIN now: nobody may find out
  await okse.start({ args: ['--sealed'], ready: false })
  await until(state, s => s === 'latched', 'latched')
  await sleep(2000)
  assert.equal(await state(), 'latched')
  assert.equal(calls('C_Login'), 1)
  assert.equal((await request(okse.metrics, 'GET', '/readyz')).status, 503)
})

await test('an officer clears it, and it opens', async () => {
  const c = await okse.okse(['clear-latch'])
  assert.equal(c.status, 0, c.stderr)
  const r = await okse.okse(['unseal', '--share', okse.shares()[0],
    '--share', okse.shares()[2]])
  assert.equal(r.status, 0, r.stderr)
  await okse.waitReady()
  await recovers()
})

await okse.stop()
done()

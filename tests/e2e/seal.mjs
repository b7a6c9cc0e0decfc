// Opening and closing: two of three, nothing less, and nothing is lost by a
// wrong share.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, createPrivateKey, sign } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  test, done, Instance, temporary, person, qrTokenBody, issue, until, build
} from './lib/instance.mjs'

const okse = new Instance(temporary())
await okse.start({ args: ['--sealed'], ready: false })
const [one, two, three] = okse.shares()

function hear (word) {
  let text = ''
  okse.child.stdout.on('data', d => { text += d })
  return until(() => text, said => said.includes(word), word)
}
const state = async () =>
  (await okse.adminCall('GET', '/v1/seal-status')).json
const unseal = (...files) => okse.okse(['unseal',
  ...files.flatMap(f => ['--share', f])])
const keyOf = seat => okse.path('officers', `${seat}.key`)
const statement = async () =>
  (await okse.okse(['unseal', '--statement'])).stdout

let answered

await hear('sealed')

await test('sealed, every request that would sign is 503', async () => {
  const r = await okse.post('/v1/qr-tokens', qrTokenBody(person()))
  assert.equal(r.status, 503, r.text)
  assert.match(r.json.type, /sealed$/)
  assert.ok(Number(r.headers['retry-after']) > 0)
  assert.equal((await state()).state, 'sealed')
})

await test('the command says so with exit status 4', async () => {
  const r = await okse.okse(['qr-token'],
    { input: JSON.stringify(qrTokenBody(person())) })
  assert.equal(r.status, 4, r.stderr)
})

await test('sealed, no process has the token\'s module loaded', async () => {
  for (const p of await okse.processes())
    assert.ok(!readFileSync(`/proc/${p.pid}/maps`, 'utf8')
      .includes('softhsm'), p.role)
})

await test('a mistyped share is found before it is sent', async () => {
  const text = readFileSync(one, 'utf8').trim()
  const i = 60
  const bad = text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') +
    text.slice(i + 1)
  writeFileSync(okse.path('bad.share'), bad)
  const r = await okse.okse(['unseal', '--share', okse.path('bad.share'),
    '--key', keyOf(1)])
  assert.equal(r.status, 1, r.stderr)
  assert.ok(!r.stderr.includes(bad.slice(20, 40)))
  assert.deepEqual((await state()).given, [])
})

await test('a share of another ceremony is named and costs nothing',
  async () => {
    const other = new Instance(temporary())
    await other.start({ args: ['--prepare'], ready: false })
    await other.ended
    const r = await unseal(other.shares()[0])
    assert.equal(r.status, 1, r.stderr)
    assert.match(r.stderr, /ceremony|set/)
    assert.deepEqual((await state()).given, [])
  })

await test('a share in the clear is not taken', async () => {
  const r = await okse.okse(['unseal', '--plain', '--share', one])
  assert.equal(r.status, 3, r.stderr)
  assert.match(r.stderr, /in the clear/)
  assert.deepEqual((await state()).given, [])
})

await test('the statement says what would be opened', async () => {
  const hash = file => createHash('sha256').update(readFileSync(file))
    .digest('hex')
  const said = Object.fromEntries((await statement()).trim().split('\n')
    .map(l => [l.split(' ')[0], l.slice(l.indexOf(' ') + 1)]))
  assert.equal(said.program, hash(join(build, 'oksed')))
  assert.equal(said.config, hash(okse.path('okse.yaml')))
  assert.equal(said.roster, hash(okse.path('ceremony', 'roster.txt')))
  assert.equal(said.register, hash(okse.path('ceremony', 'register.txt')))
  assert.equal(said.ceremony, okse.read('ceremony/transcript.log').trim()
    .split('\n').at(-1).split('|').at(-1))
  assert.equal(said.token,
    /token=([^;?]*)/.exec(okse.read('okse.yaml'))[1])
  assert.ok(Date.parse(said.expires) > Date.now())
})

await test('another program than the officer expects gets no share',
  async () => {
    writeFileSync(okse.path('expect'), `program ${'0'.repeat(64)}\n`)
    const r = await okse.okse(['unseal', '--share', one, '--expect',
      okse.path('expect')])
    assert.equal(r.status, 1, r.stderr)
    assert.match(r.stderr, /does not say/)
    assert.deepEqual((await state()).given, [])
  })

await test('the key of another seat gives no share', async () => {
  const r = await okse.okse(['unseal', '--share', one, '--key', keyOf(2)])
  assert.equal(r.status, 1, r.stderr)
  assert.match(r.stderr, /seat 1: not signed/)
  assert.deepEqual((await state()).given, [])
})

await test('an act of an older statement is refused', async () => {
  const text = await statement()
  const act = `okse/unseal-act/v1\nstatement ${'1'.repeat(64)}\n` +
    'seat 1\nact cancel\n'
  const key = createPrivateKey(readFileSync(keyOf(1)))
  const signed = t => t + 'signature ' +
    sign(null, Buffer.from(t), key).toString('base64') + '\n'
  const send = act => okse.adminCall('POST', '/v1/acts', { act })
  const r = await send(signed(act))
  assert.equal(r.status, 422, r.text)
  assert.match(r.text, /another statement/)
  // with its hash the same officer is heard, by software we did not write
  const now = createHash('sha256').update(text).digest('hex')
  const heard = await send(signed(act.replace('1'.repeat(64), now)))
  assert.match(heard.text, /nothing to cancel/)
})

await test('one share is not enough', async () => {
  const r = await unseal(three)
  assert.equal(r.status, 0, r.stderr)
  const s = await state()
  assert.equal(s.state, 'sealed')
  assert.deepEqual(s.given, [3])
  assert.equal((await okse.post('/v1/qr-tokens',
    qrTokenBody(person()))).status, 503)
})

await test('the same share twice is not two', async () => {
  const r = await unseal(three)
  assert.notEqual(r.status, 0)
  assert.equal((await state()).state, 'sealed')
})

await test('only an officer cancels a round', async () => {
  const r = await okse.okse(['seal'])
  assert.equal(r.status, 3, r.stderr)
  assert.deepEqual((await state()).given, [3])
  const before = await statement()
  const c = await okse.okse(['seal', '--cancel', '--seat', '2', '--key',
    keyOf(2)])
  assert.equal(c.status, 0, c.stderr)
  assert.deepEqual((await state()).given, [])
  assert.notEqual(await statement(), before)
  assert.equal((await unseal(three)).status, 0)
})

await test('the second share opens it', async () => {
  answered = await statement()
  writeFileSync(okse.path('expect'), answered.split('\n')
    .filter(l => /^(program|config|token|serial) /.test(l)).join('\n') + '\n')
  const r = await okse.okse(['unseal', '--share', one, '--expect',
    okse.path('expect'), '--ceremony', okse.dir])
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stderr, /4 lines/)
  assert.match(r.stderr, /roster, register and token are those/)
  assert.doesNotMatch(r.stderr, /NOTHING/)
  await okse.waitReady()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

await test('one officer closes it, and the keyholders are gone', async () => {
  const r = await okse.okse(['seal', '--seat', '2', '--key', keyOf(2)])
  assert.equal(r.status, 0, r.stderr)
  assert.equal((await state()).state, 'sealed')
  await until(() => okse.processes(),
    all => all.every(p => p.role !== 'keyholder'), 'gone')
  assert.equal((await okse.post('/v1/qr-tokens',
    qrTokenBody(person()))).status, 503)
})

await test('shares from standard input open it again', async () => {
  const r = await okse.okse(['unseal', '--key', keyOf(2), '--key',
    keyOf(3)], {
    input: readFileSync(two, 'utf8').trim() + '\n' +
      readFileSync(three, 'utf8').trim() + '\n'
  })
  assert.equal(r.status, 0, r.stderr)
  await okse.waitReady()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

await test('the officers\' acts are in the log', async () => {
  // what is shown is what was published
  await okse.published()
  assert.equal(await okse.stop(), 0)
  const r = await okse.okse(['audit', 'show', okse.path('log')])
  assert.equal(r.status, 0, r.stderr)
  const events = r.stdout.trim().split('\n').map(l => JSON.parse(l))
  const seats = events.filter(e => e.ev === 'unseal').map(e => e.seats)
  assert.deepEqual(seats, [[1, 3], [2, 3]])
  assert.deepEqual(events.filter(e => e.ev === 'seal')
    .map(e => [e.reason, e.seat]), [['cancel', 2], ['officer', 2]])
  const digest = createHash('sha256').update(answered).digest('hex')
  assert.equal(events.find(e => e.ev === 'unseal').digest, digest)
  assert.equal(okse.read(`state/statements/${digest}.txt`), answered)
  assert.equal(events.find(e => e.ev === 'start').config,
    createHash('sha256').update(okse.read('okse.yaml')).digest('hex'))
  assert.match(okse.errors, /acts refused for their form, [12] for what/)
  assert.ok(events.some(e => e.ev === 'key.use'))
  assert.ok(events.some(e => e.ev === 'start'))
})

await test('a share sealed by openssl for its officer is opened and given',
  async () => {
    const at = name => okse.path(name)
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes',
      '-subj', '/CN=officer', '-keyout', at('recipient.pem'), '-out',
      at('recipient.crt')], { stdio: 'ignore' })
    execFileSync('openssl', ['cms', '-encrypt', '-binary', '-aes256',
      '-outform', 'PEM', '-in', one, '-out', at('1.share.cms'),
      at('recipient.crt')], { stdio: 'ignore' })
    await okse.start({ args: ['--sealed'], ready: false })
    await hear('sealed')
    const give = (...more) => okse.okse(['unseal', '--share',
      at('1.share.cms'), '--key', keyOf(1), ...more])
    const r = await give()
    assert.equal(r.status, 1)
    assert.match(r.stderr, /--recipient/)
    const s = await give('--recipient', at('recipient.pem'), '--seat', '1')
    assert.equal(s.status, 0, s.stderr)
    assert.match(s.stderr, /NOTHING OF THIS WAS COMPARED/)
    assert.deepEqual((await state()).given, [1])
    await okse.stop()
  })

await test('plain lines only where okse.yaml has them, and it says so',
  async () => {
    okse.edit('okse.yaml', 'limits:', 'unseal: lines\nlimits:')
    await okse.start({ args: ['--sealed'], ready: false })
    await hear('sealed')
    assert.match((await okse.okse(['status'])).stdout, /in the clear/)
    await until(() => okse.errors, said =>
      /shares are taken in the clear/.test(said), 'logged')
    const r = await okse.okse(['unseal', '--plain', '--share', two])
    assert.equal(r.status, 0, r.stderr)
    assert.deepEqual((await state()).given, [2])
    await okse.stop()
  })

done()

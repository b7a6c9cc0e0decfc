// Opening and closing: two of three, nothing less, and nothing is lost by a
// wrong share.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import {
  test, done, Instance, temporary, person, qrTokenBody, issue, sleep
} from './lib/instance.mjs'

const okse = new Instance(temporary())
await okse.start({ args: ['--sealed'], ready: false })
const [one, two, three] = okse.shares()

async function hear (word) {
  let text = ''
  okse.child.stdout.on('data', d => { text += d })
  for (let i = 0; i < 600 && !text.includes(word); i++)
    await sleep(50)
  assert.ok(text.includes(word), okse.errors)
}
const state = async () =>
  (await okse.adminCall('GET', '/v1/seal-status')).json
const unseal = (...files) => okse.okse(['unseal',
  ...files.flatMap(f => ['--share', f])])

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
  const r = await unseal(okse.path('bad.share'))
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

await test('the second share opens it', async () => {
  const r = await unseal(one)
  assert.equal(r.status, 0, r.stderr)
  await okse.waitReady()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

await test('one officer closes it, and the keyholders are gone', async () => {
  const r = await okse.okse(['seal'])
  assert.equal(r.status, 0, r.stderr)
  assert.equal((await state()).state, 'sealed')
  assert.deepEqual((await okse.processes())
    .filter(p => p.role === 'keyholder'), [])
  assert.equal((await okse.post('/v1/qr-tokens',
    qrTokenBody(person()))).status, 503)
})

await test('shares from standard input open it again', async () => {
  const r = await okse.okse(['unseal'], {
    input: readFileSync(two, 'utf8').trim() + '\n' +
      readFileSync(three, 'utf8').trim() + '\n'
  })
  assert.equal(r.status, 0, r.stderr)
  await okse.waitReady()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

await test('the officers\' acts are in the log', async () => {
  // what is shown is what was published
  const { index } = (await issue(okse, person())).reply.json.log
  const published = () =>
    Number(okse.read('log', 'checkpoint').split('\n')[1])
  for (let i = 0; i < 100 && published() <= index; i++) await sleep(100)
  assert.equal(await okse.stop(), 0)
  const r = await okse.okse(['audit', 'show', okse.path('log')])
  assert.equal(r.status, 0, r.stderr)
  const events = r.stdout.trim().split('\n').map(l => JSON.parse(l))
  const seats = events.filter(e => e.ev === 'unseal').map(e => e.seats)
  assert.deepEqual(seats, [[1, 3], [2, 3]])
  assert.ok(events.some(e => e.ev === 'seal'))
  assert.ok(events.some(e => e.ev === 'key.use'))
  assert.ok(events.some(e => e.ev === 'start'))
})

done()

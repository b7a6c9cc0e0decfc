// A log that was set back, or that runs twice, is found out by its witnesses:
// an old copy of the whole data directory stays sealed; of two daemons with
// one key, the second is sealed as soon as its log differs. And what an
// opening needs when witnesses are away.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { Instance, test, done, okse, person, qrTokenBody, temporary, until }
  from './lib/instance.mjs'
import { Witness, caughtUp, logState, prepareInstance }
  from './lib/witness.mjs'

const w = []
for (const n of [1, 2, 3])
  w.push(await Witness.create(`example.kr/w${n}`))
const i = await prepareInstance(w, ['timeout: PT10S', 'patience: PT30S'])
for (const each of w)
  await each.start()

const ask = instance => instance.post('/v1/qr-tokens', qrTokenBody(person()))
const status = async instance =>
  (await instance.adminCall('GET', '/v1/seal-status')).json
const shareOf = (instance, n) => instance.path('officers', `${n}.share`)
const unseal = instance => instance.okse(['unseal', '--share',
  shareOf(instance, 1), '--share', shareOf(instance, 2)])

/** A copy of the data elsewhere, its configuration moved with it. */
function copy (from) {
  const to = new Instance(temporary())
  execFileSync('cp', ['-a', from.dir + '/.', to.dir])
  execFileSync('rm', ['-f', to.api, to.admin, to.metrics])
  for (const f of ['okse.yaml', 'softhsm/softhsm2.conf'])
    writeFileSync(to.path(f), to.read(f).replaceAll(from.dir, to.dir))
  return to
}

await i.start()
assert.equal((await ask(i)).status, 201)
await until(() => logState(i), caughtUp, 'witnessed')
await i.stop()
const old = copy(i)

await test('what was witnessed opens again', async () => {
  await i.start()
  assert.equal((await ask(i)).status, 201)
  await until(() => logState(i), caughtUp, 'witnessed')
  assert.equal(await i.stop(), 0)
})

await test('an old copy of all data stays sealed, and officers hear why',
  async () => {
    const before = old.read('log', 'checkpoint')
    await old.start({ args: ['--sealed'], ready: false })
    await until(() => status(old), s => s.notary && s.gate, 'started')
    const a = await unseal(old)
    assert.equal(a.status, 4, a.stdout + a.stderr)
    assert.match(a.stdout, /Not opened: witness w[123]: it shows a tree of /)
    assert.match(a.stdout, /set back or runs twice/)
    const s = await until(() => status(old), x => x.log?.witnesses.some(
      y => y.state === 'contradicts'), 'told')
    assert.equal(s.state, 'sealed')
    assert.match(s.refused, /witness w[123]/)
    assert.equal((await ask(old)).status, 503)
    assert.equal(old.read('log', 'checkpoint'), before)
  })

await test('it stays so however often they try', async () => {
  const a = await unseal(old)
  assert.equal(a.status, 4)
  assert.equal((await status(old)).state, 'sealed')
  await old.stop()
})

await test('a whole instance that was set back ends with that message',
  async () => {
    const again = copy(old)
    await again.start({ ready: false })
    await again.ended
    assert.equal(again.status, 4, again.errors)
    assert.match(again.errors, /set back or runs twice/)
  })

await test('a wiped log of a known key stays sealed too', async () => {
  const wiped = copy(i)
  execFileSync('sh', ['-c', 'rm -rf registry.db* log/checkpoint log/tile ' +
    'state/*'], { cwd: wiped.dir })
  await wiped.start({ ready: false })
  await wiped.ended
  assert.equal(wiped.status, 4, wiped.errors)
  assert.match(wiped.errors, /it shows a tree of \d+ entries/)
})

const put = (from, to) => execFileSync('sh', ['-c',
  `rm -rf '${to}' && cp -a '${from}' '${to}'`])

/** Both ask before either publishes anything new; then they part. */
async function part (both) {
  for (const x of both)
    await x.start({ args: ['--sealed'], ready: false })
  for (const x of both)
    await until(() => status(x), s => s.notary && s.gate, 'started')
  await Promise.all(both.map(unseal))
  const states = await until(() => Promise.all(both.map(status)), all => {
    const open = all.filter(s => s.state !== 'sealed')
    return open.length === 0 || (open.length === 1 &&
      open[0].log?.witnesses.every(x => x.state === 'agrees'))
  }, 'one at most is left')
  for (const s of states.filter(s => s.state === 'sealed'))
    assert.match(s.refused, /set back or runs twice/)
  return states.findIndex(s => s.state !== 'sealed')
}

await test('of two daemons with one key, one is sealed when they part',
  async () => {
    const twin = copy(i)
    const both = [i, twin]
    const all = [...both, ...w].map(x => x.dir)
    for (const dir of all)
      put(dir, dir + '.kept')
    // each may be the first at some witness, and then neither stays open
    let first
    while ((first = await part(both)) === -1) {
      console.log('# both were sealed: again')
      for (const x of [...both, ...w])
        await x.stop()
      for (const dir of all)
        put(dir + '.kept', dir)
      for (const each of w)
        await each.start()
    }
    for (const dir of all)
      execFileSync('rm', ['-rf', dir + '.kept'])
    const loser = 1 - first
    const winner = both[first]
    await winner.waitReady()
    assert.equal((await ask(winner)).status, 201)
    assert.equal((await ask(both[loser])).status, 503)
    // whoever lost wrote it down
    const shown = await okse(['audit', 'show', '--event', 'seal',
      winner.path('log')])
    assert.equal(shown.status, 0)
    await both[loser].stop()
    await until(() => logState(winner), caughtUp,
      'witnessed')
    await winner.stop()
    if (winner !== i) {
      execFileSync('sh', ['-c', `rm -rf '${i.dir}'/* && ` +
        `cp -a '${twin.dir}'/. '${i.dir}'`])
      for (const f of ['okse.yaml', 'softhsm/softhsm2.conf'])
        writeFileSync(i.path(f), i.read(f).replaceAll(twin.dir, i.dir))
    }
  })

await test('without a quorum to ask it stays sealed', async () => {
  await w[0].stop()
  await w[1].stop()
  i.edit('okse.yaml', 'patience: PT30S', 'patience: PT5S')
  await i.start({ args: ['--sealed'], ready: false })
  await until(() => status(i), s => s.notary && s.gate, 'started')
  const a = await unseal(i)
  assert.equal(a.status, 4)
  assert.match(a.stdout, /1 of 3 witnesses answered and agree/)
})

await test('with one that is back they may try again', async () => {
  await w[0].start()
  const a = await unseal(i)
  assert.equal(a.status, 0, a.stdout + a.stderr)
  await i.waitReady()
  await i.stop()
})

await test('at-unseal: any opens without, and then issuing waits for them',
  async () => {
    await w[0].stop()
    await w[2].stop()
    i.edit('okse.yaml', '  patience: PT5S\n',
      '  patience: PT5S\n  at-unseal: any\n  stop-after: PT2S\n')
    await i.start({ args: ['--sealed'], ready: false })
    await until(() => status(i), s => s.notary && s.gate, 'started')
    const a = await unseal(i)
    assert.equal(a.status, 0, a.stdout + a.stderr)
    await until(() => ask(i), r => r.json?.type ===
      'urn:okse:problem:unwitnessed', 'stopped for want of witnesses')
    await w[0].start()
    await w[1].start()
    await until(() => ask(i), r => r.status === 201, 'issuing')
    await i.waitReady()
    await i.stop()
  })

done()

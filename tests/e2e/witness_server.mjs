// `okse audit witness`: the cases that litewitness and Sunlight publish, over
// HTTP; several logs; killed between persisting and answering; two requests
// at once; one directory, one process.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync }
  from 'node:fs'
import path from 'node:path'
import { test, done, skip, okse, run, sleep } from './lib/instance.mjs'
import { Log, Witness, ask, hash, sizeOf } from './lib/witness.mjs'

// ---- what litewitness publishes (FiloSottile/torchwood, sunlight)

const SIGSUM = 'sigsum.org/v1/tree/' +
  '4d6d8825a6bb689d459628312889dfbb0bcd41b5211d9e1ce768b0ff0309e562'
const key = Buffer.from(
  'ffdc2d4d98e4124d3feaf788c0c2f9abfd796083d1f0495437f302ec79cf100f', 'hex')
const vkey = `${SIGSUM}+` +
  createHash('sha256').update(SIGSUM + '\n\x01').update(key).digest('hex')
    .slice(0, 8) + '+' +
  Buffer.concat([Buffer.of(1), key]).toString('base64')

const h = two => `Kg${two}${'A'.repeat(39)}=\n`
const tree1 = `${SIGSUM}\n1\n${h('AA')}\n— ${SIGSUM} UgIom7fPZTqpxWWhyjWduB` +
  'vTvGVqsokMbqTArsQilegKoFBJQjUFAmQ0+YeSPM3wfUQMFSzVnnNuWRTYrajXpNUbIQY=\n'
const tree3 = (origin, end) => `${origin}\n3\n` +
  'RcCI1Nk56ZcSmIEfIn0SleqtV7uvrlXNccFx595Iwl0=\n' +
  `\n— ${origin} UgIom2VbtIcdFbwFAy1n7s6IkAxIY6J/GQOTuZF2ORV39d75cbAj2aQYw` +
  `yJre36kezNobZs4SUUdrcawfAB8WVrx6g${end}\n`
const tree5 = `${SIGSUM}\n5\nQrtXrQZCCvpIgsSmOsah7HdICzMLLyDfxToMql9WTjY=\n` +
  `\n— ${SIGSUM} UgIomw/EOJmWi0i1FQsOj+etB7F8IccFam/jgd6wzRns4QPVmyEZtdvl1` +
  'U2KEmLOZ/ASRcWJi0tW90dJWAShei7sDww=\n'
const published = [
  ['old 0\n\n' + tree1, 200],
  [`old 1\n${h('EA')}${h('IA')}\n` + tree3(SIGSUM, 'w='), 403],
  [`old 1\n${h('EA')}${h('IA')}\n` + tree3(SIGSUM + '3', 'o='), 404],
  ['old 1\n\n' + tree3(SIGSUM, 'o='), 422],
  [`old 1\n${h('EA')}Kg${'I'}${'A'.repeat(37)}BAA=\n\n` +
    tree3(SIGSUM, 'o='), 422],
  [`old 1\n${h('EA')}${h('IA')}\n` + tree3(SIGSUM, 'o='), 200],
  [`old 1\n${h('EA')}+fUDV+k970B4I3uKrqJM4aP1lloPZP8mvr2Z4wRw2LI=\n` +
    `${h('QA')}\n` + tree5, 409, '3\n'],
  [`old 3\n${h('IA')}${h('MA')}wgiIFdZfYNv6WU1OllBKsWnLYIS/DBMqt8Uh/S4OukE=` +
    `\n${h('QA')}\n` + tree5, 200],
  ['old 0\n\n' + tree5, 409, '5\n'],
  ['old 5\n\n' + tree5.split('\n— ')[0], 400],
  ['nonsense', 400]
]

const ours = new Log('example.kr/log/of/ours')
const w = await Witness.create('example.kr/w1', `# two logs\n${vkey}\n\n` +
  `${ours.vkey}\n`)

await test('its key is its owner\'s alone', async () => {
  assert.equal(statSync(path.join(w.dir, 'witness.key')).mode & 0o777, 0o600)
  const again = await okse(['audit', 'witness', '--init', 'x', w.dir])
  assert.notEqual(again.status, 0)
})

await w.start()

await test('published cases get their published answers', async () => {
  for (const [body, status, text] of published) {
    const a = await w.add(body)
    assert.equal(a.status, status, `${body}\n→ ${a.text}`)
    if (text) {
      assert.equal(a.text, text)
      assert.equal(a.type, 'text/x.tlog.size')
    }
    if (status === 200)
      assert.match(a.text, /^— example\.kr\/w1 [A-Za-z0-9+/=]+\n$/)
  }
})

await test('what it cosigned is there for everybody, with both signatures',
  async () => {
    const a = await w.look(SIGSUM)
    assert.equal(a.status, 200)
    assert.ok(a.text.startsWith(tree5))
    assert.equal(a.text.match(/^— /gm).length, 2)
    assert.equal((await w.look(ours.origin)).status, 404)
    assert.equal((await ask(`${w.url}/x/checkpoint`)).status, 404)
    assert.equal((await ask(`${w.url}/add-checkpoint`)).status, 405)
  })

await test('each log has a memory of its own', async () => {
  ours.grow(300)
  assert.equal((await w.add(ours.request(0, 7))).status, 200)
  assert.equal((await w.add(ours.request(7, 7))).status, 200)
  assert.equal((await w.add(ours.request(7, 300))).status, 200)
  assert.equal(sizeOf((await w.look(SIGSUM)).text), 5)
  assert.equal(sizeOf((await w.look(ours.origin)).text), 300)
})

await test('a log that forks is refused, and the proof of it is kept',
  async () => {
    const fork = Object.assign(new Log(ours.origin),
      { key: ours.key, id: ours.id }).grow(400, 'another ')
    assert.equal((await w.add(fork.request(300, 400))).status, 422)
    assert.equal((await w.add(fork.request(300, 300))).status, 422)
    const kept = path.join(w.dir, 'logs',
      hash(ours.origin).toString('hex'), 'refused')
    assert.equal(readFileSync(kept, 'utf8'), fork.note(300))
  })

await test('it is locked in, and sees no other files', async () => {
  const s = readFileSync(`/proc/${w.child.pid}/status`, 'utf8')
  assert.match(s, /Seccomp:\t2/)
  assert.match(s, /NoNewPrivs:\t1/)
})

await test('two requests at once: one grows the tree, nobody rolls it back',
  async () => {
    ours.grow(420)
    let known = 300
    while (known < 400) {
      const to = [known + 1, known + 2]
      const a = await Promise.all(to.map(n => w.add(ours.request(known, n))))
      const taken = to.filter((n, i) => a[i].status === 200)
      assert.equal(taken.length, 1)
      assert.equal(a.find(x => x.status !== 200).text, `${taken[0]}\n`)
      known = taken[0]
      assert.equal(sizeOf((await w.look(ours.origin)).text), known)
    }
  })

await test('a second process is kept out', async () => {
  const other = await okse(['audit', 'witness', '--listen', '127.0.0.1:0',
    w.dir])
  assert.equal(other.status, 5)
  assert.match(other.stderr, /in use/)
})

await test('it comes back with its memory', async () => {
  const before = (await w.look(ours.origin)).text
  assert.equal(await w.stop(), 0)
  await w.start()
  assert.equal((await w.look(ours.origin)).text, before)
})

// the n-th fsync of an answer: 1 the new file, 2 its directory's name
for (const when of [1, 2]) {
  const name = `killed at the ${when === 1 ? 'first' : 'last'} fsync ` +
    'it has answered nothing, and what it knows is whole'
  await w.stop()
  const known = sizeOf(readFileSync(path.join(w.dir, 'logs',
    hash(ours.origin).toString('hex'), 'checkpoint'), 'utf8'))
  let traced = true
  try {
    await w.start({
      prefix: ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fsync',
        '-e', `inject=fsync:signal=KILL:when=${when}`]
    })
  } catch (e) { traced = e }
  if (traced !== true) {
    skip(name, 'strace may not trace here')
    await w.start()
    continue
  }
  await test(name, async () => {
    await assert.rejects(w.add(ours.request(known, known + 1)))
    await w.ended
    await w.start()
    const now = sizeOf((await w.look(ours.origin)).text)
    assert.ok(now === known || (when === 2 && now === known + 1))
    const a = await w.add(ours.request(now, known + 1))
    assert.equal(a.status, 200)
  })
}

await test('killed at any time it never forgets what it answered', async () => {
  ours.grow(900)
  let known = sizeOf((await w.look(ours.origin)).text)
  for (let round = 0; round < 8; round++) {
    const killed = sleep(20 + 30 * round).then(() => w.stop('SIGKILL'))
    try {
      for (;;) {
        const a = await w.add(ours.request(known, known + 1))
        if (a.status === 409) {		// persisted, but not answered
          assert.equal(a.text, `${known + 1}\n`)
        } else {
          assert.equal(a.status, 200)
        }
        known++
      }
    } catch (e) {
      if (e.code === 'ERR_ASSERTION')
        throw e
    }
    await killed
    await w.start()
    const now = sizeOf((await w.look(ours.origin)).text)
    assert.ok(now === known || now === known + 1, `${known} → ${now}`)
    known = now
  }
})

await test('a damaged memory stops it: better none than a wrong one',
  async () => {
    await w.stop()
    const file = path.join(w.dir, 'logs', hash(ours.origin).toString('hex'),
      'checkpoint')
    const good = readFileSync(file, 'utf8')
    writeFileSync(file, good.replace(/\n\d+\n/, '\n1\n'))
    await assert.rejects(w.start(), /not what this witness wrote/)
    writeFileSync(file, good)
    await w.start()
  })

await test('a socket serves as well as a port', async () => {
  await w.stop()
  const listening = path.join(w.dir, 'w.sock')
  const { child } = Object.assign(w, { address: listening })
  assert.equal(child, undefined)
  await w.start()
  const a = await run('curl', ['-s', '--unix-socket', listening,
    `http://w/${hash(SIGSUM).toString('hex')}/checkpoint`])
  assert.ok(a.stdout.startsWith(tree5))
  assert.ok(existsSync(listening))
  assert.deepEqual(readdirSync(path.join(w.dir, 'logs')).length, 2)
})

assert.equal(await w.stop(), 0)
done()

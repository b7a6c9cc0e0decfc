// Months closed under load, with one witness that is slow and one that is away,
// while the notary is killed at any moment of it: the checkpoint of each is of
// exactly its size, and all three have cosigned it in the end.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { once } from 'node:events'
import { test, freePort, okse, person, qrTokenBody, sleep, until }
  from './instance.mjs'
import { Witness, prepareInstance, sizeOf }
  from './witness.mjs'

/** In front of a witness: answers late. */
async function slowly (witness, delay) {
  const proxy = http.createServer((q, a) => {
    const to = http.request(witness.url + q.url,
      { method: q.method, headers: q.headers }, from => setTimeout(() => {
        a.writeHead(from.statusCode, from.headers)
        from.pipe(a)
      }, delay))
    to.on('error', () => a.destroy())
    q.pipe(to)
  }).listen(await freePort(), '127.0.0.1')
  await once(proxy, 'listening')
  return { url: `http://127.0.0.1:${proxy.address().port}`,
    stop: () => { proxy.close(); proxy.closeAllConnections() } }
}

/** join: what makes the instance a node; more: arguments of okse dev. */
export async function closeMonths (kills, { join, more } = {}) {
  const w = []
  for (const n of [1, 2, 3])
    w.push(await Witness.create(`example.kr/w${n}`))
  const i = await prepareInstance(w, ['timeout: PT1S', 'patience: PT2S',
    'lost-after: PT20S', 'stop-after: PT5M'], more)
  const slow = await slowly(w[1], 300)
  i.edit('witnesses.txt', w[1].url, slow.url)
  i.edit('witnesses.txt', /group[^]*/, 'group q 2 w1 w2 w3\nquorum q\n')
  await join?.(i)
  await w[0].start()
  await w[1].start()
  await i.start()

  const periods = async () =>
    (await i.adminCall('GET', '/v1/log/periods')).json
  const find = async name => (await periods())?.periods?.find(
    p => p.period === name)
  const note = name => i.path('log', 'closed', `${name}.note`)
  const lines = name => readFileSync(note(name), 'utf8').match(/^— \S+/gm)
    .map(l => l.slice(2)).filter(l => l.includes('/w'))
  const months = kills.map((_, k) => `2026-${String(k + 1).padStart(2, '0')}`)
  let running = true, served = 0
  const load = (async () => {
    while (running)
      try {
        const r = await i.post('/v1/qr-tokens', qrTokenBody(person()))
        served += r.status === 201
      } catch { await sleep(20) }
  })()

  await test('requests are served while a month is closed', async () => {
    await until(async () => served, n => n > 5, 'load')
    const before = served
    const r = await i.okse(['audit', 'close', '--dir', i.path(), '2025-12'])
    assert.equal(r.status, 0, r.stdout + r.stderr)
    assert.match(r.stdout, /^2025-12 {2}\d+ entries, witnessed by w1, w2; /)
    assert.match(r.stdout, /waiting for w3$/m)
    assert.ok(served > before)
    assert.deepEqual(lines('2025-12').sort(), ['example.kr/w1',
      'example.kr/w2'])
  })

  for (const [k, delay] of kills.entries()) {
    const name = months[k]
    await test(`a notary killed ${delay} ms into a close ends the month`,
      async () => {
        const { pid } = (await i.processes()).find(p => p.role === 'notary')
        const asked = i.adminCall('POST', `/v1/log/periods/${name}`)
          .catch(() => {})
        await sleep(delay)
        process.kill(pid, 'SIGKILL')
        await asked
        await until(() => i.processes(), ps => ps.some(p =>
          p.role === 'notary' && p.pid !== pid), 'another notary')
        // killed before its entry was durable, it was never asked for
        await until(async () => {
          const p = await periods()
          if (p.closing || p.periods.some(x => x.period === name))
            return true
          await i.adminCall('POST', `/v1/log/periods/${name}`)
        }, done => done, 'closing')
        const p = await until(() => find(name), p => p?.state === 'witnessed',
          `${name} witnessed`)
        assert.deepEqual(p.waiting, ['w3'])
        assert.equal(sizeOf(readFileSync(note(name), 'utf8')), p.size)
      })
  }

  const last = '2026-12'
  await test('without a quorum it is published, told, and not archived',
    async () => {
      await w[0].stop('SIGKILL')
      const r = await i.okse(['audit', 'close', '--dir', i.path(), last])
      assert.equal(r.status, 3, r.stdout + r.stderr)
      assert.match(r.stdout, /entries, published( by w2)?; waiting for w1/)
      const told = await i.okse(['audit', 'periods', '--dir', i.path()])
      assert.equal(told.status, 3)
      assert.equal(told.stdout.trim().split('\n').length, kills.length + 2)
      const archive = (dir, ...args) => okse(['audit', 'archive', '--policy',
        i.path('witnesses.txt'), '--note', note(last), ...args,
        i.path('log'), i.path(dir)])
      const refused = await archive('refused')
      assert.equal(refused.status, 3)
      assert.match(refused.stderr, /no quorum of witnesses/)
      const marked = await archive('marked', '--unwitnessed')
      assert.equal(marked.status, 3, marked.stdout)
      assert.ok(existsSync(i.path('marked', 'UNWITNESSED')))
      assert.match(i.read('marked', 'SHA256SUMS'), / {2}UNWITNESSED$/m)
      const text = await i.metricsText()
      assert.match(text, /^okse_log_periods_unwitnessed 1$/m)
    })

  await test('a restart later, with all witnesses back, each has them all',
    async () => {
      running = false
      await load
      assert.equal(await i.stop(), 0)
      await w[0].start()
      await w[2].start()
      await i.start()
      const all = await until(async () => (await periods()).periods,
        ps => ps.every(p => p.state === 'witnessed' &&
          p.waiting.length === 0 && p.passed.length === 0), 'all by all')
      for (const p of all) {
        assert.deepEqual(lines(p.period).sort(), [1, 2, 3]
          .map(n => `example.kr/w${n}`), p.period)
        assert.equal(sizeOf(readFileSync(note(p.period), 'utf8')), p.size)
      }
      const told = await i.okse(['audit', 'periods', '--dir', i.path()])
      assert.equal(told.status, 0, told.stdout)
    })

  await test('the auditor finds every month in the log, at its size',
    async () => {
      const args = ['audit', 'verify', '--policy', i.path('witnesses.txt')]
      const notes = [...months, last].flatMap(m => ['--from', note(m)])
      const v = await okse([...args, ...notes, i.path('log')])
      assert.equal(v.status, 0, v.stdout + v.stderr)
      const closes = (await okse(['audit', 'show', '--event', 'period.close',
        i.path('log')])).stdout.trim().split('\n').map(l => JSON.parse(l))
      assert.deepEqual(closes.map(c => [c.period, c.seq + 1]),
        (await periods()).periods.map(p => [p.period, p.size]))
      const archived = await okse(['audit', 'archive', '--policy',
        i.path('witnesses.txt'), '--note', note(last), i.path('log'),
        i.path('archive')])
      assert.equal(archived.status, 0, archived.stdout + archived.stderr)
      assert.ok(!existsSync(i.path('archive', 'UNWITNESSED')))
    })

  assert.equal(await i.stop(), 0)
  slow.stop()
  for (const each of w)
    await each.stop()
}

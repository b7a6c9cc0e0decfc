// Kill -9 of each role while requests come in: what was acknowledged is in
// the log, nobody has two devices, the service goes on, nobody waits for ever.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import {
  test, done, startInstance, person, Wallet, issue, qrTokenBody,
  credentialBody, gone, sleep, until
} from './lib/instance.mjs'

const okse = await startInstance()
const acknowledged = []
const holders = []

/** Requests until stopped; every answer is counted by its kind. */
function load () {
  const seen = { 201: 0, 403: 0, 409: 0, 503: 0, closed: 0, other: [] }
  let running = true
  const count = r => {
    if (r.status in seen) seen[r.status]++
    else seen.other.push(r.text)
  }
  const worker = async () => {
    while (running) {
      const who = person()
      try {
        const visit = await okse.post('/v1/qr-tokens', qrTokenBody(who))
        count(visit)
        if (visit.status !== 201) {
          await sleep(20)
          continue
        }
        const wallet = await Wallet.create()
        const c = await okse.post('/v1/challenges')
        count(c)
        if (c.status !== 201) continue
        const device = {
          id: wallet.id, proofs: [await wallet.proof(c.json)]
        }
        const r = await okse.post('/v1/credentials',
          credentialBody(who, visit.json.qr_token, device))
        count(r)
        if (r.status === 201) {
          acknowledged.push(r.json.log.index)
          holders.push(who)
        }
      } catch (e) {
        if (/no answer/.test(e.message)) seen.other.push('hang: ' + e.message)
        else if (/ECONNRESET|EPIPE|ECONNREFUSED|ENOENT|socket hang up/
          .test(String(e.code) + e.message)) seen.closed++
        else seen.other.push(String(e.stack))
        await sleep(20)
      }
    }
  }
  const workers = Array.from({ length: 8 }, worker)
  return {
    seen,
    stop: async () => { running = false; await Promise.all(workers) }
  }
}

/** It works, and then something else may happen at any moment. */
async function served (l) {
  const before = l.seen[201]
  await until(() => l.seen[201], n => n >= before + 5, 'served')
  await sleep(randomInt(100))
}

for (const role of ['keyholder', 'gate', 'desk', 'notary']) {
  await test(`the service survives kill -9 of a ${role}, under load`,
    async () => {
      const l = load()
      for (let round = 0; round < 3; round++) {
        await served(l)
        const p = (await okse.processes()).find(p => p.role === role)
        assert.ok(p, `no ${role} is running`)
        process.kill(p.pid, 'SIGKILL')
        await okse.replaced(p)
      }
      await served(l)
      await l.stop()
      assert.deepEqual(l.seen.other, [])
      assert.equal((await issue(okse, person())).reply.status, 201)
    })
}

await test('while there is no notary every request is refused at once',
  async () => {
    const all = await okse.processes()
    const of = role => all.find(p => p.role === role)
    const who = person()
    process.kill(of('supervisor').pid, 'SIGSTOP')	// who would replace it
    try {
      process.kill(of('notary').pid, 'SIGKILL')
      for (const [url, body] of [['/v1/qr-tokens', qrTokenBody(who)],
        ['/v1/status-changes', { programme: 'resident-id', action: 'suspend',
          reason: 'phone-lost', holder: who.holder }]])
        await until(() => okse.post(url, body), r => r.status === 503 &&
          /^the notary is restarting/.test(r.json.detail), 'refused for that')
    } finally {
      process.kill(of('supervisor').pid, 'SIGCONT')
    }
    await okse.replaced(of('notary'))
  })

await test('no holder has got a second device by it', async () => {
  for (const who of holders.slice(-20)) {
    const r = await okse.post('/v1/qr-tokens', qrTokenBody(who))
    assert.equal(r.status, 403, r.text)
  }
})

async function everythingIsLogged () {
  const v = await okse.okse(['audit', 'verify', '--json', '--key',
    okse.path('log', 'log.vkey'), okse.path('log')])
  assert.equal(v.status, 0, v.stdout + v.stderr)
  const s = await okse.okse(['audit', 'show', okse.path('log')],
    { maxBuffer: 1 << 30 })
  const entries = s.stdout.trim().split('\n').map(l => JSON.parse(l))
  for (const index of acknowledged) {
    assert.equal(entries[index]?.out, 'allow', `entry ${index}`)
    assert.equal(entries[index].op, 'credential')
  }
}

await test('kill -9 of the supervisor takes everything down with it',
  async () => {
    const l = load()
    await served(l)
    const all = await okse.processes()
    process.kill(all.find(p => p.role === 'supervisor').pid, 'SIGKILL')
    await gone(all)
    await okse.ended
    await l.stop()
    assert.deepEqual(l.seen.other, [])
    assert.notEqual(okse.status, 0)
    okse.child = okse.status = undefined
  })

await test('it starts again on what is there', async () => {
  await okse.start()
  assert.equal((await issue(okse, person())).reply.status, 201)
})

await test('everything acknowledged is in the log, which verifies',
  async () => {
    await okse.published()
    assert.equal(await okse.stop(), 0)
    assert.ok(acknowledged.length > 20, String(acknowledged.length))
    await everythingIsLogged()
  })

await test('kill -9 of okse dev leaves no daemon behind', async () => {
  await okse.start()
  const all = await okse.processes()
  process.kill(okse.child.pid, 'SIGKILL')
  await gone(all)
})

done()

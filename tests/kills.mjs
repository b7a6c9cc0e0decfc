// Kill -9 at random moments, under load, again and again; a client that keeps
// every receipt is the judge. Each round kills some role, and then the whole
// daemon, which is started on what is there.
//
//	node tests/kills.mjs [ROUNDS [JUDGED]]	1000, as in `make test-kill`
//
// Every JUDGED rounds (25), and at the end, everything is compared.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { cpSync, rmSync } from 'node:fs'
import { done, sleep, startInstance, test } from './e2e/lib/instance.mjs'
import { Client } from './e2e/lib/receipts.mjs'

const rounds = Number(process.argv[2] ?? 1000)
const judged = Number(process.argv[3] ?? 25)
const okse = await startInstance({ args: ['--keyholders', '1'] })
// SoftHSM writes its files at a login, and a kill amid that is the end of the
// token: it is put back each time, for no HSM forgets its keys by a power cut
cpSync(okse.path('softhsm'), okse.path('softhsm.kept'), { recursive: true })
const client = new Client(okse)
const roles = ['notary', 'notary', 'keyholder', 'gate', undefined]
const kills = {}

const kill = (processes, role) => {
  const p = processes.find(x => x.role === role)
  try { process.kill(p.pid, 'SIGKILL') } catch { return }
  kills[role] = (kills[role] ?? 0) + 1
}

async function areGone (processes) {
  const alive = p => {
    try { return process.kill(p.pid, 0) } catch { return false }
  }
  for (const end = Date.now() + 20000; processes.some(alive);) {
    assert.ok(Date.now() < end, 'processes outlive their supervisor')
    await sleep(20)
  }
}

async function round () {
  const l = client.load()
  const role = roles[randomInt(roles.length)]
  await sleep(randomInt(400))
  const all = await okse.processes()
  if (role) {
    kill(all, role)
    await sleep(randomInt(300))
  }
  const now = await okse.processes()
  kill(now, 'supervisor')
  await areGone(now)
  await okse.ended
  await l.stop()
  assert.deepEqual(l.seen.other.slice(0, 3), [])
  okse.child = okse.status = undefined
  okse.output = okse.errors = ''
  rmSync(okse.path('softhsm'), { recursive: true })
  cpSync(okse.path('softhsm.kept'), okse.path('softhsm'), { recursive: true })
  await okse.start()
}

let last = 0
for (let n = 0; n < rounds;) {
  const to = Math.min(n + judged, rounds)
  await test(`rounds ${n + 1} to ${to}: nothing acknowledged is lost`,
    async () => {
      while (n < to) {
        await round()
        n++
      }
      assert.ok(client.receipts.length > last, 'nothing was acknowledged')
      last = client.receipts.length
      await client.retriesAreTheSame(Math.ceil(last / 50))
      await client.everythingIsInTheLog()
    })
  n = to
}

await test('nobody has got a second device by it', () =>
  client.nobodyGetsASecondDevice(Math.ceil(client.holders.length / 100)))

await test('the policies explain every decision', async () => {
  await okse.published()
  assert.equal(await okse.stop(), 0)
  await client.everythingIsInTheLog()
  const r = await okse.okse(['audit', 'replay', '--policies',
    okse.path('policy'), '--roster', okse.path('ceremony/roster.txt'),
    '--key', okse.path('log', 'log.vkey'), okse.path('log')])
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

console.log(`# ${rounds} rounds, killed: ${JSON.stringify(kills)}; ` +
  `${client.receipts.length} receipts, ${client.checkpoints.size} checkpoints`)
done()

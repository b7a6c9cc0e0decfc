// The notary's system calls fail under load: strace makes them. A client that
// keeps every receipt is the judge (lib/receipts.mjs). tests/faults.sh goes
// through all calls; kill.mjs and tests/kills.mjs kill whole roles.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test, skip, done, startInstance, person, issue, sleep, until }
  from './lib/instance.mjs'
import { Client } from './lib/receipts.mjs'

const okse = await startInstance()
const client = new Client(okse)

const notary = async () =>
  (await okse.processes()).find(p => p.role === 'notary')

/** Attaches strace; undefined when it may not. Ends with the process. */
async function inject (pid, what) {
  const child = spawn('strace', ['-qq', '-p', String(pid), '-e',
    `trace=${what.split(':')[0]}`, '-e', `inject=${what}`],
  { stdio: ['ignore', 'ignore', 'pipe'] })
  const s = { said: '', ended: false, child }
  child.on('error', () => { s.ended = true })
  child.stderr.on('data', d => { s.said += d })
  s.over = once(child, 'exit').then(() => { s.ended = true })
  await sleep(300)
  return s.ended && !/INJECTED|killed/.test(s.said) ? undefined : s
}

const points = [
  'fdatasync:error=EIO:when=1', 'fdatasync:error=EIO:when=7',
  'fdatasync:error=ENOSPC:when=2', 'pwrite64:error=EIO:when=50',
  'pwrite64:error=ENOSPC:when=33',
  'pwrite64:retval=0:when=11', 'fsync:error=EIO:when=3',
  'write:error=ENOSPC:when=4', 'rename:error=EIO:when=2',
  'pwrite64:signal=KILL:when=23', 'fdatasync:signal=KILL:when=4',
  'rename:signal=KILL:when=1'
]

const first = await inject((await notary()).pid,
  'ftruncate:error=EIO:when=65535')
if (!first) {
  skip('the notary keeps its promises when system calls fail',
    'strace may not attach here')
  done()
}
first.child.kill()
await first.over

// the supervisor waits longer before each restart: a new one is patient again
async function calm (turn) {
  if (turn % 4 !== 3) return
  assert.equal(await okse.stop(), 0)
  await okse.start()
}

for (const [turn, point] of points.entries()) {
  await calm(turn)
  await test(`under load, ${point}: it ends or goes on, and serves again`,
    async () => {
      const l = client.load()
      await sleep(150)
      const s = await inject((await notary()).pid, point)
      assert.ok(s, 'strace did not attach')
      await until(() => s.said, said => /INJECTED|killed/.test(said),
        'the call')
      // most end the notary; a full disk may only refuse what was asked
      await sleep(200)
      if (!s.ended) s.child.kill('SIGINT')
      await s.over
      await okse.waitReady()
      await sleep(200)
      await l.stop()
      assert.deepEqual(l.seen.other, [])
      await until(async () => (await issue(okse, person())).reply,
        r => r.status === 201, 'served again')
    })
}

await test('a retry of each acknowledged request gives the same content',
  async () => {
    assert.ok(client.receipts.length > 50, String(client.receipts.length))
    await client.retriesAreTheSame(5)
  })

await test('nobody has got a second device by it', () =>
  client.nobodyGetsASecondDevice(7))

await test('everything acknowledged is in the log, which verifies',
  async () => {
    await okse.published()
    assert.equal(await okse.stop(), 0)
    await client.everythingIsInTheLog()
  })

done()

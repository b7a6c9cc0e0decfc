// Each process is locked in before it serves.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { test, done, sleep, startInstance } from './lib/instance.mjs'

const okse = await startInstance()
const processes = await okse.processes()
const status = p => Object.fromEntries(
  readFileSync(`/proc/${p.pid}/status`, 'utf8').trim().split('\n')
    .map(l => l.split(/:\s+/, 2)))

await test('every role runs', async () => {
  assert.deepEqual([...new Set(processes.map(p => p.role))].sort(),
    ['desk', 'gate', 'keyholder', 'notary', 'supervisor'])
})

for (const p of processes) {
  await test(`${p.role} ${p.pid} is locked in`, async () => {
    const s = status(p)
    assert.equal(s.Seccomp, '2')
    assert.equal(s.NoNewPrivs, '1')
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      assert.match(s[set], /^0+$/, set)
    const limits = readFileSync(`/proc/${p.pid}/limits`, 'utf8')
    assert.match(limits, /Max core file size +0 +0/)
  })
}

await test('what a gate has open is sockets and little else', async () => {
  const gate = processes.find(p => p.role === 'gate')
  let links
  try {
    links = readdirSync(`/proc/${gate.pid}/fd`)
      .map(f => readlinkSync(`/proc/${gate.pid}/fd/${f}`))
  } catch (e) {
    assert.equal(e.code, 'EACCES')
    return
  }
  for (const l of links)
    assert.match(l, /^(socket:|anon_inode:|pipe:|\/dev\/null|.*\/log$)/)
})

await test('only keyholders have the module, and no OpenSSL key is theirs',
  async () => {
    const has = p => readFileSync(`/proc/${p.pid}/maps`, 'utf8')
      .includes('softhsm')
    for (const p of processes) {
      // the second keyholder logs in after the first one serves
      while (p.role === 'keyholder' && !has(p)) await sleep(50)
      assert.equal(has(p), p.role === 'keyholder', p.role)
    }
  })

await test('nobody can be traced or dumped by an equal', async () => {
  // as root one may do everything: then the flag itself is looked at
  for (const p of processes) {
    const { uid } = statSync(`/proc/${p.pid}/environ`)
    assert.equal(uid, 0, `${p.role} is dumpable`)
  }
})

await test('a role killed by a forbidden call would be seen', async () => {
  assert.ok(!/SIGSYS|signal 31/.test(okse.errors), okse.errors)
})

await test('sockets are their owner\'s only', async () => {
  for (const s of [okse.api, okse.admin, okse.metrics])
    assert.equal(statSync(s).mode & 0o777, 0o600, s)
})

await okse.stop()
done()

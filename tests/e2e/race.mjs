// Many clients over few people, three daemons on one PostgreSQL, and a
// nemesis that kills and stops daemons and database and cuts what is between
// them: cables of a network of namespaces, where this may be made, otherwise
// connections through a proxy. Whatever happens, the promises hold: a checker
// over the recorded history, the logs and the registry says so. With the
// registry's constraint taken away, or with commits that are not durable, the
// same checker must find broken promises, and does.
//
// RACE_SECONDS=600 node tests/e2e/race.mjs (make test-race) is the long one.

import assert from 'node:assert/strict'
import { done, person, request, skip, sleep, test } from './lib/instance.mjs'
import { startFleet, withoutQuotas } from './lib/fleet.mjs'
import { Network } from './lib/network.mjs'
import { check, client, crowd, evilsOf, nemesis } from './lib/race.mjs'

const seconds = +(process.env.RACE_SECONDS ?? 9)
const CLIENTS = 8

function world (fleet) {
  return {
    nodes: fleet.nodes, links: fleet.links, database: fleet.database,
    people: Array.from({ length: 6 }, (_, index) => ({ ...person(), index })),
    history: [], done: [], over: false
  }
}

async function readyAll (nodes) {
  const end = Date.now() + 40000
  for (const node of nodes)
    for (;;) {
      const r = await request(node.metrics, 'GET', '/readyz')
        .catch(() => undefined)
      if (r?.status === 200)
        break
      assert.ok(Date.now() < end, `${node.dir}: ${r?.text}\n` +
        node.errors.slice(-3000))
      await sleep(200)
    }
  await sleep(1500)	// for the last checkpoints
}

const tell = w => {
  const count = o => w.history.filter(h => h.outcome === o).length
  console.log(`# ${w.history.length} operations: ${count('ok')} ok, ` +
    `${count('refused')} refused, ${count('unknown')} unknown; ` +
    `${w.done.length} times ${[...new Set(w.done)].join(', ')}`)
}

const network = process.env.RACE_PROXY ? undefined : await Network.make()
  .catch(e => skip('the network is one of namespaces, not a proxy',
    e.stderr ? String(e.stderr).trim() : e.message))
const fleet = await startFleet(3, {
  linked: true, machine: network?.add(),
  env: { OKSE_CONFIGS: withoutQuotas() }
})

await test('the promises hold whatever is killed, stopped or cut',
  async () => {
    const w = world(fleet)
    const all = [nemesis(w), ...Array.from({ length: CLIENTS },
      () => client(w))]
    await sleep(seconds * 1000)
    w.over = true
    await Promise.all(all)
    await readyAll(w.nodes)
    tell(w)
    assert.ok(w.history.some(h => h.outcome === 'ok'))
    assert.ok(w.history.some(h => h.outcome === 'refused'))
    assert.ok(w.done.length >= Math.min(evilsOf(w).length, seconds / 6),
      'the nemesis was at work')
    assert.deepEqual(await check(w), [])
  })

await test('without the constraint the checker finds broken promises',
  async () => {
    const w = world(fleet)
    await fleet.database.sql('DROP INDEX okse.one_device')
    const broken = async () => (await check(w))
      .filter(l => /first devices|several devices/.test(l))
    for (let i = 0; i < 120 && (await broken()).length === 0; i++)
      await Promise.all([crowd(w), crowd(w), crowd(w), crowd(w)])
    const wrong = await broken()
    tell(w)
    console.log(`# ${wrong.length} broken: ${wrong[0]}`)
    assert.notEqual(wrong.length, 0)
  })

await test('without durable commits it finds them, and the nodes stop',
  async () => {
    const w = world(fleet)
    const { database } = fleet
    const set = value => database.sql('ALTER SYSTEM SET synchronous_commit ' +
      `= ${value}`)
    const lost = async () => (await check(w))
      .filter(l => /the registry has \d+ entries, the logs/.test(l))
    // behind the daemons' back: they look when they connect
    await set('off')
    await database.sql('SELECT pg_reload_conf()')
    process.kill(+await database.sql('SELECT pid FROM pg_stat_activity ' +
      "WHERE backend_type = 'walwriter'"), 'SIGSTOP')
    for (const end = Date.now() + 4000; Date.now() < end;)
      await Promise.all([crowd(w), crowd(w)])
    await set('on')
    await database.kill()
    await database.restart()
    const held = n => n.adminCall('GET', '/v1/seal-status')
      .then(r => r.json.hold?.what === 'registry', () => false)
    for (const end = Date.now() + 30000; !(await Promise.all(w.nodes
      .map(held))).some(Boolean); await sleep(200))
      assert.ok(Date.now() < end, 'no node noticed')
    await sleep(1000)
    const wrong = await lost()
    tell(w)
    console.log(`# ${wrong[0]}`)
    assert.notEqual(wrong.length, 0)
  })

await fleet.stop()
done()

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
import { done, person, skip, sleep, test, until } from './lib/instance.mjs'
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
  for (const node of nodes) {
    await node.waitReady()
    await node.published()
  }
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
    // what it was made for has happened, however slow the machine is
    await until(() => [w.done.length, ...['ok', 'refused'].map(o =>
      w.history.filter(h => h.outcome === o).length)],
    ([evils, ok, refused]) => ok > 0 && refused > 0 &&
      evils >= Math.min(evilsOf(w).length, seconds / 6), 'all of it')
    w.over = true
    await Promise.all(all)
    await readyAll(w.nodes)
    tell(w)
    assert.deepEqual(await check(w), [])
  })

await test('without the constraint the checker finds broken promises',
  async () => {
    const w = world(fleet)
    await fleet.database.sql('DROP INDEX okse.one_device')
    const broken = async () => (await check(w))
      .filter(l => /first devices|several devices/.test(l))
    const wrong = await until(async () => {
      await Promise.all([crowd(w), crowd(w), crowd(w), crowd(w)])
      return broken()
    }, all => all.length > 0, 'a broken promise')
    tell(w)
    console.log(`# ${wrong.length} broken: ${wrong[0]}`)
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
    for (let i = 0; i < 4; i++)
      await Promise.all([crowd(w), crowd(w)])
    await Promise.all(w.nodes.map(n => n.published()))
    await set('on')
    await database.kill()
    await database.restart()
    const held = n => n.adminCall('GET', '/v1/seal-status')
      .then(r => r.json.hold?.what === 'registry', () => false)
    await until(() => Promise.all(w.nodes.map(held)),
      all => all.some(Boolean), 'a node noticed')
    const wrong = await until(lost, all => all.length > 0, 'lost entries')
    tell(w)
    console.log(`# ${wrong[0]}`)
  })

await fleet.stop()
done()

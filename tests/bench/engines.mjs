// The registry's engines: how the cost of an issue grows with the number of
// holders that are there already (each with a device, a key and a place in a
// status list), and with the most of them issues a second by connections on
// SQLite, on PostgreSQL, and with three daemons on one PostgreSQL. A holder
// counts as two issues: a QR token and a credential.
//
// OKSE_BENCH_COUNT requests for each line (5000), OKSE_BENCH_CONNECTIONS a
// list (1,8,64,256), OKSE_BENCH_HOLDERS a list (10000,100000,1000000). Load,
// daemons and database share the cores, so the figures compare engines and
// sizes, not machines.

import os from 'node:os'
import path from 'node:path'
import { build, run, startInstance } from '../e2e/lib/instance.mjs'
import { startFleet } from '../e2e/lib/fleet.mjs'

const list = (name, otherwise) => (process.env[name] ?? otherwise).split(',')
  .map(Number)
const connections = list('OKSE_BENCH_CONNECTIONS', '1,8,64,256')
const [count] = list('OKSE_BENCH_COUNT', '5000')
const sizes = list('OKSE_BENCH_HOLDERS', '10000,100000,1000000')
let first = 0

async function must (program, args, options) {
  const r = await run(program, args, { timeout: 600000, ...options })
  if (r.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${r.stderr}`)
  return r.stdout
}

/** One line of the generator for each phase. */
async function load (node, stage, c, n) {
  const from = first
  first += n
  const text = await must(path.join(build, 'tool/load'), ['--socket',
    node.api, '--stage', stage, '--connections', String(c), '--count',
    String(n), '--first', String(from), '--json'])
  return text.trim().split('\n').map(l => JSON.parse(l))
}

const number = (v, digits = 0) => v.toLocaleString('en', {
  minimumFractionDigits: digits, maximumFractionDigits: digits
})
const row = (...cells) => console.log(cells.map((c, i) =>
  i === 0 ? String(c).padEnd(26) : String(c).padStart(13)).join(''))

async function measure (name, nodes, by = connections) {
  for (const node of nodes)
    await load(node, 'credential', 8, 200)	// caches
  for (const c of by.filter(c => c >= nodes.length)) {
    const n = Math.ceil((c === 1 ? count / 10 : count) / nodes.length)
    const lines = await Promise.all(nodes.map(node => load(node,
      'credential', Math.ceil(c / nodes.length), n)))
    for (const phase of ['qr-token', 'credential']) {
      const of = lines.flat().filter(l => l.phase === phase)
      row(`${name}, ${phase}`, c,
        number(of.reduce((sum, l) => sum + l.per_second, 0)),
        number(Math.max(...of.map(l => l.p50_ms)), 1),
        number(Math.max(...of.map(l => l.p99_ms)), 1))
    }
  }
}

const GROWTH = [64]	// connections while the number of holders grows

/** fill(from, to): holders of these numbers are there from now on. */
async function grow (name, nodes, fill) {
  let there = 0
  await measure(`${name}, none`, nodes, GROWTH)
  for (const size of sizes) {
    await fill(there, size)
    there = size
    await measure(`${name}, ${number(size)}`, nodes, GROWTH)
  }
  await measure(name, nodes)
}

console.log(`${os.cpus().length} cores, ${os.cpus()[0].model}; ` +
  `${number(count)} requests a line, a tenth of it at 1 connection\n`)
row('engine, holders present', 'connections', 'per second', 'p50 ms', 'p99 ms')

// places in a list that is none of the daemon's
const sqlite = await startInstance()
await grow('SQLite', [sqlite], async (from, to) => {
  await sqlite.stop()
  await must('sqlite3', [sqlite.path('registry.db'), 'CREATE TEMP TABLE new ' +
    'AS WITH RECURSIVE n(i) AS ' +
    `(SELECT ${from + 1} UNION ALL SELECT i + 1 FROM n WHERE i < ${to}) ` +
    'SELECT i, randomblob(16) AS holder, randomblob(16) AS serial FROM n; ' +
    'BEGIN; INSERT INTO device (holder, programme, device, serial, state, ' +
    "issued_at) SELECT holder, 'resident-id', randomblob(16), serial, 1, 1 " +
    'FROM new; INSERT INTO device_key SELECT randomblob(16), holder FROM ' +
    'new; INSERT INTO status_use SELECT 1000000, i, 1, serial, 0, ' +
    '4000000000 FROM new; COMMIT'])
  await sqlite.start()
})
await sqlite.stop()

const fleet = await startFleet(1, { keyholders: 2 })
await grow('PostgreSQL', [fleet.nodes[0]], async (from, to) => {
  const numbers = `generate_series(${from + 1}, ${to}) i`
  const name = of => `decode(md5('${of}' || i), 'hex')`
  for (const [table, columns, values] of [
    ['device', 'holder, programme, device, serial, state, issued_at',
      `${name('h')}, 'resident-id', ${name('d')}, ${name('s')}, 1, 1`],
    ['device_key', 'key, holder', `${name('k')}, ${name('h')}`],
    ['status_use', 'list, first, count, serial, value, expires_at',
      `1000000, i, 1, ${name('s')}, 0, 4000000000`]
  ]) {
    await fleet.database.sql(`INSERT INTO okse.${table} (${columns}) ` +
      `SELECT ${values} FROM ${numbers}`)
    await fleet.database.sql(`ANALYZE okse.${table}`)
  }
})
await fleet.add()
await fleet.add()
await measure('PostgreSQL, 3 daemons', fleet.nodes)
await fleet.stop()
process.exit(0)

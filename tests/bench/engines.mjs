// The registry's engines with a million holders already in them: issues a
// second by connections on SQLite, on PostgreSQL, and with three daemons on
// one PostgreSQL. A holder counts as two issues: a QR token and a credential.
//
// OKSE_BENCH_COUNT requests for each line (5000), OKSE_BENCH_CONNECTIONS a
// list (1,8,64,256), OKSE_BENCH_HOLDERS (1000000). Load, daemons and database
// share the cores, so the figures compare engines and not machines.

import os from 'node:os'
import path from 'node:path'
import { build, run, startInstance } from '../e2e/lib/instance.mjs'
import { startFleet } from '../e2e/lib/fleet.mjs'

const list = (name, otherwise) => (process.env[name] ?? otherwise).split(',')
  .map(Number)
const connections = list('OKSE_BENCH_CONNECTIONS', '1,8,64,256')
const [count] = list('OKSE_BENCH_COUNT', '5000')
const [holders] = list('OKSE_BENCH_HOLDERS', '1000000')
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

async function measure (name, nodes) {
  for (const node of nodes)
    await load(node, 'credential', 8, 200)	// caches
  for (const c of connections.filter(c => c >= nodes.length)) {
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

console.log(`${os.cpus().length} cores; ${number(holders)} holders present; ` +
  `${number(count)} requests a line, a tenth of it at 1 connection\n`)
row('engine', 'connections', 'per second', 'p50 ms', 'p99 ms')

const sqlite = await startInstance()
for (const there of [0, holders]) {
  if (there !== 0) {
    await sqlite.stop()
    await must('sqlite3', [sqlite.path('registry.db'), 'WITH RECURSIVE n(i) ' +
      `AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${there}) ` +
      'INSERT INTO device (holder, programme, device, serial, state, ' +
      "issued_at) SELECT randomblob(16), 'resident-id', randomblob(16), " +
      'randomblob(16), 1, 1 FROM n'])
    await sqlite.start()
  }
  await measure(there === 0 ? 'SQLite, empty' : 'SQLite', [sqlite])
}
await sqlite.stop()

const fleet = await startFleet(1, { keyholders: 2 })
await fleet.database.sql('INSERT INTO okse.device (holder, programme, device' +
  ", serial, state, issued_at) SELECT decode(md5(i::text), 'hex'), " +
  "'resident-id', decode(md5(i::text), 'hex'), decode(md5(i::text), 'hex'), " +
  `1, 1 FROM generate_series(1, ${holders}) i`)
await fleet.database.sql('ANALYZE okse.device')
await measure('PostgreSQL', [fleet.nodes[0]])
await fleet.add()
await fleet.add()
await measure('PostgreSQL, 3 daemons', fleet.nodes)
await fleet.stop()
process.exit(0)

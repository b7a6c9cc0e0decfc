// What the signed log costs, as ratios within one run: entries a second with
// fsync and without, for batches of several sizes (the notary's coordinator
// alone, one core, tickets unsigned); and how many signatures of the log come
// with a thousand decisions of the whole service.
//
// OKSE_BENCH_COUNT people for each line (20000).

import path from 'node:path'
import { build, run, startInstance, sleep } from '../e2e/lib/instance.mjs'

const count = Number(process.env.OKSE_BENCH_COUNT ?? 20000)
const tool = name => path.join(build, 'tool', name)
const number = (v, digits = 0) => v.toLocaleString('en', {
  minimumFractionDigits: digits, maximumFractionDigits: digits
})

async function must (program, args, options) {
  const r = await run(program, args, { timeout: 600000, ...options })
  if (r.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${r.stderr}`)
  return r.stdout
}

console.log('entries of the log a second, by decisions in a batch')
console.log('  batch' + ['fsync', 'no fsync', 'ratio'].map(h =>
  h.padStart(12)).join(''))
for (const batch of [1, 32, 256]) {
  const people = Math.ceil(batch === 1 ? count / 20 : count / 2)
  const rate = async env => {
    const r = JSON.parse(await must(tool('notary_rate'),
      [String(people), String(batch)], { env: { ...process.env, ...env } }))
    return r.entries /
      (people / r.visits_per_second + people / r.issues_per_second)
  }
  const durable = await rate({})
  const not = await rate({ LD_PRELOAD: path.join(build, 'module/nosync.so') })
  console.log(`  ${String(batch).padStart(5)}` +
    [number(durable), number(not), number(durable / not, 2)].map(v =>
      v.padStart(12)).join(''))
}

const okse = await startInstance()
const metric = async name => (await okse.metricsText()).split('\n')
  .filter(l => l.startsWith(name)).reduce((sum, l) =>
    sum + Number(l.split(' ').pop()), 0)
const counts = async () => {
  await sleep(1500)		// told once a second
  return [await metric('okse_decisions_total'),
    await metric('okse_log_checkpoints_total')]
}
console.log('\nsignatures of the log (each checkpoint has two)')
let first = 0
for (const connections of [1, 32, 256]) {
  const n = Math.ceil(connections === 1 ? count / 20 : count / 2)
  const [d0, c0] = await counts()
  await must(tool('load'), ['--socket', okse.api, '--stage', 'credential',
    '--connections', String(connections), '--count', String(n), '--first',
    String(first), '--json'])
  first += n
  const [d1, c1] = await counts()
  const each = 2 * (c1 - c0) * 1000 / (d1 - d0)
  console.log(`  ${String(connections).padStart(3)} connections: ` +
    `${number(each, 1)} for 1,000 decisions (${number(d1 - d0)} decisions, ` +
    `${number(c1 - c0)} checkpoints)`)
}
await okse.stop()

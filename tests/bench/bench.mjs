// `make bench`: the token alone, then the whole service, in one run.
//
// OKSE_BENCH_COUNT requests for each line (20000), OKSE_BENCH_CONNECTIONS a
// list (1,32,64,256). Closed loop, then one line of open loop at 70 % of what
// the closed one reached. The generator runs on the same cores.

import os from 'node:os'
import path from 'node:path'
import { writeFileSync, readFileSync } from 'node:fs'
import { build, configs, run, startInstance } from '../e2e/lib/instance.mjs'
import { recover, derivePin } from '../e2e/lib/secret.mjs'

const count = Number(process.env.OKSE_BENCH_COUNT ?? 20000)
const connections = (process.env.OKSE_BENCH_CONNECTIONS ?? '1,32,64,256')
  .split(',').map(Number)
const tool = name => path.join(build, 'tool', name)
const okse = await startInstance()
let first = 0

async function must (program, args, options) {
  const r = await run(program, args, { timeout: 600000, ...options })
  if (r.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${r.stderr}`)
  if (r.stderr)
    console.error(r.stderr.trim())
  return r.stdout.trim().split('\n').map(l => JSON.parse(l))
}

/** Lines of the generator, [qr-token, credential] of new holders. */
async function load (stage, connections, n, more = []) {
  const roles = {}
  const watch = (await okse.processes()).flatMap(p => {
    const name = p.role === 'keyholder'
      ? 'keyholder' + (roles.k = (roles.k ?? 0) + 1)
      : p.role
    return ['--watch', `${name}=${p.pid}`]
  })
  const lines = await must(tool('load'), ['--socket', okse.api, '--stage',
    stage, '--connections', String(connections), '--count', String(n),
    '--first', String(first), '--json', ...more, ...watch])
  first += n
  return lines
}

const number = (v, digits = 0) => v.toLocaleString('en', {
  minimumFractionDigits: digits, maximumFractionDigits: digits
})
const row = (...cells) => console.log(cells.map((c, i) =>
  i === 0 ? String(c).padEnd(24) : String(c).padStart(11)).join(''))

const roles = l => Object.entries(l).filter(([, v]) => v?.cpu_us !== undefined)
const cpu = l => roles(l).reduce((sum, [, v]) => sum + v.cpu_us, 0)

console.log(`${os.cpus().length} cores, ${os.cpus()[0].model}; ` +
  `${count} requests a line; the generator shares the cores\n`)
row('closed loop', 'connections', 'per second', 'p50 ms', 'p99 ms',
  'p99.9 ms', 'max ms', 'CPU us')

const best = {}
const show = (l, what = l.phase) => {
  row(what, l.connections, number(l.per_second), number(l.p50_ms, 2),
    number(l.p99_ms, 2), number(l.p999_ms, 2), number(l.max_ms, 1),
    number(cpu(l)))
  if (!(best[l.phase]?.per_second > l.per_second))
    best[l.phase] = l
  return l
}

await load('credential', 32, 1000)	// caches, databases, certificates
const at = {}
for (const c of connections) {
  const n = c === 1 ? Math.ceil(count / 10) : count
  for (const l of await load('credential', c, n))
    (at[l.phase] ??= {})[c] = show(l)
}

// ---- formats, batches of keys, batches of visits (32 connections)

const some = Math.max(200, Math.ceil(count / 5))
console.log('\nformats and batches, 32 connections')
row('what', 'connections', 'per second', 'p50 ms', 'p99 ms', 'p99.9 ms',
  'max ms', 'CPU us', 'bytes')
const showWide = (l, what) => row(what, l.connections, number(l.per_second),
  number(l.p50_ms, 2), number(l.p99_ms, 2), number(l.p999_ms, 2),
  number(l.max_ms, 1), number(cpu(l)), l.bytes ? number(l.bytes) : '-')
for (const format of ['dc+sd-jwt', 'mso_mdoc', 'vc+jwt', 'opendid-vc',
  'cwt-qr']) {
  const l = (await load('credential', 32, some, ['--format', format])).at(-1)
  best[format] = l
  showWide(l, format)
}
{
  const l = (await load('credential', 32, Math.ceil(some / 10),
    ['--keys', '10'])).at(-1)
  showWide(l, 'dc+sd-jwt, 10 keys')
  const requests = Math.max(8, Math.ceil(count / 256))
  const [b] = await load('qr-batch', 4, requests)
  first += requests * 256
  best['qr-batch'] = b
  showWide(b, 'qr-tokens:batch of 256')
}

console.log('\nopen loop at 70 % of the best')
for (const [phase, stage] of [['qr-token', 'qr-token']]) {
  const rate = Math.floor(best[phase].per_second * 0.7)
  for (const l of await load(stage, 256, Math.min(count, rate * 5),
    ['--rate', String(rate)]))
    show(l, `${phase} at ${number(rate)}/s`)
}

console.log('\nCPU us of one credential, by process (32 connections)')
const reference = at.credential[32] ?? Object.values(at.credential)[0]
for (const [name, v] of roles(reference))
  console.log(`  ${name.padEnd(14)} ${number(v.cpu_us, 1).padStart(7)}` +
    `   RSS ${number(v.rss_mib, 1)} MiB`)

// ---- the token alone, on the same keys, now that nobody else uses it

await okse.stop()
const pin = okse.path('pin')
writeFileSync(pin, derivePin(recover(okse.shares().slice(0, 2)),
  /token=([^;?]*)/.exec(okse.read('okse.yaml'))[1]), { mode: 0o600 })
const uri = JSON.parse(/^ {2}uri: (".*")$/m.exec(okse.read('okse.yaml'))[1])
const raw = {}
console.log('\nraw C_SignInit and C_Sign, unverified')
for (const n of [1, 2]) {
  [raw[n]] = await must(tool('sign_raw'), [uri, pin, 'document', '3',
    String(n)], {
    env: {
      ...process.env,
      SOFTHSM2_CONF: okse.path('softhsm', 'softhsm2.conf')
    }
  })
  console.log(`  ${n} process${n > 1 ? 'es' : '  '} ` +
    `${number(raw[n].per_second).padStart(9)}/s   ` +
    `${number(raw[n].cpu_us, 1)} us CPU each`)
}

// ---- decisions alone: one core, the full resident-id policy

const [decisions] = await must(tool('decide_rate'),
  [path.join(configs, 'policy')])

// ---- the auditor's side: a log of a million entries, checked from its files

const million = 1000000
const log = okse.path('million')
const made = await run(tool('make_log'), [log, String(million)],
  { timeout: 600000 })
if (made.status !== 0)
  throw new Error(made.stderr)
const verifyFrom = process.hrtime.bigint()
const verified = await run(path.join(build, 'okse'),
  ['audit', 'verify', '--key', path.join(log, 'log.vkey'), log],
  { timeout: 600000 })
const verifySeconds = Number(process.hrtime.bigint() - verifyFrom) / 1e9
if (verified.status !== 0)
  throw new Error(verified.stdout + verified.stderr)

// the instance's own log: every decision of this run made again
const replayFrom = process.hrtime.bigint()
const replayed = await run(path.join(build, 'okse'),
  ['audit', 'replay', '--unverified', '--json', '--policies',
    okse.path('policy'), '--roster', okse.path('ceremony/roster.txt'),
    okse.path('log')], { timeout: 600000 })
const replaySeconds = Number(process.hrtime.bigint() - replayFrom) / 1e9
if (replayed.status !== 0)
  throw new Error(replayed.stdout + replayed.stderr)
const replayedDecisions = JSON.parse(replayed.stdout).checks
  .find(c => c.check === 'Decisions').good

// ---- against the design

const rss = (l, names) => roles(l).filter(([n]) => names.test(n))
  .reduce((sum, [, v]) => sum + v.rss_mib, 0)
const fixed = rss(reference, /supervisor|gate|notary/)
const ratio = v => number(v / raw[2].per_second, 2) + ' of raw'
const p99 = Object.values(at).map(a => a[64]?.p99_ms ?? 0)
const line = (what, target, measured, note, met) =>
  console.log(`${met ? '✓' : '✗'} ${what.padEnd(38)} ${target.padStart(12)} ` +
    `${measured.padStart(12)}   ${note}`)

console.log('\n  ' + 'figure'.padEnd(38) + 'target'.padStart(13) +
  'measured'.padStart(13))
for (const [phase, target] of [['qr-token', 10000], ['credential', 6000]])
  for (const c of [32, 256])
    if (at[phase][c])
      line(`${phase}, ${c} connections`, number(target) + '/s',
        number(at[phase][c].per_second) + '/s',
        ratio(at[phase][c].per_second), at[phase][c].per_second >= target)
line('mso_mdoc, 32 connections', '5,000/s',
  number(best.mso_mdoc.per_second) + '/s', ratio(best.mso_mdoc.per_second),
  best.mso_mdoc.per_second >= 5000)
line('QR tokens by batch', '10,000/s',
  number(best['qr-batch'].per_second) + '/s', '256 a request',
  best['qr-batch'].per_second >= 10000)
line('CPU of one SD-JWT VC, verified', '250 us',
  number(cpu(reference)) + ' us',
  `${number(cpu(reference) / raw[1].cpu_us, 1)} raw signatures`,
  cpu(reference) <= 250)
line('p99 at 64 connections', '20 ms', number(Math.max(...p99), 1) + ' ms', '',
  Math.max(...p99) < 20)
line('supervisor + gate + notary', '64 MiB', number(fixed, 1) + ' MiB',
  `after ${number(first * 2)} issues, with shared pages`, fixed < 64)
line('decisions, one core', '300,000/s',
  number(decisions.per_second) + '/s', `${number(decisions.ns_each)} ns each`,
  decisions.per_second >= 300000)
line('audit replay, decisions', '100,000/s',
  number(replayedDecisions / replaySeconds) + '/s',
  `${number(replayedDecisions)} in ${number(replaySeconds, 1)} s, files read`,
  replayedDecisions / replaySeconds >= 100000)
line('audit verify, 1,000,000 entries', '10 s', number(verifySeconds, 1) + ' s',
  'files in the page cache', verifySeconds < 10)

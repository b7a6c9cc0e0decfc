// What stops a ceremony that counts before anything is made, and who may go on
// with one that was broken off.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync }
  from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse, okse_program, run }
  from './lib/instance.mjs'
import { softhsm, people, productionScript, paper, sit, honest, transcript }
  from './lib/room.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const at = name => path.join(home, name)
const cards = softhsm(at('cards'))
const who = people(home, cards)
const years = { from: '2026-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' }
const text = productionScript(who, years)
const script = at('root.yaml')
writeFileSync(script, text)
const papers = paper(text, who)

let number = 0
const day = () => {
  const store = at(`day-${++number}`)
  const env = softhsm(store)
  cpSync(path.join(at('cards'), 'tokens'), path.join(store, 'tokens'),
    { recursive: true })
  const dir = path.join(store, 'ceremony')
  return { env, dir, store, room: { papers, who, dir } }
}
const types = dir => transcript(dir).trim().split('\n')
  .map(line => line.split('|')[3])
const refused = async (d, why, file = script, rehearsal = at('rehearsed'),
  env = d.env) => {
  const tokens = () => readdirSync(path.join(d.store, 'tokens')).length
  const before = tokens()
  const r = await sit(['run', '--rehearsal', rehearsal, file, d.dir], env,
    d.room)
  assert.equal(r.status, 1, r.stdout + r.stderr)
  assert.match(r.stderr, why)
  assert.ok(!types(d.dir).includes('INTENT'))
  assert.equal(tokens(), before)
}

await test('it is rehearsed', async () => {
  const r = await okse(['ceremony', 'rehearse', script, at('rehearsed')],
    { env: softhsm(at('practice')) })
  assert.equal(r.status, 0, r.stderr)
})

await test('a day outside of the script\'s window is none', async () => {
  for (const window of [
    { from: '2020-01-01T00:00:00Z', to: '2020-01-01T05:00:00Z' },
    { from: '2098-01-01T00:00:00Z', to: '2098-01-01T05:00:00Z' }]) {
    const other = at('window.yaml')
    writeFileSync(other, productionScript(who, window))
    const dir = at(`rehearsed-${++number}`)
    const r = await okse(['ceremony', 'rehearse', other, dir],
      { env: softhsm(at(`practice-${number}`)) })
    assert.equal(r.status, 0, r.stderr)
    await refused(day(), /outside of the script's window/, other, dir)
  }
})

await test('a rehearsal of a month ago is too old', async () => {
  const faked = await run('faketime', ['-f', '+31d', 'printenv', 'LD_PRELOAD'])
  assert.equal(faked.status, 0, faked.stderr)
  const d = day()
  await refused(d, /the rehearsal was held too long ago/, script,
    at('rehearsed'),
    { ...d.env, LD_PRELOAD: faked.stdout.trim(), FAKETIME: '+31d' })
})

await test('a rehearsal that does not verify is none', async () => {
  const copy = at('changed')
  cpSync(at('rehearsed'), copy, { recursive: true })
  const file = path.join(copy, 'ca', 'iaca.pem')
  const bytes = readFileSync(file)
  bytes[100] ^= 1
  writeFileSync(file, bytes)
  await refused(day(), /ca\/iaca\.pem/, script, copy)
  await refused(day(), /rehears|transcript/, script, at('nothing'))
})

await test('a card that is not the script\'s is refused, and asked again',
  async () => {
    const d = day()
    // by their labels these are the same cards; their keys are others
    people(at('others'), softhsm(at('others')))
    rmSync(path.join(d.store, 'tokens'), { recursive: true })
    cpSync(path.join(at('others'), 'tokens'), path.join(d.store, 'tokens'),
      { recursive: true })
    let tries = 0
    const r = await sit(['run', '--rehearsal', at('rehearsed'), script,
      d.dir], d.env, d.room, q => /try again, or abort/.test(q)
      ? (++tries, 'abort')
      : /^abort/.test(q) ? 'the cards are of others' : undefined)
    assert.notEqual(r.status, 0)
    assert.ok(tries > 0, r.stdout)
    assert.match(r.stdout, /not the signature of seat-1/)
    assert.ok(!types(d.dir).includes('INTENT'))
  })

/** Broken off at the n-th question, by a signal or the end of the input. */
async function brokenOff (n, how) {
  const d = day()
  const child = spawn(okse_program, ['ceremony', 'run', '--rehearsal',
    at('rehearsed'), script, d.dir],
  { env: d.env, stdio: ['pipe', 'pipe', 'ignore'] })
  let rest = ''
  let asked = 0
  child.stdin.on('error', () => {})
  child.stdout.on('data', data => {
    const lines = (rest + data).split('\n')
    rest = lines.pop()
    for (const line of lines.filter(l => l.startsWith('? '))) {
      if (++asked === n) how(child, d)
      if (asked < n) child.stdin.write(honest(line.slice(2), d.room) + '\n')
    }
  })
  const status = await new Promise(resolve => child.on('close',
    (code, signal) => resolve(code ?? signal)))
  assert.notEqual(status, 0)
  return d
}
const verifies = async d => {
  const v = await okse(['ceremony', 'verify', d.dir])
  assert.equal(v.status, 0, v.stderr)
}

for (const [name, how] of [
  ['the terminal is closed', c => c.kill('SIGHUP')],
  ['somebody types Ctrl-C', c => c.kill('SIGINT')],
  ['the machine shuts down', c => c.kill('SIGTERM')],
  ['the input ends', c => c.stdin.end()]
]) {
  await test(`when ${name}, the ceremony can go on`, async () => {
    const d = await brokenOff(27, how)
    const r = await sit(['resume', d.dir], d.env, d.room)
    assert.equal(r.status, 0, r.stdout + r.stderr)
    await verifies(d)
  })
}

await test('nobody goes on with another script, module or record',
  async () => {
    const d = await brokenOff(27, c => c.kill('SIGKILL'))
    const kept = at('kept')
    cpSync(d.dir, kept, { recursive: true })
    const yaml = path.join(d.dir, 'ceremony', 'script.yaml')
    writeFileSync(yaml, text.replace('days: 457', 'days: 456'))
    let r = await sit(['resume', d.dir], d.env, d.room)
    assert.notEqual(r.status, 0)
    assert.match(r.stderr, /script\.yaml/)
    writeFileSync(yaml, text)
    r = await sit(['resume', '--module',
      '/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so', d.dir], d.env, d.room)
    assert.notEqual(r.status, 0)
    assert.match(r.stderr, /module/)
    assert.equal(transcript(d.dir), readFileSync(
      path.join(kept, 'ceremony', 'transcript.log'), 'utf8'))
    r = await sit(['resume', d.dir], d.env, d.room)
    assert.equal(r.status, 0, r.stderr)
    await verifies(d)
  })

await test('two processes cannot hold one ceremony', async () => {
  let second
  const d = await brokenOff(27, (child, d) => {
    second = sit(['resume', d.dir], d.env, d.room).then(r => {
      child.kill('SIGKILL')
      return r
    })
  })
  const r = await second
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /another process|held|lock/i)
  const again = await sit(['resume', d.dir], d.env, d.room)
  assert.equal(again.status, 0, again.stderr)
  await verifies(d)
})

done()

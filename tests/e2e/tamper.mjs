// What a ceremony left, changed in any bit, does not verify: transcript,
// script, roster, signatures, certificates and all other files of a ceremony
// that counts, with an exception and a break in it. OKSE_TAMPER=all changes
// every bit (make test-tamper, most of an hour); otherwise some.

import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync, mkdtempSync }
  from 'node:fs'
import path from 'node:path'
import { test, done, temporary, okse, run, build }
  from './lib/instance.mjs'
import { softhsm, people, productionScript, paper, sit, transcript }
  from './lib/room.mjs'

const home = temporary()
// files are rewritten hundreds of thousands of times: in memory, if there is
const copies = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/okse-') : home
process.on('exit', () => {
  for (const dir of [home, copies]) rmSync(dir, { recursive: true, force: true })
})
const at = name => path.join(home, name)
const all = process.env.OKSE_TAMPER === 'all'

const env = softhsm(at('cards'))
const who = people(home, env)
const text = productionScript(who)
writeFileSync(at('root.yaml'), text)
const room = { papers: paper(text, who), who, dir: at('held') }

await test('a ceremony is rehearsed and held', async () => {
  const r = await okse(['ceremony', 'rehearse', at('root.yaml'),
    at('rehearsed')], { env: softhsm(at('practice')) })
  assert.equal(r.status, 0, r.stderr)
  let agreed = 0
  let entered = 0
  const held = await sit(['run', '--rehearsal', at('rehearsed'),
    at('root.yaml'), room.dir], env, room, q => {
    if (/^seat-1.*do you agree/.test(q) && ++agreed === 1) return 'exception'
    if (/^Enter to go on/.test(q) && ++entered === 1) return 'break'
    return undefined
  })
  assert.equal(held.status, 0, held.stderr)
  assert.match(transcript(room.dir), /\|EXCEPTION\|[^]*\|BREAK\|/)
})

let number = 0
async function tamper (dir, ...args) {
  const copy = path.join(copies, `${++number}`)
  cpSync(dir, copy, { recursive: true })
  const r = await run(path.join(build, 'tool', 'tamper'), [copy, ...args],
    { timeout: 0 })
  assert.equal(r.status, 0, r.stdout + r.stderr)
  const n = +/^(\d+) changes of \d+ files, 0 unnoticed$/m.exec(r.stdout)[1]
  assert.ok(n > 200)
  return n
}

/** Every bit, or some of them; whole files and lines always. */
const tamperAll = async (dir, other) => (all
  ? await Promise.all([tamper(dir, '2', '0', other), tamper(dir, '2', '1')])
  : [await tamper(dir, '3989', '0', other)]).reduce((a, b) => a + b)

await test('each changed file of it is refused for what it is', async () => {
  console.log(`# ${await tamperAll(room.dir, at('rehearsed'))} changes of ` +
    'a ceremony in production')
})

await test('so is each of its rehearsal', async () => {
  const r = await okse(['ceremony', 'rehearse', at('root.yaml'),
    at('another')], { env: softhsm(at('practice-again')) })
  assert.equal(r.status, 0, r.stderr)
  console.log(`# ${await tamperAll(at('rehearsed'), at('another'))} changes ` +
    'of a rehearsal')
})

await test('a rehearsal does not pass for production', async () => {
  const copy = at('passed-off')
  cpSync(at('rehearsed'), copy, { recursive: true })
  const file = path.join(copy, 'ceremony', 'transcript.log')
  const said = readFileSync(file, 'utf8')
  writeFileSync(file, said.replace('mode=rehearsal', 'mode=production'))
  const passed = await okse(['ceremony', 'verify', copy])
  assert.equal(passed.status, 10, passed.stderr)
  assert.match(passed.stderr, /transcript record 1: its hash/)
  const asked = await okse(['ceremony', 'verify', '--production',
    at('rehearsed')])
  assert.equal(asked.status, 14, asked.stderr)
  assert.match(asked.stderr, /record 1: a rehearsal/)
  // nor does production go on from what was only practised
  const r = await sit(['run', '--rehearsal', room.dir, at('root.yaml'),
    at('again')], env, room)
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /the rehearsal is none/)
})

await test('a signature of another, or of nobody we know, is refused',
  async () => {
    const signatures = readFileSync(
      path.join(room.dir, 'ceremony', 'signatures.txt'), 'utf8')
    const lines = signatures.trim().split('\n')
    const swapped = lines.map(l => l)
    const [a, b] = [2, 3].map(i => lines[i].split(' '))
    swapped[2] = [a[0], ...b.slice(1)].join(' ')
    swapped[3] = [b[0], ...a.slice(1)].join(' ')
    for (const [line, wrong] of [[3, swapped.join('\n') + '\n'],
      [lines.length + 1, signatures +
        lines.at(-1).replace(/^\S+/, 'auditor-2') + '\n']]) {
      const copy = at(`signed-${++number}`)
      cpSync(room.dir, copy, { recursive: true })
      writeFileSync(path.join(copy, 'ceremony', 'signatures.txt'), wrong)
      const r = await okse(['ceremony', 'verify', copy])
      assert.equal(r.status, 12, r.stderr)
      assert.match(r.stderr, new RegExp(`signatures.txt, line ${line}`))
    }
  })

await test('bytes that no text has end it with a message, at any size',
  async () => {
    const said = transcript(room.dir)
    const file = path.join(at('odd'), 'ceremony', 'transcript.log')
    cpSync(room.dir, at('odd'), { recursive: true })
    for (const odd of ['', '\0', said + '\0'.repeat(100),
      said.replace('|', '\0'), said.replace('|', '\xff\xfe'),
      'x'.repeat(40 << 20), said + 'x'.repeat(40 << 20) + '\n',
      '1|'.repeat(1 << 20), '\n'.repeat(1 << 20)]) {
      writeFileSync(file, odd, 'latin1')
      const r = await okse(['ceremony', 'verify', at('odd')])
      assert.ok(Number.isInteger(r.status) && r.status > 0 && r.status < 100,
        String(r.status))
      assert.notEqual(r.stderr, '')
      assert.ok(r.stderr.length < 4096)
    }
  })

await test('it verifies elsewhere and in twenty years', async () => {
  const verify = env => okse(['ceremony', 'verify', room.dir],
    { env: { ...process.env, ...env } })
  const here = await verify({})
  assert.equal(here.status, 0, here.stderr)
  for (const other of [{ TZ: 'Asia/Seoul' }, { TZ: 'America/St_Johns' },
    { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' }, { LC_ALL: 'C' }]) {
    const r = await verify(other)
    assert.equal(r.stdout, here.stdout)
    assert.equal(r.status, 0, r.stderr)
  }
  const later = await run('faketime', ['2045-06-01 12:00:00',
    path.join(build, 'okse'), 'ceremony', 'verify', room.dir])
  assert.equal(later.status, 0, later.stderr)
  assert.equal(later.stdout, here.stdout)
})

done()

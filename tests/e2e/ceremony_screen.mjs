// What is refused in a ceremony that is held on a whole screen: it is pointed
// at where the room looks, asked again where it may be, and when it ends the
// ceremony the terminal is given back with the reason on it.

import assert from 'node:assert/strict'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse } from './lib/instance.mjs'
import { softhsm, people, productionScript, paper, openShare, sitAtScreen,
  transcript, honest } from './lib/room.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const at = name => path.join(home, name)
const who = people(home, softhsm(at('cards')))
const text = productionScript(who)
const script = at('root.yaml')
writeFileSync(script, text)
const papers = paper(text, who)

let number = 0
const day = (cards = at('cards')) => {
  const store = at(`day-${++number}`)
  const env = softhsm(store)
  cpSync(path.join(cards, 'tokens'), path.join(store, 'tokens'),
    { recursive: true })
  const dir = path.join(store, 'ceremony')
  return { env, dir, room: { papers, who, dir } }
}
const types = dir => transcript(dir).trim().split('\n')
  .map(line => line.split('|')[3])
const run = (d, say) => sitAtScreen(['run', '--rehearsal', at('rehearsed'),
  script, d.dir], d.env, d.room, say)

/** What stands on a screen, the question left out. */
const shown = screen => [...screen.rows].filter(([row]) => row < 22)
  .map(([, line]) => line).join('\n')

/** It ended, for this reason, which stands on the terminal that is back. */
function ended (r, d, status, why) {
  assert.equal(r.status, status, r.stdout)
  // eslint-disable-next-line no-control-regex
  assert.match(r.stdout, /\x1b\[\?1049h[^]*\x1b\[\?1049l\x1b\[\?25h/)
  assert.match(r.left, why)
  assert.ok(!types(d.dir).includes('KEYGEN'))
  // no question was longer than the screen is wide
  for (const a of r.asked) assert.ok(a.text.length < 77, a.text)
}

await test('it is rehearsed', async () => {
  const r = await okse(['ceremony', 'rehearse', script, at('rehearsed')],
    { env: softhsm(at('practice')) })
  assert.equal(r.status, 0, r.stderr)
})

await test('a wrong word is pointed at, and three wrong answers end it',
  async () => {
    const d = day()
    let wrong = 0
    const r = await run(d, q => {
      if (!/of the (script|program)$/.test(q)) return undefined
      const [one] = honest(q, d.room).split(' ')
      // once for the script, then always
      return /script/.test(q) && wrong++ > 0 ? undefined : `${one} abandom`
    })
    ended(r, d, 1, /not the one on the paper of seat-2/)
    const word = /words \d+ and (\d+)/.exec(r.asked[0].text)[1]
    assert.match(shown(r.asked[1]), new RegExp(`word ${word} is another one`))
    assert.equal(r.asked.filter(a => /of the program$/.test(a.text)).length, 3)
    assert.match(transcript(d.dir), /HASHREAD.*answer=wrong/)
  })

await test('a watch that is wrong ends it', async () => {
  const d = day()
  const r = await run(d, q => /HH:MM/.test(q)
    ? new Date(Date.now() + 3600e3).toISOString().slice(11, 16)
    : undefined)
  ended(r, d, 1, /more than 5 minutes apart/)
})

await test('without an officer, or the auditor, nothing begins', async () => {
  for (const absent of ['seat-3', 'auditor-1']) {
    const d = day()
    const r = await run(d, q => q.startsWith(`roll-call: ${absent}`)
      ? 'absent'
      : undefined)
    ended(r, d, 1, /present|absent/)
    assert.ok(!types(d.dir).includes('INTENT'))
  }
})

await test('a card that is not the script\'s is named, and asked for again',
  async () => {
    // by their labels these are the same cards; their keys are others
    people(at('others'), softhsm(at('others')))
    const d = day(at('others'))
    let tries = 0
    const r = await run(d, q => /try again, or abort/.test(q)
      ? ++tries < 3 ? '' : 'abort'
      : /^abort/.test(q) ? 'the cards are of others' : undefined)
    ended(r, d, 3, /aborted in the room: the cards are of others/)
    assert.match(r.left, /not the signature of seat-1/)
    assert.equal(tries, 3)
    assert.ok(!types(d.dir).includes('INTENT'))
  })

await test('a card that is not there is waited for', async () => {
  const d = day()
  const cards = path.join(d.env.SOFTHSM2_CONF, '../tokens')
  rmSync(cards, { recursive: true })
  softhsm(path.dirname(cards))
  let tries = 0
  const r = await run(d, q => {
    if (/^abort/.test(q)) return 'enough was seen'
    if (!/try again, or abort/.test(q))
      return /of the token|^Enter to go on/.test(q) ? 'abort' : undefined
    if (tries++ > 0) return 'abort'
    cpSync(path.join(at('cards'), 'tokens'), cards, { recursive: true })
    return ''
  })
  assert.equal(tries, 1)
  ended(r, d, 3, /./)
  assert.ok(types(d.dir).includes('ROLLCALL'))
})

await test('officers who say no are obeyed', async () => {
  const d = day()
  const r = await run(d, q => /^seat-[23].*do you agree/.test(q)
    ? 'no'
    : undefined)
  ended(r, d, 1, /1 officers agreed, 2 are needed/)
  assert.ok(!types(d.dir).includes('SHARE'))
})

await test('a mistyped share, or another\'s, is named; no share is shown',
  async () => {
    const d = day()
    let tries = 0
    let spoilt = false
    const r = await run(d, q => {
      if (/^abort/.test(q)) return 'enough was seen'
      if (/^seat-3, your share/.test(q)) {
        spoilt = true
        return 'okse-share1-AAAA'
      }
      if (spoilt && /try again, or abort/.test(q)) return 'abort'
      if (!/^seat-2, your share/.test(q)) return undefined
      return [openShare(d.dir, who[1]).replace(/.$/, c => c === 'A' ? 'B' : 'A'),
        openShare(d.dir, who[0])][tries++]
    })
    ended(r, d, 3, /this is the share of seat 1/)
    assert.equal(tries, 3)
    assert.match(r.left, /seat-2: not taken/)
    assert.doesNotMatch(r.stdout, /okse-share1-[A-Z2-7]{4}-/)
  })

await test('the room may abort at any question, and it is on the record',
  async () => {
    for (const n of [1, 9, 20]) {
      const d = day()
      const r = await run(d, (q, i) => i === n ? 'abort' : undefined)
      ended(r, d, 3, /./)
      if (n > 1) assert.equal(types(d.dir).pop(), 'ABORT')
      const v = await okse(['ceremony', 'verify', d.dir])
      assert.notEqual(v.status, 0)
    }
  })

await test('Ctrl-C gives the terminal back, and the ceremony can go on',
  async () => {
    const d = day()
    const r = await run(d, (q, n) => n === 20 ? null : undefined)
    assert.notEqual(r.status, 0)
    // eslint-disable-next-line no-control-regex
    assert.match(r.stdout, /\x1b\[\?1049l\x1b\[\?25h/)
    const again = await sitAtScreen(['resume', d.dir], d.env, d.room)
    assert.equal(again.status, 0, again.stdout)
    const v = await okse(['ceremony', 'verify', d.dir])
    assert.equal(v.status, 0, v.stderr)
    // the root was written down from the screen, as words and digits
    assert.match(again.left, new RegExp(transcript(d.dir).trim().split('|')
      .pop().slice(0, 8)))
  })

done()

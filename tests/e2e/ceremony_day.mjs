// A ceremony that counts, with people: cards, paper, shares opened by openssl.
// What it leaves verifies; what people refuse, mistype or say is on the record.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync, cpSync }
  from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse } from './lib/instance.mjs'
import { softhsm, people, productionScript, paper, openShare, sit,
  sitAtScreen, transcript, honest, wordsOf }
  from './lib/room.mjs'
import { startBrowser } from './lib/browser.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const at = name => path.join(home, name)

const cards = softhsm(at('cards'))
const who = people(home, cards)
const script = at('root.yaml')
const text = productionScript(who)
writeFileSync(script, text)
const papers = paper(text, who)

let number = 0
/** A fresh store of tokens with everybody's cards in it, and a directory. */
const day = () => {
  const store = at(`day-${++number}`)
  const env = softhsm(store)
  cpSync(path.join(at('cards'), 'tokens'), path.join(store, 'tokens'),
    { recursive: true })
  const dir = path.join(store, 'ceremony')
  return { env, dir, room: { papers, who, dir } }
}
const run = (d, say, rehearsal = at('rehearsed')) => sit(['run',
  ...(rehearsal ? ['--rehearsal', rehearsal] : []), script, d.dir],
d.env, d.room, say)
const verify = dir => okse(['ceremony', 'verify', dir])
const types = dir => transcript(dir).trim().split('\n')
  .map(line => line.split('|')[3])

await test('without a rehearsal of this script nothing begins', async () => {
  const d = day()
  const r = await run(d, undefined, null)
  assert.equal(r.status, 1)
  assert.match(r.stderr, /rehearsal/)
  assert.equal(transcript(d.dir), '')
})

await test('the same script is rehearsed, and says so', async () => {
  const env = softhsm(at('practice'))
  const r = await okse(['ceremony', 'rehearse', script, at('rehearsed')],
    { env })
  assert.equal(r.status, 0, r.stderr)
  const v = await verify(at('rehearsed'))
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /verified: rehearsal/)
})

await test('a rehearsal of another script does not count', async () => {
  const other = at('other.yaml')
  writeFileSync(other, text.replace('days: 457', 'days: 456'))
  const d = day()
  const r = await sit(['run', '--rehearsal', at('rehearsed'), other, d.dir],
    d.env, d.room)
  assert.equal(r.status, 1)
  assert.match(r.stderr, /of another script/)
})

const kept = day()
let heard
await test('four people hold the ceremony; its record verifies', async () => {
  const r = await run(kept)
  assert.equal(r.status, 0, r.stderr + r.stdout)
  heard = r.stdout
  const v = await verify(kept.dir)
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /people: 4 took part/)
  assert.match(v.stdout, /verdicts: 4 agree, 0 disagree/)
  assert.match(v.stdout, /verified: production/)
})

await test('no share and no secret key is in what it left', async () => {
  assert.doesNotMatch(heard, /okse-share1-/)
  assert.doesNotMatch(transcript(kept.dir), /okse-share1-/)
  assert.doesNotMatch(readFileSync(
    path.join(kept.dir, 'officers', '1.share.cms'), 'utf8'), /okse-share1/)
})

await test('its minutes are pages that bind each other', async () => {
  const r = await okse(['ceremony', 'report', kept.dir])
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /최지킴/)
  const pages = r.stdout.split('\f').slice(0, -1)
  let running = Buffer.alloc(32)
  pages.forEach((page, i) => {
    const [, text, foot] = /^([^]*?)\n(page .*)\n$/.exec(page)
    running = createHash('sha256').update(running).update(text).digest()
    const words = wordsOf(running.toString('hex')).slice(0, 6)
    assert.equal(foot,
      `page ${i + 1} of ${pages.length}       ${words.join(' ')}`)
    assert.ok(page.split('\n').every(line => line.length <= 80), page)
  })
  const html = (await okse(['ceremony', 'report', '--html', kept.dir])).stdout
  assert.equal(html.match(/<section>/g).length, pages.length)
  assert.doesNotMatch(html, /<script|https?:/)

  // a browser makes a PDF of it: the same pages, each with its own foot
  const browser = await startBrowser()
  writeFileSync(at('minutes.html'), html)
  await browser.open(at('minutes.html'))
  writeFileSync(at('minutes.pdf'), await browser.pdf())
  await browser.stop()
  const printed = execFileSync('pdftotext', ['-layout', at('minutes.pdf'), '-'],
    { encoding: 'utf8' }).split('\f').slice(0, -1)
  assert.equal(printed.length, pages.length)
  const last = page => page.trimEnd().split('\n').at(-1)
  printed.forEach((page, i) => assert.equal(
    last(page).trim().replace(/ +/g, ' '), last(pages[i]).replace(/ +/g, ' ')))
  assert.match(printed.join(), /최지킴/)
})

/** The transcript chained anew, as anybody can who has none of the keys. */
const chained = text => {
  let previous = '0'.repeat(64)
  return text.trim().split('\n').map((line, i) => {
    const body = [i + 1, ...line.split('|').slice(1, -2), previous].join('|')
    previous = createHash('sha256').update(`kc/rec/v1/production\n${body}`)
      .digest('hex')
    return `${body}|${previous}\n`
  }).join('')
}

await test('each kind of forgery has its exit status', async () => {
  const log = 'ceremony/transcript.log'
  const said = 'ceremony/signatures.txt'
  const without = type => text =>
    chained(text.replace(new RegExp(`^.*\\|${type}\\|.*\\n`, 'm'), ''))
  for (const [status, file, forge, wrong] of [
    [10, log, t => t.replace('|CONFIRM|', '|ROLLCALL|'), /record \d+/],
    [10, log, t => t.replace('mode=production', 'mode=rehearsal'),
      /record 1:/],
    [10, 'officers/1.share.cms', t => t.replace('M', 'N'), /record \d+/],
    [11, log, t => t.slice(0, -1), /record \d+: missing/],
    [11, log, without('CLOSE'), /record \d+: missing/],
    [12, said, t => t.replace(' agree\n', ' disagree because\n'),
      /signatures.txt/],
    [12, said, t => t.replace(/^seat-1 .*\n/m, ''), /not of the next/],
    [12, log, without('ROLLCALL'), /record \d+/],
    [14, log, without('REHEARSAL'), /REHEARSAL/],
    [14, log, t => chained(t.replace(/held=\d{4}/, 'held=2019')),
      /record 3:/]]) {
    const copy = at(`copy-${++number}`)
    cpSync(kept.dir, copy, { recursive: true })
    const f = path.join(copy, file)
    writeFileSync(f, forge(readFileSync(f, 'utf8')))
    const v = await verify(copy)
    assert.equal(v.status, status, `${file} ${forge}: ${v.stderr}`)
    assert.match(v.stderr, wrong)
  }
})

await test('a rehearsal handed over as the real thing is not', async () => {
  const v = await okse(['ceremony', 'verify', '--production',
    at('rehearsed')])
  assert.equal(v.status, 14)
  const real = await okse(['ceremony', 'verify', '--production', kept.dir])
  assert.equal(real.status, 0)
  assert.match(real.stdout, /not known: whether the machine told the room/)
  assert.equal((await verify(at('nowhere'))).status, 1)
  assert.equal((await okse(['ceremony', 'verify'])).status, 2)
})

await test('the paper is what others\' software writes on it', async () => {
  const r = await okse(['ceremony', 'paper', script])
  assert.equal(r.status, 0, r.stderr)
  const said = [...r.stdout.matchAll(/^(\w+)\n((?: {4}.*\n){5})/gm)]
  assert.deepEqual(said.map(m => m[1]),
    ['script', 'program', 'module', 'roster'])
  for (const [, what, lines] of said) {
    const [hex, ...words] = lines.trim().split('\n')
    assert.equal(hex.replaceAll(' ', ''), papers[what])
    assert.deepEqual(words.join(' ').match(/[a-z]+/g),
      wordsOf(papers[what]))
  }
})

await test('the root is shown in words, and verified by them', async () => {
  const root = transcript(kept.dir).trim().split('|').pop()
  const words = wordsOf(root)
  const by = given => okse(['ceremony', 'verify', '--root', given, kept.dir])
  assert.equal((await by(words.join(' '))).status, 0)
  assert.equal((await by(words.map(w => w.slice(0, 4)).join(' '))).status, 0)
  const wrong = await by(words.with(6, 'zebro').join(' '))
  assert.equal(wrong.status, 2)
  assert.match(wrong.stderr, /word 7 of 24/)
  assert.equal((await by(wordsOf('0'.repeat(64)).join(' '))).status, 10)
  assert.match(heard, new RegExp(`23 ${words[22]} +24 ${words[23]}\n`))
  assert.match((await okse(['ceremony', 'report', kept.dir])).stdout,
    new RegExp(`23 ${words[22]} +24 ${words[23]}\n`))
})

await test('words are typed short, or loud; three wrong ones end it', async () => {
  const d = day()
  const room = q => honest(q, d.room).split(' ')
  const once = await run(d, (q, n) => !/your own paper/.test(q)
    ? undefined
    : n === 1
      ? `${room(q)[0]} abandom`
      : n === 2
        ? room(q).map(w => w.slice(0, 4).toUpperCase()).join('  ')
        : undefined)
  assert.equal(once.status, 0, once.stderr)
  const asked = /words \d+ and (\d+)/.exec(once.asked[0])[1]
  assert.match(once.stdout, new RegExp(`  word ${asked} is another one`))
  assert.match(transcript(d.dir), /HASHREAD.*answer=wrong/)
  const e = day()
  const r = await run(e, q => /of the program/.test(q) ? 'x' : undefined)
  assert.equal(r.status, 1)
  assert.match(r.stderr, /not the one on the paper of seat-2/)
})

await test('a watch that is wrong stops it', async () => {
  const r = await run(day(), q => /HH:MM/.test(q)
    ? new Date(Date.now() + 3600e3).toISOString().slice(11, 16)
    : undefined)
  assert.equal(r.status, 1)
  assert.match(r.stderr, /more than 5 minutes apart/)
})

await test('without the auditor, or an officer, nothing is done', async () => {
  for (const absent of ['auditor-1', 'seat-3']) {
    const d = day()
    const r = await run(d, q => q.startsWith(`roll-call: ${absent}`)
      ? 'absent'
      : undefined)
    assert.equal(r.status, 1)
    assert.ok(!types(d.dir).includes('INTENT'))
  }
})

await test('officers who say no are obeyed', async () => {
  const d = day()
  const r = await run(d, q => /^seat-[23].*do you agree/.test(q)
    ? 'no'
    : undefined)
  assert.equal(r.status, 1)
  assert.match(r.stderr, /1 officers agreed, 2 are needed/)
  assert.ok(!types(d.dir).includes('SHARE'))
})

await test('a mistyped share, or of another seat, is refused and asked again',
  async () => {
    const d = day()
    let tries = 0
    const r = await run(d, q => !/^seat-2, your share/.test(q)
      ? undefined
      : [undefined, 'okse-share1-AAAA', openShare(d.dir, who[0])][++tries])
    assert.equal(r.status, 0, r.stderr)
    assert.equal(r.stdout.match(/seat-2: not taken/g).length, 2)
    assert.match(r.stdout, /this is the share of seat 1/)
    assert.equal(tries, 3)
  })

await test('exception and break are on the record, signed', async () => {
  const d = day()
  let agreed = 0
  let entered = 0
  const r = await run(d, q => {
    if (/^seat-1.*do you agree/.test(q) && ++agreed === 1) return 'exception'
    if (/^Enter to go on/.test(q) && ++entered === 1) return 'break'
    return undefined
  })
  assert.equal(r.status, 0, r.stderr)
  const seen = types(d.dir)
  assert.equal(seen.filter(t => t === 'EXCEPTION').length, 1)
  assert.equal(seen.filter(t => t === 'BREAK').length, 2)
  const v = await verify(d.dir)
  assert.equal(v.status, 0, v.stderr)
})

await test('the room may abort at any time', async () => {
  const d = day()
  const r = await run(d, (q, n) => n === 25 ? 'abort' : undefined)
  assert.equal(r.status, 3)
  assert.equal(types(d.dir).pop(), 'ABORT')
  const v = await verify(d.dir)
  assert.equal(v.status, 11)
  assert.match(v.stderr, /record \d+ is ABORT/)
})

await test('on a screen of 80 by 24, in two languages', async () => {
  for (const language of ['en', 'ko']) {
    const d = day()
    const r = await sitAtScreen(['run', '--language', language,
      '--rehearsal', at('rehearsed'), script, d.dir], d.env, d.room)
    assert.equal(r.status, 0, r.stdout)
    assert.equal((await verify(d.dir)).status, 0)
    const last = r.asked.at(-1)
    assert.match(last.rows.get(1), /Okse .*17/)
    assert.equal(last.rows.get(24), 'exception   break   abort')
    // the hash is whole on the screen while its words are asked for
    const rows = [...r.asked[0].rows.values()].join('\n')
    wordsOf(papers.script).forEach((word, i) =>
      assert.match(rows, new RegExp(`\\b${i + 1} ${word}\\b`)))
    assert.ok(r.asked.some(a => /동의하십니까/.test(a.text)) ===
      (language === 'ko'))
    assert.doesNotMatch(r.stdout, /okse-share1-/)
  }
})

await test('somebody who disagrees is heard', async () => {
  const d = day()
  await run(d, q => /^auditor-1.*agree, or disagree/.test(q)
    ? 'disagree the lid of the box was open'
    : undefined)
  const v = await verify(d.dir)
  assert.equal(v.status, 15)
  assert.match(v.stdout, /3 agree, 1 disagree/)
  assert.match(v.stdout, /register: .* adds up/)
  // and their minutes are printed
  assert.equal((await okse(['ceremony', 'report', d.dir])).status, 0)
})

await test('killed in the middle, it goes on and verifies', async () => {
  for (const n of [14, 18, 27, 36]) {
    const d = day()
    const r = await run(d, (q, i) => i === n ? null : undefined)
    assert.equal(r.signal, 'SIGKILL')
    const again = await sit(['resume', d.dir], d.env, d.room)
    assert.equal(again.status, 0, `${n}: ${again.stderr}${again.stdout}`)
    const v = await verify(d.dir)
    assert.equal(v.status, 0, v.stderr)
    assert.ok(types(d.dir).includes('RESUME'))
  }
})

done()

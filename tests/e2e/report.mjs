// The report in a browser: it verifies its own entries, shows it when a byte
// of it is changed, loads nothing, and fits a phone and a sheet of paper.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  test, skip, done, startInstance, person, issue, qrTokenBody, sleep,
  until
} from './lib/instance.mjs'
import { hasBrowser, startBrowser } from './lib/browser.mjs'

const okse = await startInstance()
const log = okse.path('log')
for (const residence of ['11110', '26110', '41281'])
  await issue(okse, person({ residence }))
await okse.post('/v1/qr-tokens', qrTokenBody(person({ foreign: true })))
const size = () =>
  +readFileSync(path.join(log, 'checkpoint'), 'utf8').split('\n')[1]
await okse.published()
assert.equal(await okse.stop(), 0)

const page = okse.path('report.html')
const table = okse.path('report.csv')
const html = () => readFileSync(page, 'utf8')

await test('a log becomes a page and a table', async () => {
  const r = await okse.okse(['audit', 'report', '--html', page, '--csv', table,
    '--policies', okse.path('policy'),
    '--roster', okse.path('ceremony/roster.txt'), log])
  assert.equal(r.status, 0, r.stderr)
  assert.match(html(), /<h2>Decisions made again<\/h2>/)
})

await test('the table has the figures of range --summary', async () => {
  const r = await okse.okse(['audit', 'range', '--csv', log, '2020-01-01',
    '2099-12-31'])
  assert.equal(r.status, 0, r.stderr)
  const rows = readFileSync(table, 'utf8')
  assert.ok(rows.startsWith(r.stdout))
  assert.match(rows, /^all,decisions,6,1,0,0\r$/m)
  assert.match(rows, /^region,41281,2,0,0,0\r$/m)
  assert.match(rows, /^rule,not-foreigner,6,1,0,0\r$/m)
})

await test('the page has one script and one style, both by their hashes',
  () => {
    const text = html()
    assert.equal(text.match(/<script/g).length, 2)	// and the data
    assert.equal(text.match(/<style/g).length, 1)
    assert.doesNotMatch(text, / style=| on[a-z]+=|javascript:|https?:/)
    assert.match(text, /content="default-src 'none'; style-src 'sha256-/)
  })

if (!hasBrowser) {
  skip('a browser verifies it', 'no chromium and chromedriver')
  done()
}
const browser = await startBrowser()
const look = async file => {
  await browser.open(file)
  return browser.until('return document.documentElement.dataset.verdict')
}

await test('a browser verifies checkpoint and entries', async () => {
  await browser.session('POST', '/url', { url: 'about:blank' })
  // the browser's own first page has its requests
  await until(async () => (await browser.told()).requests,
    all => all.length === 0, 'quiet')
  assert.equal(await look(page), 'good')
  const checks = await browser.run(
    'return [...document.querySelectorAll("#checks li")].map(l => ' +
    'l.className + " " + l.textContent)')
  assert.ok(checks.every(c => c.startsWith('good ')), checks.join('\n'))
  assert.match(checks.join('\n'), /Ed25519/)
  assert.match(checks.join('\n'), /ECDSA P-256/)
  assert.match(checks.join('\n'), /16 of 16 entries/)
  assert.equal(await browser.run(
    'return document.querySelectorAll(".state.good").length'), 16)
})

await test('it asks nobody for anything and complains of nothing',
  async () => {
    const { requests, complaints } = await browser.told()
    assert.deepEqual(requests.filter(u => !u.startsWith('file://')), [])
    assert.equal(requests.length, 1)
    assert.deepEqual(complaints, [])
  })

await test('it fits a phone', async () => {
  for (const width of [320, 360, 412]) {
    await browser.resize(width, 740)
    const [wide, inner] = await browser.run('return ' +
      '[document.documentElement.scrollWidth, window.innerWidth]')
    assert.ok(wide <= inner && inner <= width, `${wide} of ${inner}`)
  }
  await browser.resize(1000, 900)
})

await test('it prints', async () => {
  const pdf = await browser.pdf()
  assert.equal(pdf.subarray(0, 5).toString(), '%PDF-')
  assert.ok((pdf.toString('latin1').match(/\/Type \/Page\b/g) ?? [])
    .length >= 2)
})

// ---- changed pages

const changed = okse.path('changed.html')
const forge = async (from, to) => {
  const text = html()
  const after = text.replace(from, to)
  assert.notEqual(after, text, String(from))
  writeFileSync(changed, after)
  await browser.open(changed)
}
const verdict = () => browser.until(
  'return document.documentElement.dataset.verdict')

const flip = c => c === 'A' ? 'B' : 'A'
const lies = {
  'an entry shown otherwise than it is': [/(&quot;seq&quot;:)(\d+)/,
    (_, m, n) => m + (+n + 1)],
  'an entry changed in both places': [/(&quot;seq&quot;:|\\"seq\\":)(\d+)/g,
    (_, m, n) => m + (+n + 1)],
  'a proof of another entry': [/"index":(\d+)/,
    (_, n) => `"index":${+n + 1}`],
  'a path with a changed hash': [/"path":\["(.)/,
    (_, c) => `"path":["${flip(c)}`],
  'another root': [/((?:\\n|\\u000a)\d+(?:\\n|\\u000a))(.)/, (_, n, c) => n + flip(c)],
  'a signature of something else': [/((?:\\n|\\u000a)— \S+ \S{20})(.)/,
    (_, n, c) => n + flip(c)],
  'another size than the page says': [/"size":(\d+)/,
    (_, n) => `"size":${+n + 1}`],
  'no key at all': [/"keys":\[.*?\]/, '"keys":[]'],
  'a key whose id is another\'s': [/"keys":\["([^"]*)\+(.)/,
    (_, n, c) => `"keys":["${n}+${flip(c)}`]
}
for (const [what, [from, to]] of Object.entries(lies))
  await test(`${what} is shown as failed`, async () => {
    await forge(from, to)
    assert.equal(await verdict(), 'bad')
    assert.match(await browser.run(
      'return document.getElementById("word").textContent'), /Failed/)
  })

await test('a changed script does not run, and nothing says good', async () => {
  await forge('if (!signed && !unable)', 'if (false)')
  await sleep(500)
  assert.equal(await browser.run(
    'return document.documentElement.dataset.verdict ?? "none"'), 'none')
  assert.match(await browser.run(
    'return document.getElementById("word").textContent'), /Not checked/)
})

await test('a hostile name of the directory stays text', async () => {
  const hostile = okse.path('<img src=x onerror=alert(1)>&"\'')
  cpSync(log, hostile, { recursive: true })
  const r = await okse.okse(['audit', 'report', '--html', page, hostile])
  assert.equal(r.status, 0, r.stderr)
  assert.equal(await look(page), 'good')
  assert.equal(await browser.run('return document.images.length'), 0)
  assert.ok((await browser.run('return document.body.textContent'))
    .includes('<img src=x onerror=alert(1)>&"\''))
})

await test('a damaged log gets no report', async () => {
  const copy = okse.path('copy')
  cpSync(log, copy, { recursive: true })
  const file = path.join(copy, 'checkpoint')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/\n\d/, '\n9'))
  const r = await okse.okse(['audit', 'report', '--html',
    okse.path('none.html'), copy])
  assert.equal(r.status, 1, r.stderr)
  assert.throws(() => readFileSync(okse.path('none.html')))
})

await browser.stop()
done()

// Does every check of the verifier have a test that fails without it?
//
//   mutate.mjs [--each N] BUILD
//
// Copies audit/ with a switch at each check (a condition that leads to an
// error, each operand of it; an error passed on; a finding; an operand of a
// predicate), builds it and its unit tests once, and runs them with one check
// switched off at a time. Prints TAP: a mutant that no test notices is "not
// ok" unless survivors.txt says why it makes no difference.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync, rmSync, cpSync }
  from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const top = path.join(here, '..', '..')
const args = process.argv.slice(2)
const each = args[0] === '--each' ? Number(args.splice(0, 2)[1]) : 1
const work = path.resolve(args[0], 'mutants')

// which tests are asked about the checks of a file, the quickest first
const VERIFIER = ['verify_signed', 'verify_period', 'verify_forged',
  'forgery', 'sweep', 'verify']
const FORM = ['note', 'trust', 'forgery', 'checkpoint']
const JUDGED = {
  'verify.c': VERIFIER, 'verify_others.c': VERIFIER,
  'verify_entries.c': VERIFIER, 'verify_files.c': VERIFIER,
  'closing.c': ['verify_period'], 'reconcile.c': ['reconcile', ...VERIFIER],
  'trust.c': ['trust'], 'trust_open.c': ['trust', 'forgery'],
  'note.c': FORM, 'vkey.c': FORM, 'checkpoint.c': FORM,
  'cosignature.c': ['trust', 'witness'], 'proof.c': ['proof', 'diff', 'forgery'],
  'receipt.c': ['checkpoint', 'diff'], 'diff.c': ['diff'],
  'tile.c': ['tile', 'verify_forged'],
}
const FILES = Object.keys(JUDGED)
const JUDGES = [...new Set(Object.values(JUDGED).flat())]
// functions whose error, passed on, is a check
const CHECKS = new RegExp('^(check_|verify_(log|cosig|ed|ecdsa|line)|' +
  'note_(get|verify)|vkey_verify|trust_open|checkpoint_get|reader_end|' +
  'ed25519_verify|p256_point|read_line|reconcile_sequence|proof_check|' +
  'tile_bundle_get)')
const ERRORS = 'err_because|wrong|bad_line|second_device'
const FINDINGS = 'verify_found|found_in_entry|found_fork|found_rollback|' +
  'found_damage|late'

// ---- where the checks are

const closing = (s, open) => {
  let depth = 0
  for (let i = open; i < s.length; i++) {
    if (s[i] === '"')
      for (i++; s[i] !== '"'; i++)
        if (s[i] === '\\') i++
    if (s[i] === "'") { i += s[i + 1] === '\\' ? 3 : 2; continue }
    if (s[i] === '(') depth++
    if (s[i] === ')' && --depth === 0) return i
  }
  throw new Error(`no closing parenthesis from ${open}`)
}

// top-level operands of a condition, as [start, end)
const operands = (s, start, end, word) => {
  const out = []
  let from = start
  for (let i = start; i < end; i++) {
    if (s[i] === '(') i = closing(s, i)
    else if (s[i] === '?') return [[start, end]]
    else if (s[i] === word && s[i + 1] === word) {
      out.push([from, i])
      from = i + 2
      i++
    }
  }
  return [...out, [from, end]]
}

// comments blanked out, offsets kept
const bare = s => s.replace(/\/\*[^]*?\*\//g, m => m.replace(/[^\n]/g, ' '))

// edits: {at, end, make(n)}
function sites(source) {
  const s = bare(source), found = []
  const wrap = (at, end, make) => {
    while (/\s/.test(s[at])) at++
    while (/\s/.test(s[end - 1])) end--
    found.push({ at, end, make })
  }
  const off = (at, end) => wrap(at, end, (n, t) => `(!MUTANT(${n}) && (${t}))`)
  const on = (at, end) => wrap(at, end, (n, t) => `(MUTANT(${n}) || (${t}))`)
  for (const m of s.matchAll(/\bif \(/g)) {
    const open = m.index + 3, close = closing(s, open)
    const then = s.slice(close + 1)
    if (!new RegExp(`^\\s*(return (${ERRORS})\\(|r->failed = true|` +
      'return false|found = false)').test(then)) continue
    if (/^\s*return err_because\(ERR_(MEMORY|SYSTEM)/.test(then)) continue
    for (const [a, b] of operands(s, open + 1, close, '|')) off(a, b)
  }
  for (const m of s.matchAll(/\bTRY\(/g)) {
    const close = closing(s, m.index + 3)
    const text = s.slice(m.index + 4, close)
    if (!CHECKS.test(text)) continue
    wrap(m.index, close + 1, (n, t) => `TRY_BUT(${n}, ${t.slice(4, -1)})`)
  }
  for (const m of s.matchAll(new RegExp(`(?<=([;{})]|\\belse)\\s*)(${FINDINGS})\\(`,
    'g'))) {
    const at = m.index
    if (/\n(static |enum |void )[^\n]*\n?$/.test(s.slice(0, at))) continue
    const before = s.slice(0, at).trimEnd()
    if (/^[a-z_]+\([^;{]*\)\n\{/.test(s.slice(at)) &&
      s[at - 1] === '\n') continue
    if (before.endsWith('(void)')) continue
    found.push({ at, end: at, make: n => `if (MUTANT(${n})) ; else ` })
  }
  for (const m of s.matchAll(/\breturn ([^;]*)/g)) {
    const start = m.index + 7, end = m.index + m[0].length
    const e = s.slice(start, end)
    let k
    if ((k = e.search(/:\s*(err_because|reader_end|wrong)\(/)) >= 0)
      found.push({ at: start + k + 1, end: start + k + 1,
        make: n => ` MUTANT(${n}) ? ERR_OK :` })
    else if (/^[^"]*&&/.test(e) && !/err|TRY/.test(e))
      for (const [a, b] of operands(s, start, end, '&')) on(a, b)
    else if (/^(wrong|bad_line|err_because|second_device)\(/.test(e) &&
      /[;{}]\s*$/.test(s.slice(0, m.index)))
      found.push({ at: start, end: start,
        make: n => `MUTANT(${n}) ? ERR_OK : ` })
  }
  found.sort((a, b) => a.at - b.at || b.end - a.end)
  // one within another: the inner is left as it is
  return found.filter((f, i) => !found.some((g, k) => k < i &&
    g.at <= f.at && f.end < g.end))
}

// ---- a tree in which each can be switched off

function build() {
  rmSync(work, { recursive: true, force: true })
  mkdirSync(work, { recursive: true })
  for (const d of ['audit', 'tests/unit/audit'])
    cpSync(path.join(top, d), path.join(work, d), { recursive: true })
  writeFileSync(path.join(work, 'mutant.h'), `#include <stdlib.h>
static inline int MUTANT(int n)
{
	static int off = -2;
	if (off == -2) off = getenv("MUTANT") ? atoi(getenv("MUTANT")) : -1;
	return off == n;
}
#define TRY_BUT(n, expr) do { enum err try_but_ = (expr); \\
	if (try_but_ != ERR_OK && !MUTANT(n)) return try_but_; } while (0)
`)
  const mutants = []
  for (const f of FILES) {
    const file = path.join(work, 'audit', f)
    let s = readFileSync(file, 'utf8')
    const source = s
    const found = sites(s).map(x => {
      const line = source.slice(0, x.at).split('\n').length
      return { ...x, n: mutants.length, name: `${f}:${line}`,
        text: (source.slice(x.at, x.end) || source.slice(x.at, x.at + 50))
          .replace(/\s+/g, ' ').slice(0, 60), i: mutants.push(null) - 1 }
    })
    for (const x of found) mutants[x.i] = x
    for (const x of found.reverse())
      s = s.slice(0, x.at) + x.make(x.n, s.slice(x.at, x.end)) +
        s.slice(x.end)
    writeFileSync(file, s)
  }
  compile()
  return mutants
}

function compile() {
  const flags = ['-std=gnu2x', '-D_GNU_SOURCE', '-I.', `-I${top}`, '-O1',
    '-w', '-ftrivial-auto-var-init=zero', '-include', 'mutant.h']
  const cc = (process.env.CC ?? 'gcc').split(' ')
  const run = a => execFileSync(cc[0], [...cc.slice(1), ...flags, ...a],
    { cwd: work, stdio: 'inherit' })
  for (const f of FILES) run(['-c', '-o', f.replace(/c$/, 'o'), `audit/${f}`])
  // what is not switched comes from the build as it is
  const libraries = ['audit', 'credential', 'pkcs11', 'policy', 'quorum',
    'base'].map(l => path.resolve(args[0], 'lib', `${l}.a`))
  for (const t of JUDGES)
    run(['-o', t, `tests/unit/audit/${t}_test.c`,
      ...FILES.map(f => f.replace(/c$/, 'o')), ...libraries,
      '-lcrypto', '-lcmocka', '-ljansson', '-lyaml', '-lutf8proc'])
}

// the test that notices, or null
function judge(n, judges) {
  for (const t of judges) {
    const r = spawnSync(path.join(work, t), { cwd: top, timeout: 60000,
      stdio: 'ignore', env: { ...process.env, MUTANT: String(n),
        TMPDIR: process.env.TMPDIR ?? '/dev/shm' } })
    if (r.status !== 0) return t
  }
  return null
}

const mutants = build()
const excused = new Map(readFileSync(path.join(here, 'survivors.txt'),
  'utf8').split('\n').filter(l => l && !l.startsWith('#'))
  .map(l => l.split(/\t+/)).map(([file, text, why]) =>
    [`${file}\t${text}`, why]))
if (judge(-1, JUDGES) !== null) {
  console.log('not ok - the tests pass when nothing is switched off')
  process.exit(1)
}
console.log('ok - the tests pass when nothing is switched off')
let bad = 0, noticed = 0
for (const m of mutants) {
  if (m.n % each !== 0) continue
  const by = judge(m.n, JUDGED[m.name.split(':')[0]])
  const why = excused.get(`${m.name.split(':')[0]}\t${m.text}`)
  if (by !== null) noticed++
  if (by !== null || why !== undefined) {
    console.log(`ok - ${m.name} ${m.text.replace(/#/g, '')}: ` +
      (by !== null ? `noticed by ${by}` : why))
  } else {
    bad++
    console.log(`not ok - ${m.name} ${m.text.replace(/#/g, '')}: ` +
      'no test notices')
  }
}
console.log(`# ${mutants.length} checks, ${noticed} of those tried noticed`)
process.exit(bad === 0 ? 0 : 1)

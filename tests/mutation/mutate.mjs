// Does every check of the verifier have a test that fails without it?
//
//	mutate.mjs [--sample N] [--tests NAME,…] BUILD [FILE …]
//
// (`make test-mutation` calls it with CC, CPPFLAGS and LIBRARIES.)
// Copies the verifier with a switch at each check (checks.mjs), builds it and
// its unit tests once, sees which tests make which check bite, and runs those,
// the quickest first and with one check switched off, until one fails. Prints
// TAP: a check that no test misses is "not ok", unless excuses.txt says why
// nobody could; an excuse that is not needed is "not ok", too. --sample N
// tries one check in N, always the same ones; files of audit/ and tests may be
// named, else they are all that there are.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync,
  readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bare, checks, named, switched, vocabulary } from './checks.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const top = path.join(here, '..', '..')
const args = process.argv.slice(2)
const option = (name, otherwise) => args[0] === name ?
  args.splice(0, 2)[1] : otherwise
const sample = Number(option('--sample', 1))
const judges = option('--tests', '').split(',').filter(t => t !== '')
const build = path.resolve(args.shift())
const work = path.join(build, 'mutants')

// Of audit/, all but what writes entries and the log, and what only tells.
const WRITES = /^(entry|publish|cosigner|recompute)|report|_view\.c$/
const ALL = readdirSync(path.join(top, 'audit')).sort()
  .filter(f => f.endsWith('.c') && !WRITES.test(f))
const FILES = args.length ? args : ALL
const TESTS = judges.length ? judges :
  readdirSync(path.join(top, 'tests/unit/audit')).sort()
    .filter(f => f.endsWith('_test.c')).map(f => f.slice(0, -7))
const LIBRARIES = ['audit', 'credential', 'pkcs11', 'policy', 'quorum',
  'base'].map(l => path.join(build, 'lib', `${l}.a`))

// ---- a tree in which each check can be switched off

const HEADER = `extern int mutant_off;
extern unsigned char mutant_bit[];
static inline int MUTANT(int n)
{
	mutant_bit[n] = 1;
	return mutant_off == n;
}
#define BUT(n, expr) ({ enum err but_ = (expr); \\
	but_ != ERR_OK && MUTANT(n) ? ERR_OK : but_; })
`
// tells at its end which checks have bitten
const main = count => `#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int mutant_off = -1;
unsigned char mutant_bit[${count} + 1];
static int told = -1;
__attribute__((constructor)) static void begin(void)
{
	const char *off = getenv("MUTANT"), *tell = getenv("MUTANT_TELL");
	if (off != NULL) mutant_off = atoi(off);
	if (tell != NULL) told = open(tell, O_WRONLY | O_CREAT, 0600);
}
__attribute__((destructor)) static void end(void)
{
	if (told != -1) (void)!write(told, mutant_bit, sizeof(mutant_bit));
}
`

const read = f => readFileSync(path.join(top, f), 'utf8')
const sources = d => readdirSync(path.join(top, d))
  .filter(f => /\.[ch]$/.test(f)).map(f => bare(read(path.join(d, f))))

function prepare() {
  rmSync(work, { recursive: true, force: true })
  mkdirSync(path.join(work, 'audit'), { recursive: true })
  const words = vocabulary(['base', 'policy', 'quorum', 'audit']
    .flatMap(sources))
  const mutants = []
  for (const f of FILES) {
    const source = read(path.join('audit', f)), found = checks(source, words)
    writeFileSync(path.join(work, 'audit', f),
      switched(source, found, mutants.length))
    for (const name of named(source, found))
      mutants.push({ n: mutants.length, file: f, ...name })
  }
  writeFileSync(path.join(work, 'mutant.h'), HEADER)
  writeFileSync(path.join(work, 'mutant.c'), main(mutants.length))
  return mutants
}

// all jobs, as many at a time as there are processors
async function together(jobs) {
  const left = jobs.entries()
  await Promise.all(Array.from({ length: availableParallelism() },
    async () => { for (const [, job] of left) await job() }))
}

const run = (command, argv, options) => new Promise(done =>
  execFile(command, argv, options, (error, out, err) =>
    done({ good: error === null, why: `${err}` || `${error}` })))

async function compile(objects, tests) {
  const words = name => process.env[name].split(' ').filter(w => w !== '')
  const cc = words('CC')
  const flags = ['-std=gnu2x', ...words('CPPFLAGS'), `-I${top}`, '-O1', '-w',
    '-ftrivial-auto-var-init=zero']
  const job = a => async () => {
    const r = await run(cc[0], [...cc.slice(1), ...flags, ...a], { cwd: work })
    if (!r.good) throw new Error(r.why)
  }
  await together([job(['-c', 'mutant.c']), ...objects.map(f =>
    job(['-include', 'mutant.h', '-c', `audit/${f}`]))])
  await together(tests.map(t => job(['-o', t,
    path.join(top, `tests/unit/audit/${t}_test.c`), 'mutant.o',
    ...objects.map(f => f.replace(/c$/, 'o')), ...LIBRARIES,
    ...words('LIBRARIES'), '-lcmocka'])))
}

// ---- asking the tests

// a test in a directory of its own, for what a dying one leaves behind
async function ask(test, milliseconds, env) {
  const tmp = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' :
    '/tmp', 'mutant-'))
  const begin = Date.now()
  const r = await run(path.join(work, test), [], { cwd: top,
    timeout: milliseconds, killSignal: 'SIGKILL', maxBuffer: 1 << 26,
    env: { ...process.env, TMPDIR: tmp, CMOCKA_TEST_ABORT: '1', ...env } })
  rmSync(tmp, { recursive: true, force: true })
  return { ...r, took: Date.now() - begin }
}

// which checks each test makes bite, and how long it takes
async function survey(tests) {
  const known = []
  await together(tests.map(name => async () => {
    const tell = path.join(work, `${name}.told`)
    const r = await ask(name, 600000, { MUTANT_TELL: tell })
    if (!r.good) throw new Error(`${name} fails as it is: ${r.why}`)
    known.push({ name, took: r.took, bites: readFileSync(tell) })
  }))
  return known.sort((a, b) => a.took - b.took)
}

// a loop that does not end is noticed as well
async function judge(m, known) {
  for (const t of known)
    if (t.bites[m.n] === 1 && !(await ask(t.name, 5000 + 10 * t.took,
      { MUTANT: `${m.n}` })).good)
      return t.name
  return null
}

// ---- excuses: file, function, text of the check, why; tabs between

const key = m => `${m.file}\t${m.function}\t${m.text}`
const excuses = new Map(readFileSync(path.join(here, 'excuses.txt'), 'utf8')
  .split('\n').filter(l => l !== '' && !l.startsWith('#'))
  .map(l => l.split(/\t+/))
  .map(([file, name, text, why]) => [`${file}\t${name}\t${text}`, why]))

let bad = 0
function tell(good, what) {
  bad += good ? 0 : 1
  console.log(`${good ? 'ok' : 'not ok'} - ${what.replace(/#/g, '')}`)
}

const drawn = m => createHash('sha256').update(key(m)).digest()
  .readUInt32BE() % sample === 0

const mutants = prepare()
for (const k of excuses.keys())
  if (FILES.includes(k.split('\t')[0]) && !mutants.some(m => key(m) === k))
    tell(false, `an excuse for no check: ${k.replace(/\t/g, ' ')}`)
await compile(FILES, TESTS)
const known = await survey(TESTS)
let noticed = 0, tried = 0
await together(mutants.filter(drawn).map(m => async () => {
    const by = await judge(m, known), why = excuses.get(key(m))
    const what = `${m.file}:${m.line} ${m.function}: ${m.text}`
    tried++
    if (by !== null) noticed++
    if (by !== null && why !== undefined)
      tell(false, `${what}: noticed by ${by}, and needs no excuse`)
    else if (by !== null || why !== undefined)
      tell(true, `${what}: ${by !== null ? `noticed by ${by}` : why}`)
    else
      tell(false, `${what}: no test notices` + (known.some(t =>
        t.bites[m.n] === 1) ? '' : ', nor makes it bite'))
  }))
console.log(`# ${mutants.length} checks, ${tried} tried, ${noticed} noticed`)
process.exit(bad === 0 ? 0 : 1)

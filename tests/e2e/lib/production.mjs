// A service as it is in production: its keys come from a ceremony that people
// held with their cards (room.mjs), its policy was approved in it, and the
// daemon was not started by `okse dev` but by its own name.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync }
  from 'node:fs'
import path from 'node:path'
import { Instance, build, configs, ending, okse, until } from './instance.mjs'
import { softhsm, people, productionScript, paper, sit, module }
  from './room.mjs'

const must = async (what, promise) => {
  const r = await promise
  if (r.status !== 0)
    throw new Error(`${what}: ${r.status}\n${r.stdout}${r.stderr}`)
  return r
}

/** A bundle of the reference policy, to be signed: its directory and hash. */
export async function bundle (dir) {
  mkdirSync(dir, { recursive: true })
  for (const name of readdirSync(path.join(configs, 'policy')))
    if (!name.endsWith('_test.yaml'))
      cpSync(path.join(configs, 'policy', name), path.join(dir, name))
  await must('policy', okse(['policy', 'sign', '--prepare', dir]))
  return createHash('sha256').update(readFileSync(path.join(dir, 'manifest')))
    .digest('hex')
}

/** The root ceremony's script, with the policy's approval as a step. */
async function rootScript (home, who, day) {
  const dir = path.join(home, 'policy', '1')
  const manifest = await bundle(dir)
  return productionScript(who, day)
    .replace('steps:\n', 'policies:\n  - name: policy-1\n    bundle: ' +
      `"${dir}"\n    manifest: "${manifest}"\n\nsteps:\n`)
    .replace('  - step: close', '  - { step: approve-policy, policy: ' +
      'policy-1 }\n  - step: close')
}

/** Two tokens' stores in one, as when cards are in the machine's readers. */
const insert = (from, to) => cpSync(path.join(from, 'tokens'),
  path.join(to, 'tokens'), { recursive: true })
const remove = (from, to) => {
  for (const name of readdirSync(path.join(from, 'tokens')))
    rmSync(path.join(to, 'tokens', name), { recursive: true })
}

export class Room {
  constructor (home) {
    this.home = home
    this.cards = path.join(home, 'cards')
    this.env = softhsm(this.cards)
    this.who = people(home, this.env)
  }

  at (...names) { return path.join(this.home, ...names) }

  /**
   * Rehearses a script and holds it in `dir` with the tokens in `store`,
   * which the people's cards are put into for that time.
   */
  async hold (name, text, { store, dir, previous, rehearsed, more = {} }) {
    const script = this.at(`${name}.yaml`)
    const env = softhsm(this.at(store))
    const hash = file => createHash('sha256').update(readFileSync(file))
      .digest('hex')
    const papers = paper(text, this.who)
    writeFileSync(script, text)
    const options = of => Object.entries({ previous: of.previous, ...of.more })
      .filter(o => o[1]).flatMap(([k, v]) => [`--${k}`, v])
    await must(`rehearsing ${name}`, okse(['ceremony', 'rehearse',
      ...options(rehearsed ?? {}), script, this.at(`${name}-rehearsed`)],
    { env: softhsm(this.at(rehearsed?.store ?? `${name}-practice`)) }))
    const register = of => hash(path.join(of, 'ceremony/register.txt'))
    if (previous) papers.register = register(previous)
    if (more.node) papers.node = register(more.node)
    insert(this.cards, this.at(store))
    try {
      await must(name, sit(['run', '--rehearsal',
        this.at(`${name}-rehearsed`), ...options({ previous, more }), script,
        dir], env, { papers, who: this.who, dir: previous ?? dir }))
    } finally {
      remove(this.cards, this.at(store))
    }
    return dir
  }

  /** The birth; the policy it approved is in policy/1. Its directory. */
  async root (dir, store, day) {
    await this.hold('root', await rootScript(this.home, this.who, day),
      { store, dir })
    cpSync(path.join(dir, 'ceremony/policy-1.signatures'),
      this.at('policy/1/signatures'))
    return dir
  }
}

const keysOf = dir => readFileSync(path.join(dir, 'ceremony/register.txt'),
  'utf8').split('\n').filter(l => l.startsWith('key '))
  .map(l => l.split(' ')).map(([, label, , id]) => ({ label, id }))
const tokenOf = dir => /^token (\S+) (\S+)$/m.exec(readFileSync(
  path.join(dir, 'ceremony/register.txt'), 'utf8'))

const certificates = {
  document: 'document-signer', qr: 'qr-signer', status: 'status-signer',
  metadata: 'metadata-signer'
}

/**
 * A daemon on a machine: what the ceremony in `dir` made is its own, the
 * certificates are in `issued` (the same, if nothing else is said), `suffix`
 * is what labels of keys and names of certificates end with.
 */
export class Machine extends Instance {
  constructor (at, { dir, issued = dir, store, policy, suffix = '', registry,
    origin }) {
    super(at)
    const [, token, serial] = tokenOf(dir)
    const keys = keysOf(dir)
    const key = use => {
      const k = keys.find(k => k.label === use + suffix)
      const certificate = certificates[use]
      return `  - { use: ${use}, label: ${k.label}, id: "${k.id}",\n` +
        (certificate
          ? `      certificate: ${issued}/ca/${certificate}${suffix}.pem,\n`
          : '') +
        `      public-key: ${dir}/ca/keys/${k.label}.pub.pem }\n`
    }
    mkdirSync(path.join(at, 'state'), { mode: 0o700, recursive: true })
    cpSync(path.join(dir, 'log'), path.join(at, 'log'), { recursive: true })
    mkdirSync(path.join(at, 'policy', '1'), { recursive: true })
    cpSync(policy, path.join(at, 'policy', '1'), { recursive: true })
    writeFileSync(path.join(at, 'okse.yaml'), `origin: ${origin}
issuer: "https://okse.example"
state: ${at}/state
listen:
  api: { path: ${at}/api.sock }
  metrics: { path: ${at}/metrics.sock }
  admin: { path: ${at}/admin.sock }
clients:
  - { name: upstream, uids: [${process.getuid()}] }
token:
  uri: "pkcs11:token=${token};serial=${serial}?module-path=${module}"
  environment: { SOFTHSM2_CONF: ${store}/softhsm2.conf }
  writable: [${store}]
  keyholders: 1
keys:
${['document', 'qr', 'log', 'log-ecdsa', 'status', 'metadata'].map(key).join('')
}registry: "${registry ?? `${at}/registry.db`}"
log: ${at}/log
policy: ${at}/policy
roster: ${dir}/ceremony/roster.txt
ca: ${issued}/ca/iaca.pem
quorum: ${dir}/ceremony/quorum.txt
register: ${dir}/ceremony/register.txt
transcript: ${dir}/ceremony/transcript.log
limits: { connections: 64 }
`, { mode: 0o600 })
  }

  /** With the shares of these people, who sign with their cards. */
  async open (room, shares, ...who) {
    for (const p of who) {
      const seat = p.as.slice(5)
      await must(`unsealing by ${p.as}`, okse(['unseal', '--dir', this.dir,
        '--share', path.join(shares, `officers/${seat}.share.cms`),
        '--recipient', p.secretKey, '--card', p.card, '--seat', seat,
        '--roster', path.join(shares, 'ceremony/roster.txt')],
      { env: room.env }))
    }
    await this.waitReady()
  }

  /** Resolves when it answers the officers. */
  async start () {
    this.child = spawn(path.join(build, 'oksed'), ['--config',
      this.path('okse.yaml')], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.ended = ending(this.child).then(([code, signal]) => {
      this.status = code ?? signal
    })
    this.child.stderr.on('data', d => { this.errors += d })
    await Promise.race([
      until(() => this.adminCall('GET', '/v1/seal-status'),
        s => s.json.statement && s.json.log, 'sealed'),
      this.ended.then(() => {
        throw new Error(`ended with ${this.status}:\n${this.errors}`)
      })
    ])
    return this
  }
}

/**
 * Runs a command at a terminal and types when it asks: [[/what/, 'text'], …],
 * a function instead of a text is called for it. What the terminal showed.
 */
export function atTerminal (command, env, answers) {
  const quote = a => `'${a.replaceAll("'", "'\\''")}'`
  return new Promise(resolve => {
    const child = spawn('script', ['-qfec', command.map(quote).join(' '),
      '/dev/null'], { env, stdio: ['pipe', 'pipe', 'pipe'] })
    const left = [...answers]
    let shown = ''
    let seen = ''
    child.stdout.on('data', async data => {
      shown += data
      seen += data
      if (!left.length || !left[0][0].test(seen)) return
      seen = ''
      const text = left.shift()[1]
      child.stdin.write((typeof text === 'string' ? text : await text()) +
        '\n')
    })
    child.stdin.on('error', () => {})
    const late = setTimeout(() => child.kill('SIGKILL'), 120000)
    child.on('close', status => {
      clearTimeout(late)
      resolve({ status, shown })
    })
  })
}

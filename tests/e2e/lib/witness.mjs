// `okse audit witness` for stories: witnesses in directories of their own,
// started, killed and asked; and a log in a few lines that signs what it is
// told, so that a witness can be lied to.

import { spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { Instance, ending, freePort, okse, okse_program, remove, temporary }
  from './instance.mjs'

const all = new Set()
process.on('exit', () => {
  for (const w of all) {
    try { w.child?.kill('SIGKILL') } catch {}
    remove(w.dir)
  }
})

export class Witness {
  /** Makes its keys; logs: the text of logs.txt, or later with know(). */
  static async create (name, logs) {
    const w = new Witness()
    w.dir = temporary()
    w.errors = ''
    all.add(w)
    const made = await okse(['audit', 'witness', '--init', name, w.dir])
    if (made.status !== 0)
      throw new Error(made.stderr)
    w.vkey = made.stdout.trim()
    w.address = `127.0.0.1:${await freePort()}`
    w.url = `http://${w.address}`
    if (logs)
      w.know(logs)
    return w
  }

  know (logs) { writeFileSync(path.join(this.dir, 'logs.txt'), logs) }

  /** Always at the same address; prefix: a program that starts it. */
  async start ({ prefix = [] } = {}) {
    const [program, ...args] = [...prefix, okse_program, 'audit', 'witness',
      '--listen', this.address, this.dir]
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.ended = ending(this.child)
    this.child.stderr.on('data', d => { this.errors += d })
    const [line] = await Promise.race([
      once(this.child.stdout, 'data'),
      this.ended.then(() => {
        throw new Error(`the witness ended:\n${this.errors}`)
      })
    ])
    if (String(line).trim() !== `ready ${this.address}`)
      throw new Error(`said ${line}`)
    return this
  }

  async stop (signal = 'SIGTERM') {
    const [code, killed] = (this.child.kill(signal), await this.ended)
    this.child = undefined
    return code ?? killed
  }

  add (body) { return ask(this.url + '/add-checkpoint', body) }
  look (origin) {
    return ask(`${this.url}/${hash(origin).toString('hex')}/checkpoint`)
  }
}

/** { status, type, text }; a broken connection rejects. */
export function ask (url, body) {
  return new Promise((resolve, reject) => {
    const r = http.request(url, {
      method: body === undefined ? 'GET' : 'POST', agent: false
    }, a => {
      const parts = []
      a.on('data', d => parts.push(d))
      a.on('error', reject)
      a.on('end', () => resolve({
        status: a.statusCode, type: a.headers['content-type'],
        text: Buffer.concat(parts).toString()
      }))
    })
    r.setTimeout(60000, () => r.destroy(new Error('no answer')))
    r.on('error', reject)
    r.end(body)
  })
}

// ---- a log that signs anything

export const hash = (...parts) =>
  parts.reduce((h, p) => h.update(p), createHash('sha256')).digest()
const node = (a, b) => hash(Buffer.of(1), a, b)
const split = n => 2 ** Math.floor(Math.log2(n - 1))

/** RFC 6962 2.1, by the book. */
export function root (leaves) {
  if (leaves.length < 2)
    return leaves.length ? leaves[0] : hash('')
  const k = split(leaves.length)
  return node(root(leaves.slice(0, k)), root(leaves.slice(k)))
}

/** RFC 6962 2.1.2 */
export function consistency (m, leaves, whole = true) {
  const n = leaves.length
  if (m === n)
    return whole ? [] : [root(leaves)]
  const k = split(n)
  return m <= k
    ? [...consistency(m, leaves.slice(0, k), whole), root(leaves.slice(k))]
    : [...consistency(m - k, leaves.slice(k), false),
        root(leaves.slice(0, k))]
}

export class Log {
  constructor (origin) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const raw = publicKey.export({ format: 'der', type: 'spki' })
      .subarray(-32)
    this.origin = origin
    this.key = privateKey
    this.id = hash(origin, '\n', Buffer.of(1), raw).subarray(0, 4)
    this.vkey = `${origin}+${this.id.toString('hex')}+` +
      Buffer.concat([Buffer.of(1), raw]).toString('base64')
    this.leaves = []
  }

  grow (n, what = 'entry ') {
    while (this.leaves.length < n)
      this.leaves.push(hash(Buffer.of(0), what + this.leaves.length))
    return this
  }

  note (size) {
    const text = `${this.origin}\n${size}\n` +
      root(this.leaves.slice(0, size)).toString('base64') + '\n'
    return `${text}\n— ${this.origin} ` + Buffer.concat([this.id,
      sign(null, Buffer.from(text), this.key)]).toString('base64') + '\n'
  }

  /** An add-checkpoint body from one size to another. */
  request (from, to) {
    const proof = from === 0
      ? []
      : consistency(from, this.leaves.slice(0, to))
    return `old ${from}\n` +
      proof.map(h => h.toString('base64') + '\n').join('') +
      '\n' + this.note(to)
  }
}

export const sizeOf = note => Number(note.split('\n')[1])
export const readVkey = file => readFileSync(file, 'utf8').trim()

// ---- an instance with witnesses

/**
 * An instance that is prepared, not started, with these witnesses, which are
 * told of its log. settings: lines for the witnesses of okse.yaml; more:
 * further arguments of okse dev.
 */
export async function prepareInstance (witnesses, settings = [], more = []) {
  const i = new Instance(temporary())
  // one keyholder: an instance that is ready is not amid another login when
  // it is stopped, which SoftHSM's files do not survive
  const made = await okse(['dev', '--prepare', '--keyholders', '1', ...more,
    ...witnesses.flatMap(w =>
    ['--witness', `${w.url}=${w.vkey}`]), i.dir])
  if (made.status !== 0)
    throw new Error(made.stderr)
  for (const w of witnesses)
    w.know(i.read('log', 'log.vkey'))
  i.edit('okse.yaml', /  trust-policy:.*\n/, m =>
    m + settings.map(s => `  ${s}\n`).join(''))
  return i
}

export async function logState (instance) {
  return (await instance.get('/v1/log/state')).json
}

/** Every entry there is has been published and witnessed. */
export const caughtUp = s => s.durable > 0 && s.witnessed === s.published &&
  s.published === s.durable

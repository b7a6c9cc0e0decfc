// A throw-away instance of the whole service, for stories: `okse dev` in a
// directory of its own under a short path (socket names are limited to 107
// bytes), a client for its sockets, people, and what a phone does.
//
//	const okse = await startInstance()
//	const reply = await okse.post('/v1/qr-tokens', body)
//	await okse.stop()
//
// Everything is removed at the end of the process unless OKSE_KEEP is set.

import { spawn, execFile } from 'node:child_process'
import { randomUUID, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync, rmSync, mkdtempSync, statfsSync }
  from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { ending, until } from './wait.mjs'

export * from './wait.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
export const top = path.resolve(here, '../../..')
export const build = path.resolve(top, process.env.BUILD || 'build')
export const configs = path.join(top, 'configs')
export const okse_program = path.join(build, 'okse')

// ---- results: TAP, one line each

let results = 0
let failures = 0

/**
 * One result; a thrown error is a failure with its text as diagnosis, and the
 * last words of every daemon. What takes long says how long.
 */
export async function test (name, body) {
  results++
  const began = Date.now()
  try {
    await body()
    console.log(`ok ${results} - ${name}`)
  } catch (e) {
    failures++
    console.log(`not ok ${results} - ${name}`)
    for (const line of String(e.stack || e).split('\n'))
      console.log(`# ${line}`)
    for (const i of instances)
      for (const line of i.errors.trim().split('\n').slice(-5))
        console.log(`# ${path.basename(i.dir)}: ${line}`)
  }
  const took = Date.now() - began
  if (took > 1000)
    console.log(`# took ${(took / 1000).toFixed(1)} s`)
}

export function skip (name, why) {
  console.log(`ok ${++results} - ${name} # SKIP ${why}`)
}

/** Ends the story: the plan, and the exit status. */
export function done () {
  console.log(`1..${results}`)
  process.exit(failures ? 1 : 0)
}

// ---- HTTP over a Unix socket

/**
 * One request on a connection of its own. body: an object is sent as JSON, a
 * Buffer or string as it is. The reply: { status, headers, text, json }.
 * Rejects when the connection breaks, and after timeout milliseconds: nothing
 * may ever hang.
 */
export function request (socketPath, method, url, body, headers = {},
  { agent, timeout = 60000 } = {}) {
  return new Promise((resolve, reject) => {
    const raw = body === undefined || typeof body === 'string' ||
      Buffer.isBuffer(body)
    const bytes = body === undefined
      ? undefined
      : Buffer.from(raw ? body : JSON.stringify(body))
    const r = http.request({
      socketPath, method, path: url, agent: agent ?? false,
      headers: {
        host: 'okse',
        ...(bytes && {
          'content-type': 'application/json', 'content-length': bytes.length
        }),
        ...headers
      }
    }, answer => {
      const chunks = []
      answer.on('data', c => chunks.push(c))
      answer.on('error', reject)
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        let json
        if (/json/.test(answer.headers['content-type'] ?? '') && text)
          try { json = JSON.parse(text) } catch (e) { return reject(e) }
        resolve({
          status: answer.statusCode, headers: answer.headers, text, json,
          bytes: Buffer.concat(chunks)
        })
      })
    })
    r.setTimeout(timeout, () =>
      r.destroy(new Error(`no answer to ${method} ${url} in ${timeout} ms`)))
    r.on('error', reject)
    r.end(bytes)
  })
}

/** Runs a program to its end: { status, stdout, stderr }. */
export function run (program, args, { input, ...options } = {}) {
  return new Promise(resolve => {
    const child = execFile(program, args,
      { maxBuffer: 64 << 20, timeout: 300000, ...options },
      (error, stdout, stderr) => resolve({
        status: error ? error.code ?? error.signal ?? 1 : 0, stdout, stderr
      }))
    child.stdin.on('error', () => {})
    child.stdin.end(input ?? '')
  })
}
export const okse = (args, options = {}) => run(okse_program, args, {
  ...options, env: { ...process.env, OKSE_CONFIGS: configs, ...options.env }
})

// ---- the instance

/** A directory in which processes that were killed just now may still write */
export function remove (dir) {
  try {
    if (!process.env.OKSE_KEEP)
      rmSync(dir, { recursive: true, force: true, maxRetries: 20 })
  } catch (e) { console.log(`# ${e.message}`) }
}

const instances = new Set()
process.on('exit', () => {
  for (const i of instances) {
    try { i.child?.kill('SIGKILL') } catch {}
    remove(i.dir)
  }
})
for (const s of ['SIGINT', 'SIGTERM'])
  process.on(s, () => process.exit(1))

export class Instance {
  constructor (dir) {
    this.dir = dir
    this.api = path.join(dir, 'api.sock')
    this.admin = path.join(dir, 'admin.sock')
    this.metrics = path.join(dir, 'metrics.sock')
    this.output = ''
    this.errors = ''
    instances.add(this)
  }

  path (...names) { return path.join(this.dir, ...names) }
  read (...names) { return readFileSync(this.path(...names), 'utf8') }

  /** Starts `okse dev`, resolves at its "ready". */
  async start ({ args = [], env = {}, ready = true, timeout = 120000 } = {}) {
    const [program, ...before] = [...this.prefix ?? [], okse_program]
    this.child = spawn(program, [...before, 'dev', ...args, this.dir], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, OKSE_CONFIGS: configs, ...env }
    })
    this.ended = ending(this.child).then(([code, signal]) => {
      this.status = code ?? signal
    })
    this.child.stderr.on('data', d => { this.errors += d })
    if (!ready)
      return this
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.child.kill('SIGKILL')
        reject(new Error(`not ready in ${timeout} ms:\n${this.errors}`))
      }, timeout)
      this.child.stdout.on('data', d => {
        this.output += d
        if (/^ready$/m.test(this.output)) {
          clearTimeout(late)
          resolve()
        }
      })
      this.ended.then(() => {
        clearTimeout(late)
        reject(new Error(`ended with ${this.status}:\n${this.errors}`))
      })
    })
    return this
  }

  /** Ends it as an operator would; the exit status. */
  async stop (signal = 'SIGTERM') {
    if (!this.child || this.status !== undefined)
      return this.status
    this.child.kill(signal)
    const late = setTimeout(() => this.child.kill('SIGKILL'), 60000)
    await this.ended
    clearTimeout(late)
    const status = this.status
    this.child = undefined
    this.status = undefined
    return status
  }

  get (url, headers, options) {
    return request(this.api, 'GET', url, undefined, headers, options)
  }

  /** A POST with an Idempotency-Key of its own unless one is given. */
  post (url, body, headers = {}, options) {
    return request(this.api, 'POST', url, body,
      { 'idempotency-key': randomUUID(), ...headers }, options)
  }

  adminCall (method, url, body, headers, options) {
    return request(this.admin, method, url, body, headers, options)
  }

  metricsText () {
    return request(this.metrics, 'GET', '/metrics').then(r => r.text)
  }

  okse (args, options = {}) {
    return okse(args, {
      ...options, env: { OKSE_DIR: this.dir, ...options.env }
    })
  }

  /** Processes of the daemon: [{ pid, role, ppid }], by their titles. */
  async processes () {
    const { stdout } = await run('ps', ['-eo', 'pid=,ppid=,args='])
    const all = stdout.trim().split('\n').map(l => {
      const [, pid, ppid, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(l)
      return { pid: +pid, ppid: +ppid, args }
    })
    const top = all.find(p => p.ppid === this.child.pid &&
      /oksed/.test(p.args))
    if (!top)
      return []
    const role = p => p === top
      ? 'supervisor'
      : /(gate|desk|notary|keyholder|courier)/.exec(p.args)?.[1] ?? p.args
    return all.filter(p => p === top || p.ppid === top.pid)
      .map(p => ({ ...p, role: role(p) }))
  }

  /** Resolves once /readyz says so. */
  waitReady (patience) {
    return until(() => request(this.metrics, 'GET', '/readyz'),
      r => r.status === 200, 'ready again', patience)
  }

  /** Once this process of the daemon is gone and another has its role. */
  async replaced ({ pid, role }) {
    await until(() => this.processes(), all => all.every(p => p.pid !== pid) &&
      all.some(p => p.role === role), `another ${role}`)
    await this.waitReady()
  }

  /** A number of the metrics, which are told once a second. */
  async metric (name) {
    const line = (await this.metricsText()).split('\n')
      .find(l => l.startsWith(name + ' '))
    return line && Number(line.split(' ').at(-1))
  }

  /** Resolves once the log that is published has every entry there is. */
  published () {
    return until(() => this.adminCall('GET', '/v1/registry'), r =>
      r.status === 200 && r.json.entries === r.json.published,
    'everything published')
  }

  /**
   * The answer to a retry: one at once may find the first amid its last step,
   * when the answer is out and the notary has not heard of the signature yet.
   */
  again (url, body, headers) {
    return until(() => this.post(url, body, headers),
      r => !/problem:in-flight$/.test(r.json?.type), 'an answer to a retry')
  }

  /** Edits a YAML or other text file of the instance. */
  edit (name, from, to) {
    const before = this.read(name)
    const after = before.replace(from, to)
    if (after === before)
      throw new Error(`${name}: nothing matches ${from}`)
    writeFileSync(this.path(name), after)
  }

  /** The three practice officers' share files. */
  shares () {
    return [1, 2, 3].map(n => this.path('officers', `${n}.share`))
  }
}

/**
 * In memory where there is plenty: what is tried here are processes that die,
 * never the machine, and disks differ. OKSE_SHM=0: on the disk.
 */
const place = (() => {
  const mounted = readFileSync('/proc/mounts', 'utf8').split('\n')
    .find(l => l.split(' ')[1] === '/dev/shm')
  if (!mounted || /\bnoexec\b/.test(mounted) || process.env.OKSE_SHM === '0')
    return '/tmp'
  const { bavail, bsize } = statfsSync('/dev/shm')
  return bavail * bsize > 4e9 ? '/dev/shm' : '/tmp'
})()
export const temporary = () => mkdtempSync(path.join(place, 'okse-'))

/** Resolves once none of these processes is left. */
export const gone = processes => until(() => processes.filter(p => {
  try { return process.kill(p.pid, 0) } catch { return false }
}), left => left.length === 0, 'gone')

/** Below those that the kernel gives to connections, which may have any. */
export async function freePort () {
  for (;;) {
    const server = net.createServer().listen(randomInt(12000, 32000),
      '127.0.0.1')
    const free = await once(server, 'listening').then(() => true, () => false)
    const { port } = server.address() ?? {}
    await new Promise(resolve => server.close(resolve))
    if (free)
      return port
  }
}

export async function startInstance (options) {
  return await new Instance(temporary()).start(options)
}

// ---- people: synthetic, unique within a process, valid numbers

let serial = randomInt(100000)

/** Today's date in Korea (UTC+9, no daylight saving), years and days later */
export function koreanDate ({ years = 0, days = 0 } = {}) {
  const d = new Date(Date.now() + 9 * 3600e3)
  d.setUTCFullYear(d.getUTCFullYear() + years)
  d.setUTCDate(d.getUTCDate() + days)
  return d.toISOString().slice(0, 10)
}

// a day has a hundred thousand numbers: when they are used up, the day before
let people = 0
const birthday = age => koreanDate({
  years: -age, days: -40 - Math.floor(people++ / 100000)
})

/** A resident number for a birth date; foreign: of a Residence Card. */
export function residentNumber (birth, { foreign = false } = {}) {
  const [y, m, d] = birth.split('-')
  const century = (y < '1900' ? 9 : y < '2000' ? 1 : 3) +
    (foreign ? 4 : 0) + serial % 2 * (y < '1900' ? -9 : 1)
  serial = (serial + 7) % 100000
  const twelve = y.slice(2) + m + d + century +
    String(serial).padStart(5, '0')
  const sum = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]
    .reduce((a, w, i) => a + w * twelve[i], 0)
  return twelve + (11 - sum % 11) % 10
}

/**
 * Somebody who may have a mobile ID: { holder, claims }. Every option
 * changes one thing: birth, age (full years today), foreign, card, residence.
 */
export function person ({ birth, age = 30, foreign, card, residence = '11110',
  ...claims } = {}) {
  birth ??= birthday(age)
  const number = residentNumber(birth, { foreign })
  return {
    holder: {
      number,
      birth_date: birth,
      residence,
      card: card === null
        ? undefined
        : {
            status: 'issued', issued_on: koreanDate({ days: -1 }),
            ic_chip: false, ...card
          }
    },
    claims: {
      family_name: '홍', given_name: '길동' + serial, birth_date: birth,
      personal_administrative_number: number,
      address: { locality: '서울특별시 종로구', street: '세종대로 209' },
      issuing_country: 'KR', issuing_authority: '종로구청장', ...claims
    }
  }
}

// ---- what upstream systems and phones send

export const CENTRE = '1111051500'

export function qrTokenBody (who, changes = {}) {
  return {
    programme: 'resident-id', purpose: 'first-issue', holder: who.holder,
    evidence: { kind: 'qr-token', centre: CENTRE }, ...changes
  }
}

export function credentialBody (who, qr_token, device, changes = {}) {
  return {
    programme: 'resident-id', purpose: 'first-issue', holder: who.holder,
    evidence: { kind: 'qr-token', qr_token, centre: CENTRE }, device,
    formats: ['dc+sd-jwt'], claims: who.claims, ...changes
  }
}

/** A phone: its key never leaves it. */
export class Wallet {
  static async create () {
    const w = new Wallet()
    w.id = 'phone-' + randomUUID()
    Object.assign(w, await generateKeyPair('ES256'))
    w.jwk = await exportJWK(w.publicKey)
    return w
  }

  /** An openid4vci-proof+jwt over a challenge { nonce, audience }. */
  proof ({ nonce, audience }, { iat } = {}) {
    return new SignJWT({ nonce })
      .setProtectedHeader({
        alg: 'ES256', typ: 'openid4vci-proof+jwt', jwk: this.jwk
      })
      .setAudience(audience)
      .setIssuedAt(iat)
      .sign(this.privateKey)
  }

  /** What a request says of it, over this challenge or a new one. */
  async device (instance, challenge) {
    const c = challenge ?? await instance.post('/v1/challenges')
    if (c.status !== 201)
      throw new Error(`challenge: ${c.status} ${c.text}`)
    return { id: this.id, proofs: [await this.proof(c.json)] }
  }
}

/**
 * The whole way of one person: visit, QR token, phone, credential. The last
 * reply, with the wallet and the QR token beside it. Stops at the first
 * refusal.
 */
export async function issue (instance, who, { wallet, changes = {} } = {}) {
  const visit = await instance.post('/v1/qr-tokens',
    qrTokenBody(who, changes))
  if (visit.status !== 201)
    return { reply: visit }
  const challenge = await instance.post('/v1/challenges')
  if (challenge.status !== 201)
    return { reply: challenge }
  wallet ??= await Wallet.create()
  const device = await wallet.device(instance, challenge)
  const reply = await instance.post('/v1/credentials',
    credentialBody(who, visit.json.qr_token, device, changes))
  return { reply, wallet, qr_token: visit.json.qr_token }
}

/** The rules that failed in a decision, by id. */
export const failedRules = reply => (reply.json?.decision?.rules ?? [])
  .filter(r => r.outcome === 'fail').map(r => r.id)

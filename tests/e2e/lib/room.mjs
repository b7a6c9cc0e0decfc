// A room with people in it: officers and an auditor with cards of their own
// (tokens in software), certificates for their shares, and somebody at the
// keyboard of `okse ceremony run` who answers what is asked, from their own
// paper. A story gives answers of its own where it wants to.

import { spawn, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs'
import path from 'node:path'
import { configs, okse_program } from './instance.mjs'

export const module = '/usr/lib/softhsm/libsofthsm2.so'
const PIN = '1234-card'

const sha256 = data => createHash('sha256').update(data).digest('hex')
const quiet = { stdio: ['ignore', 'pipe', 'ignore'] }

/** An environment with a software token store of its own. */
export function softhsm (dir) {
  mkdirSync(path.join(dir, 'tokens'), { recursive: true })
  const conf = path.join(dir, 'softhsm2.conf')
  writeFileSync(conf, `directories.tokendir = ${path.join(dir, 'tokens')}\n` +
    'objectstore.backend = file\nlog.level = ERROR\n')
  return { ...process.env, SOFTHSM2_CONF: conf }
}

/** A person: a card with a P-256 key, and for officers a recipient. */
function person (home, env, as, name, role) {
  const label = `card-${as}`
  execFileSync('softhsm2-util', ['--module', module, '--init-token', '--free',
    '--label', label, '--so-pin', 'so-' + PIN, '--pin', PIN],
  { ...quiet, env })
  execFileSync('pkcs11-tool', ['--module', module, '--token-label', label,
    '--login', '--pin', 'env:CARD_PIN', '--keypairgen', '--key-type',
    'EC:prime256v1', '--label', 'sign', '--id', '01', '--usage-sign'],
  { ...quiet, env: { ...env, CARD_PIN: PIN } })
  const der = path.join(home, `${as}.spki`)
  execFileSync('pkcs11-tool', ['--module', module, '--token-label', label,
    '--read-object', '--type', 'pubkey', '--id', '01', '-o', der],
  { ...quiet, env })
  const pin = path.join(home, `${as}.pin`)
  writeFileSync(pin, PIN + '\n', { mode: 0o600 })
  const p = {
    as, name, role, key: readFileSync(der).toString('base64'),
    card: `pkcs11:token=${label}?module-path=${module}` +
      `&pin-source=file:${pin}`
  }
  if (role !== 'officer') return p
  p.secretKey = path.join(home, `${as}.recipient.key`)
  p.certificate = path.join(home, `${as}.recipient.pem`)
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:P-256', '-nodes', '-keyout', p.secretKey, '-out',
    p.certificate, '-subj', `/CN=${as}`, '-days', '30'], quiet)
  p.recipient = execFileSync('openssl', ['x509', '-in', p.certificate,
    '-outform', 'DER']).toString('base64')
  return p
}

export function people (home, env) {
  return [
    person(home, env, 'seat-1', '김하나', 'officer'),
    person(home, env, 'seat-2', '이두나', 'officer'),
    person(home, env, 'seat-3', '박세나', 'officer'),
    person(home, env, 'auditor-1', '최지킴', 'auditor')
  ]
}

/** A shipped script, for production, with these people. */
export function productionScript (who, { from, to } = {},
  text = readFileSync(path.join(configs, 'ceremony', 'rehearsal.yaml'),
    'utf8')) {
  const at = h => new Date(Date.now() + h * 3600e3).toISOString()
    .replace(/\.\d+Z/, 'Z')
  const officers = who.filter(p => p.role === 'officer').map((p, i) =>
    `  - { seat: ${i + 1}, name: "${p.name}", key: "${p.key}",\n` +
    `      card: "${p.card}",\n      recipient: "${p.recipient}" }\n`)
  const rest = who.filter(p => p.role !== 'officer').map(p =>
    `  - { role: ${p.role}, name: "${p.name}", key: "${p.key}",\n` +
    `      card: "${p.card}" }\n`)
  return text.replace(/^mode: .*$/m, 'mode: production\nwindow: { from: ' +
    `${from ?? at(-1)}, to: ${to ?? at(5)} }`)
    .replace(/^officers:\n( {2}- .*\n)+/m,
      `officers:\n${officers.join('')}witnesses:\n${rest.join('')}`)
    .replace(/^( {4}days: \d+.*\n)(?= {4}contact)/gm,
      `$1    not-before: ${at(0).slice(0, 10)}T00:00:00Z\n`)
}

/** What everybody has on paper before the day. */
export function paper (script, who) {
  const roster = 'okse-roster 1\nthreshold 2\nseats 3\n' +
    who.filter(p => p.role === 'officer').map((p, i) =>
      `seat ${i + 1} p256 ${p.key} ${p.name}\n`).join('')
  return {
    script: sha256(script),
    program: sha256(readFileSync(okse_program)),
    module: sha256(readFileSync(module)),
    roster: sha256(roster)
  }
}

/** An officer opens their share with openssl, on a machine of their own. */
export function openShare (dir, p, kind = 'share') {
  const sealed = path.join(dir, 'officers', `${p.as.slice(5)}.${kind}.cms`)
  return p.opened?.(sealed) ?? execFileSync('openssl', ['cms', '-decrypt',
    '-inform', 'PEM', '-in', sealed, '-recip', p.certificate, '-inkey',
    p.secretKey]).toString().trim()
}

/** A hash in words, as software of others has them (BIP-39). */
const spoken = new Map()
export const wordsOf = hex => {
  if (!spoken.has(hex))
    spoken.set(hex, execFileSync('/usr/bin/python3', ['-c', 'import sys, mnemonic\n' +
      'print(mnemonic.Mnemonic("english").to_mnemonic(' +
      'bytes.fromhex(sys.argv[1])))', hex]).toString().trim().split(' '))
  return spoken.get(hex)
}

/** What an honest room answers to a question. */
export function honest (text, { papers, who, dir, media }) {
  let m = /words (\d+) and (\d+) of the (\w+)$/.exec(text) ??
    /(\d+)번째와 (\d+)번째 낱말 \((\w+)\)$/.exec(text)
  if (m) {
    const words = wordsOf(papers[m[3]])
    return `${words[m[1] - 1]} ${words[m[2] - 1]}`
  }
  if (/HH:MM\)?$/.test(text)) return new Date().toISOString().slice(11, 16)
  m = /^(seat-\d)(?:, your share|: 비밀 조각)/.exec(text)
  if (m) return openShare(dir, who.find(p => p.as === m[1]))
  m = /^(seat-\d), your backup share/.exec(text)
  if (m) return openShare(dir, who.find(p => p.as === m[1]), 'backup-share')
  m = /^medium (\d)/.exec(text)
  if (m) return media[m[1] - 1]
  if (/agree, (?:or|또는) disagree/.test(text)) return 'agree'
  if (/^exception|^break|^abort/.test(text)) return 'practised'
  return ''
}

/**
 * Runs a ceremony command with somebody at the keyboard. say(text, n): the
 * answer to the n-th question, undefined for the honest one, null to kill the
 * process there.
 */
export function sit (args, env, room, say = () => undefined) {
  return new Promise(resolve => {
    const child = spawn(okse_program, ['ceremony', ...args],
      { env, stdio: ['pipe', 'pipe', 'pipe'] })
    const asked = []
    let stdout = ''
    let stderr = ''
    let rest = ''
    child.stdout.on('data', data => {
      stdout += data
      rest += data
      const lines = rest.split('\n')
      rest = lines.pop()
      for (const line of lines) {
        if (!line.startsWith('? ')) continue
        const text = line.slice(2)
        asked.push(text)
        const own = say(text, asked.length)
        if (own === null) { child.kill('SIGKILL'); return }
        child.stdin.write((own ?? honest(text, room)) + '\n')
      }
    })
    child.stderr.on('data', data => { stderr += data })
    child.stdin.on('error', () => {})
    child.on('close', (status, signal) =>
      resolve({ status, signal, stdout, stderr, asked }))
  })
}

/**
 * The same on a terminal of 80 by 24, where questions stand at the foot of a
 * screen. Also gives the screens that were asked on, and what is left to read
 * once the terminal has been given back. say as in sit(); null: Ctrl-C.
 */
export function sitAtScreen (args, env, room, say = () => undefined) {
  const quote = a => `'${a.replaceAll("'", "'\\''")}'`
  const command = 'stty rows 24 cols 80; exec ' +
    [okse_program, 'ceremony', ...args].map(quote).join(' ')
  return new Promise(resolve => {
    const child = spawn('script', ['-qfec', command, '/dev/null'],
      { env: { ...env, TERM: 'xterm' }, stdio: ['pipe', 'pipe', 'pipe'] })
    const asked = []
    let stdout = ''
    let seen = ''
    child.stdout.on('data', data => {
      stdout += data
      seen += data
      if (!seen.endsWith(' > ')) return
      const rows = new Map()
      for (const m of seen.matchAll(
        // eslint-disable-next-line no-control-regex
        /\x1b\[(\d+);2H\x1b\[K([^\x1b\r\n]*)/g)) rows.set(+m[1], m[2])
      const text = rows.get(22)
      if (!text) return
      seen = ''
      asked.push({ text, rows })
      const own = say(text, asked.length)
      child.stdin.write(own === null
        ? '\x03'
        : (own ?? honest(text, room)) + '\n')
    })
    child.stdin.on('error', () => {})
    child.on('close', status => resolve({
      status, stdout, asked, left: stdout.split('\x1b[?1049l')[1]
    }))
  })
}

export const transcript = dir => {
  const file = path.join(dir, 'ceremony', 'transcript.log')
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

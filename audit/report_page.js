'use strict'
// Checks the checkpoint and the entries of this page with the browser's own
// cryptography. What it compares with is in the page; whoever reads it must
// still compare the log's keys with those they were given.

const bytesOf = base64 => Uint8Array.from(atob(base64), c => c.charCodeAt(0))
const textOf = s => new TextEncoder().encode(s)
const join = (...parts) => {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  parts.reduce((at, p) => { all.set(p, at); return at + p.length }, 0)
  return all
}
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i])
const sha256 = async bytes =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
const hex = bytes => [...bytes].map(b => b.toString(16).padStart(2, '0')).join('')

// ---- keys and notes (C2SP signed-note)

async function readKey (vkey) {
  const [, name, id, material] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey)
  const bytes = bytesOf(material)
  const type = bytes[0]
  const raw = bytes.slice(1)
  const said = type === 2 ? raw : join(textOf(name + '\n'), bytes)
  if (hex((await sha256(said)).slice(0, 4)) !== id)
    throw new Error(`the key of ${name} is not the one its id names`)
  return { name, id, type, raw }
}

function readNote (note) {
  const end = note.lastIndexOf('\n\n')
  const text = note.slice(0, end + 1)
  const lines = note.slice(end + 2).trimEnd().split('\n').map(line => {
    const [, name, base64] = /^\u2014 (\S+) (\S+)$/.exec(line)
    const bytes = bytesOf(base64)
    return { name, id: hex(bytes.slice(0, 4)), signature: bytes.slice(4) }
  })
  const [origin, size, root, ...rest] = text.split('\n')
  if (rest.length !== 1 || !/^(0|[1-9]\d*)$/.test(size))
    throw new Error('the checkpoint is not of its form')
  return { text, lines, origin, size: Number(size), root: bytesOf(root) }
}

/** r and s of a DER signature, 32 bytes each, as WebCrypto wants them. */
function rawSignature (der) {
  const out = new Uint8Array(64)
  let at = 2
  for (const half of [0, 32]) {
    const length = der[at + 1]
    let number = der.slice(at + 2, at + 2 + length)
    while (number.length > 32) number = number.slice(1)
    out.set(number, half + 32 - number.length)
    at += 2 + length
  }
  return out
}

async function verify (key, text, signature) {
  if (key.type === 2) {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    const k = await crypto.subtle.importKey('spki', key.raw, algorithm, false,
      ['verify'])
    return crypto.subtle.verify(algorithm, k, rawSignature(signature),
      textOf(text))
  }
  let said = textOf(text)
  if (key.type === 4) {
    const time = new DataView(signature.buffer, signature.byteOffset)
      .getBigUint64(0)
    said = textOf(`cosignature/v1\ntime ${time}\n${text}`)
    signature = signature.slice(8)
  }
  const k = await crypto.subtle.importKey('raw', key.raw, { name: 'Ed25519' },
    false, ['verify'])
  return crypto.subtle.verify({ name: 'Ed25519' }, k, signature, said)
}

// ---- the tree (RFC 9162 2.1.3.2)

async function rootFrom (index, size, leaf, path) {
  let node = index
  let last = size - 1
  let hash = leaf
  for (const sibling of path) {
    if (last === 0)
      return undefined
    if (node % 2 === 1 || node === last) {
      hash = await sha256(join([1], sibling, hash))
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2)
        last = Math.floor(last / 2)
      }
    } else {
      hash = await sha256(join([1], hash, sibling))
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? hash : undefined
}

// ---- the page

const byId = id => document.getElementById(id)
let failed = 0
let unable = 0

function say (state, text) {
  const item = document.createElement('li')
  item.className = state
  item.textContent = text
  byId('checks').append(item)
  failed += state === 'bad'
  unable += state === 'wait'
}

function conclude (proved) {
  const state = failed ? 'bad' : proved ? 'good' : 'wait'
  byId('verdict').className = `verdict ${state}`
  byId('word').textContent = {
    bad: 'Failed: do not rely on this page',
    wait: 'Not checked: this browser cannot',
    good: 'Checked by this browser'
  }[state]
  byId('said').textContent = {
    bad: 'Something on this page is not what the log’s key has signed.',
    wait: 'Take another browser, or check the log itself as described at the end.',
    good: 'The checkpoint is signed by the log’s key, and every entry shown below is in the log it stands for.'
  }[state]
  document.documentElement.dataset.verdict = state
}

/** One signature: true, false, or undefined when the browser cannot. */
async function checkLine (key, note, line, what) {
  let good
  try {
    good = await verify(key, note.text, line.signature)
  } catch (e) {
    if (e.name !== 'NotSupportedError')
      throw e
    say('wait', `${what}: this browser does not know the algorithm`)
    return undefined
  }
  say(good ? 'good' : 'bad', `${what}${good ? '' : ': the signature is wrong'}`)
  return good
}

async function checkNote (data) {
  const note = readNote(data.note)
  const names = { 1: 'Ed25519', 2: 'ECDSA P-256', 4: 'cosignature' }
  let signed = 0
  for (const vkey of [...data.keys, ...data.witnesses]) {
    const key = await readKey(vkey)
    const line = note.lines.find(l => l.name === key.name && l.id === key.id)
    const witness = key.type === 4
    if (!line)
      continue
    if (!witness && key.name !== note.origin)
      throw new Error('a key of another log')
    const good = await checkLine(key, note, line, witness
      ? `Cosigned by the witness ${key.name}`
      : `Checkpoint of ${note.size} entries signed by ${key.name} (${names[key.type]}, key ${key.id})`)
    signed += good === true && !witness
  }
  if (note.origin !== data.origin || note.size !== data.size)
    say('bad', 'The checkpoint is of another log or size than the page says')
  return { note, signed }
}

async function checkEntry (note, proof) {
  const entry = textOf(proof.entry)
  const root = await rootFrom(proof.index, note.size,
    await sha256(join([0], entry)), proof.path.map(bytesOf))
  const shown = byId(`entry-${proof.index}`)
  const good = root !== undefined && same(root, note.root) &&
    JSON.parse(proof.entry).seq === proof.index &&
    shown.querySelector('pre').textContent === proof.entry
  const state = shown.querySelector('.state')
  state.textContent = good ? '✓' : '✗'
  state.className = `state ${good ? 'good' : 'bad'}`
  return good
}

async function check () {
  const data = JSON.parse(byId('data').textContent)
  const { note, signed } = await checkNote(data)
  let good = 0
  for (const proof of data.proofs)
    good += await checkEntry(note, proof)
  say(good === data.proofs.length ? 'good' : 'bad',
    `${good} of ${data.proofs.length} entries shown are in that log`)
  if (!signed && !unable)
    say('bad', 'No key of the log has signed the checkpoint')
  conclude(signed > 0)
}

if (!globalThis.crypto?.subtle) {
  say('wait', 'This browser gives this page no cryptography')
  conclude(false)
} else {
  check().catch(e => {
    say('bad', `The check stopped: ${e.message}`)
    conclude(false)
  })
}

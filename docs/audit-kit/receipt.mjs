// Checks a receipt (C2SP tlog-proof) with Node and nothing else: the log's
// signature, cosignatures of witnesses, the place of the entry in the tree.
//
//	node receipt.mjs FILE VKEYFILE [WITNESS_VKEYFILE ...]
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'

const fail = why => { console.log(`NOT VERIFIED: ${why}`); process.exit(1) }
const sha256 = (...b) => createHash('sha256').update(Buffer.concat(b)).digest()
const base64 = s => { // canonical only
  const b = Buffer.from(s, 'base64')
  return b.toString('base64') === s ? b : fail('base64 is not canonical')
}

function readKey(file) {
  const [name, id, rest] = readFileSync(file, 'utf8').trimEnd()
    .split(/\+([0-9a-f]{8})\+/)
  const key = base64(rest), type = key[0]
  const bound = type === 2 ? sha256(key.subarray(1)) :
    sha256(Buffer.from(`${name}\n`), key)
  if (bound.toString('hex', 0, 4) !== id) fail(`the id of ${name}`)
  const der = type === 2 ? key.subarray(1) : Buffer.concat([
    Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)])
  return { name, id: Buffer.from(id, 'hex'), type,
    key: createPublicKey({ key: der, format: 'der', type: 'spki' }) }
}

// every line of this key must verify, and there must be one
function signed(text, lines, k) {
  const mine = lines.filter(l => l.name === k.name &&
    l.payload.subarray(0, 4).equals(k.id))
  for (const { payload } of mine) {
    const s = payload.subarray(4)
    const good = k.type === 4 ? verify(null, Buffer.concat([Buffer.from(
      `cosignature/v1\ntime ${s.readBigUInt64BE()}\n`), text]), k.key,
      s.subarray(8)) : verify(k.type === 2 ? 'sha256' : null, text, k.key, s)
    if (!good) fail(`the signature of ${k.name}`)
  }
  if (mine.length === 0) fail(`not signed by ${k.name}`)
}

const [file, logKey, ...witnesses] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')
const head = text.slice(0, text.indexOf('\n\n')).split('\n')
const note = text.slice(text.indexOf('\n\n') + 2)
const end = note.lastIndexOf('\n\n')
const body = Buffer.from(note.slice(0, end + 1))
const lines = note.slice(end + 2).trimEnd().split('\n').map(l => {
  const m = /^\u2014 ([^ +]+) (\S+)$/.exec(l) ?? fail('a signature line')
  return { name: m[1], payload: base64(m[2]) }
})
const log = readKey(logKey)
signed(body, lines, log)
for (const w of witnesses) signed(body, lines, readKey(w))

const m = /^([^\n]+)\n(0|[1-9]\d*)\n([^\n]+)\n$/.exec(body) ??
  fail('a checkpoint has three lines')
if (m[1] !== log.name) fail('a checkpoint of another log')
if (head[0] !== 'c2sp.org/tlog-proof@v1') fail('not a tlog-proof')
const entry = base64(/^extra (\S+)$/.exec(head[1])?.[1] ?? fail('no entry'))
const index = BigInt(/^index (0|[1-9]\d*)$/.exec(head[2])?.[1] ??
  fail('no index'))
const size = BigInt(m[2])
if (index >= size) fail('the index is not in the tree')

// RFC 9162 2.1.3.2
let fn = index, sn = size - 1n, r = sha256(Buffer.from([0]), entry)
for (const p of head.slice(3).map(base64)) {
  if (sn === 0n || p.length !== 32) fail('the proof is too long')
  if (fn & 1n || fn === sn) {
    r = sha256(Buffer.from([1]), p, r)
    while (!(fn & 1n) && fn !== 0n) { fn >>= 1n; sn >>= 1n }
  } else {
    r = sha256(Buffer.from([1]), r, p)
  }
  fn >>= 1n
  sn >>= 1n
}
if (sn !== 0n || !r.equals(base64(m[3])))
  fail('the proof does not lead to the signed root')
console.log(`VERIFIED: entry ${index} of ${size} in ${log.name}`)
console.log(entry.toString())

// Looking for what must not be there, in every form in which somebody could
// have written it down.

import { readdirSync } from 'node:fs'
import path from 'node:path'

const MIN = 7		// shorter texts are everywhere by chance

/** Three alignments of base64, without what depends on the neighbours. */
function base64 (raw) {
  return [0, 1, 2].map(pad => {
    const t = Buffer.concat([Buffer.alloc(pad), raw]).toString('base64')
    return t.slice(pad ? pad + 1 : 0, t.length - 4)
  })
}

export function forms (needle) {
  const raw = Buffer.from(needle)
  const turned = Buffer.from(raw).reverse()
  const utf16 = Buffer.isBuffer(needle) ? [] : [
    Buffer.from(needle, 'utf16le'), Buffer.from(needle, 'utf16le').swap16(),
    Buffer.from([...needle].reverse().join('')),
    Buffer.from(JSON.stringify(needle).replace(/[^ -~]/g,
      c => '\\u' + c.charCodeAt(0).toString(16)).slice(1, -1))
  ]
  const b64 = [...base64(raw), ...base64(turned)]
  return [raw, turned, ...utf16,
    ...[raw, turned].flatMap(b => [b.toString('hex'),
      b.toString('hex').toUpperCase()]),
    ...b64, ...b64.map(t => t.replaceAll('+', '-').replaceAll('/', '_'))]
    .map(f => Buffer.from(f)).filter(f => f.length >= MIN)
}

/** needles: name → values. Gives the names of what is in a haystack. */
export function searcher (needles) {
  const all = [...needles].map(([name, values]) =>
    [name, values.flatMap(forms)])
  return haystack => all.filter(([, list]) =>
    list.some(f => haystack.includes(f))).map(([name]) => name)
}

export const files = dir => readdirSync(dir, { withFileTypes: true })
  .flatMap(e => e.isDirectory()
    ? files(path.join(dir, e.name))
    : e.isFile() ? [path.join(dir, e.name)] : [])

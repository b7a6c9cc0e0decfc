// Where the checks of a C source are, and how each is switched off.
//
// By what the code is, not by where it stands:
//	a call that answers with an enum err		its error is swallowed
//	a condition that leads to an error or "false"	each operand is false
//	a condition that ends the looking		each operand is true
//	what a bool function returns			each operand is true (or
//							false, for alternatives)
//	a bool as a whole argument			true
//	a call that keeps a finding			is not made
// MUTANT(n) stands where the check has just bitten, so that it also tells
// which tests ever make it bite.

// What keeps a finding; so does every void function that calls one of these.
const FINDERS = ['verify_found', 'replay_tally', 'found']
// Errors of the machine, which no log can bring about (nor can it a full
// buffer: what it has was bounded as it came in).
const MACHINE = 'ERR_(MEMORY|SYSTEM|CRYPTO|INTERNAL)'
const machine = new RegExp(`^err_because\\(\\s*${MACHINE}\\b|^err_(system|openssl)\\(`)

const word = '[A-Za-z_][A-Za-z0-9_]*'

// comments and the insides of literals blanked out, offsets kept
export const bare = s => s
  .replace(/\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'/g, m =>
    m[0] === '/' ? m.replace(/[^\n]/g, ' ') :
      m[0] + m.slice(1, -1).replace(/[^\n]/g, '_') + m.at(-1))

const closing = (s, open) => {
  for (let i = open, depth = 0; i < s.length; i++) {
    if (s[i] === '(' || s[i] === '{') depth++
    if ((s[i] === ')' || s[i] === '}') && --depth === 0) return i
  }
  throw new Error(`no closing bracket from ${open}`)
}

// [start, end) of what stands between separators, brackets respected
const split = (s, start, end, separator) => {
  const out = []
  let from = start
  for (let i = start; i < end; i++) {
    if (s[i] === '(' || s[i] === '{') i = closing(s, i)
    else if (s.startsWith(separator, i)) {
      out.push([from, i])
      i += separator.length - 1
      from = i + 1
    }
  }
  return [...out, [from, end]]
}

// functions defined in a source: name, type, [start, end) of the body
export function functions(s) {
  const re = new RegExp(
    `^(?:static )?([a-z][a-z0-9_ *]*?)\\n(${word})\\(([^;{}]*)\\)\\n\\{`, 'gm')
  return [...s.matchAll(re)].map(m => {
    const open = m.index + m[0].length - 1
    return { type: m[1], name: m[2], start: open, end: closing(s, open) }
  })
}

// the names of a set, called, in [start, end): {at, end, name}
const calls = (s, names, start, end) =>
  [...s.slice(start, end).matchAll(new RegExp(`(?<![\\w.>])(${word})\\(`,
    'g'))].filter(m => names.has(m[1])).map(m => ({
    at: start + m.index, name: m[1],
    end: closing(s, start + m.index + m[1].length) + 1 }))

/*
 * The functions of sources and headers, which by name are of which kind:
 * answer with an error, with a bool, do nothing but make an error, keep a
 * finding. An error that only the machine can bring about is none. What a
 * source calls its own functions is theirs alone.
 */
export function vocabulary(texts) {
  const of = type => new Set(texts.flatMap(s => [...s.matchAll(new RegExp(
    `^(?:\\[\\[[a-z_]*\\]\\] )?${type}\\s(${word})\\(`, 'gm'))]
    .map(m => m[1])))
  const v = { errs: of('enum err'), bools: of('bool'), machine: new Set(['bytes_check']),
    makers: new Set(['err_because']), finders: new Set(FINDERS) }
  // until nothing new is learnt
  for (let known = -1; known !== v.machine.size + v.finders.size;) {
    known = v.machine.size + v.finders.size
    for (const s of texts) {
      const w = within(s, v)
      for (const f of functions(s)) {
        if (new RegExp(`^(static )?.*\n${f.name}\\(`, 'm').exec(s)?.[1])
          continue
        if (w.machine.has(f.name)) v.machine.add(f.name)
        if (w.finders.has(f.name)) v.finders.add(f.name)
      }
    }
  }
  return v
}

// the same, as one source sees it
function within(s, v) {
  const all = functions(s)
  const own = new Map(all.map(f => [f.name, f.type]))
  const others = set => [...set].filter(name => !own.has(name))
  const ofType = type => all.filter(f => f.type === type).map(f => f.name)
  const w = { errs: new Set([...others(v.errs), ...ofType('enum err')]),
    bools: new Set([...others(v.bools), ...ofType('bool')]),
    machine: new Set(others(v.machine)),
    makers: new Set(others(v.makers)),
    finders: new Set([...others(v.finders), ...FINDERS]) }
  for (const f of all)
    if (/^\{\s*return err_because\(/.test(s.slice(f.start, f.end)))
      w.makers.add(f.name)
  for (let known = -1; known !== w.machine.size + w.finders.size;) {
    known = w.machine.size + w.finders.size
    for (const f of all) {
      if (f.type === 'void' && calls(s, w.finders, f.start, f.end).length)
        w.finders.add(f.name)
      if (f.type === 'enum err' && onlyMachine(s, f, w)) w.machine.add(f.name)
    }
  }
  return w
}

// every error that a function passes on is the machine's
function onlyMachine(s, f, w) {
  const body = s.slice(f.start, f.end)
  const passed = [...body.matchAll(/\breturn ([^;]*);|\bTRY\(/g)].map(m =>
    m[1] ?? body.slice(m.index + 4, closing(body, m.index + 3)))
  const good = e => /^ERR_OK$/.test(e) || machine.test(e) ||
    w.machine.has(e.match(/^(\w+)\(/)?.[1]) ||
    (/^\w+$/.test(e) && body.includes(`if (${e} == ERR_MEMORY)`))
  return f.name !== 'err_because' && passed.every(e =>
    e.replace(/^[^?]*\?/, '').split(' : ').every(x => good(x.trim())))
}

// ---- in one source

// [at, end) without the white space around it
const trim = (s, [at, end]) => {
  while (/\s/.test(s[at])) at++
  while (/\s/.test(s[end - 1])) end--
  return [at, end]
}

/*
 * The checks of a source: {at, end, make}, where make(n, text) is what stands
 * for the text when switch n is there. One within another follows it.
 */
export function checks(source, vocabulary) {
  const s = bare(source), out = []
  const v = within(s, vocabulary)
  const put = (kind, range, make) => {
    const [at, end] = trim(s, range)
    if (end > at && !out.some(o => o.at === at && o.end === end))
      out.push({ kind, at, end, make })
  }
  const swallow = (n, t) => `BUT(${n}, ${t})`
  const never = (n, t) => `((${t}) && !MUTANT(${n}))`
  const always = (n, t) => `((${t}) || MUTANT(${n}))`
  const makes = answer => !machine.test(answer) && [...v.makers].some(x =>
    !v.machine.has(x) && answer.startsWith(`${x}(`))
  for (const f of functions(s)) {
    if (/_(free|done)$/.test(f.name)) continue
    conditions(f)
    if (f.type === 'bool') predicates(f)
    errors(f)
    booleans(f)
    findings(f)
  }
  return out.sort((a, b) => a.at - b.at || b.end - a.end)

  function conditions(f) {
    for (const m of s.slice(f.start, f.end).matchAll(/\bif \(/g)) {
      const open = f.start + m.index + 3, close = closing(s, open)
      const block = /^\s*\{/.test(s.slice(close + 1)) ?
        s.slice(close + 1, closing(s, s.indexOf('{', close)) + 1) :
        s.slice(close + 1, s.indexOf(';', close) + 1)
      const then = block.replace(/^[\s{]*(\(void\)[^;]*;\s*)*/, '')
      const answer = then.match(/^return ([^;]*);/)?.[1]
      const fails = answer === undefined ?
        /^(r->failed = true|out->len = start|good = false|same = false)/
          .test(then) :
        answer === 'false' || (answer === 'NULL' && f.type !== 'void') ||
        makes(answer)
      if (fails)
        for (const o of split(s, open + 1, close, '||')) {
          if (!unallocated(f, o)) put('if', o, never)
        }
      else if (/\b(return( ERR_OK| true)?|continue);[\s}]*$/.test(block))
        for (const o of split(s, open + 1, close, '&&')) put('if', o, always)
    }
  }

  // what is NULL was last given by the allocator: the machine's, too
  function unallocated(f, range) {
    const [at, end] = trim(s, range)
    const name = s.slice(at, end).match(/^\(?(\w+)\b[^]*== NULL$/)?.[1]
    const given = name && [...s.slice(f.start, end).matchAll(
      new RegExp(`(?<![\\w.>])${name} = (\\w+\\(?)`, 'g'))].at(-1)?.[1]
    return /^mem_(new|resize)\($/.test(given ?? '')
  }

  function predicates(f) {
    for (const m of s.slice(f.start, f.end).matchAll(/\breturn ([^;]*);/g)) {
      const at = f.start + m.index + 7, end = at + m[1].length
      if (/^(true|false)$/.test(m[1]) || /\?/.test(m[1])) continue
      const or = split(s, at, end, '||'), and = split(s, at, end, '&&')
      if (or.length > 1)
        for (const o of or) put('return', o, never)
      else
        for (const o of and) put('return', o, always)
    }
  }

  function errors(f) {
    for (const c of calls(s, v.errs, f.start, f.end)) {
      const before = s.slice(f.start, c.at).trimEnd()
      const text = s.slice(c.at, c.end)
      if (before.endsWith('(void)') || machine.test(text) ||
        v.machine.has(c.name)) continue
      // the condition before it is the check
      if (v.makers.has(c.name) && /\breturn$/.test(before) &&
        /(\)|\belse|\{|;)\s*return$/.test(before) &&
        !/;\s*return$/.test(before)) continue
      put('error', [c.at, c.end], swallow)
    }
  }

  function booleans(f) {
    for (const c of calls(s, v.bools, f.start, f.end)) {
      const before = s.slice(f.start, c.at).trimEnd()
      if (/,$/.test(before) && /^\s*[,)]/.test(s.slice(c.end)))
        put('argument', [c.at, c.end], always)
    }
  }

  function findings(f) {
    for (const c of calls(s, v.finders, f.start, f.end)) {
      const before = s.slice(f.start, c.at).trimEnd()
      if (v.errs.has(c.name) && c.name === 'found')
        put('finding', [c.at, c.end], (n, t) =>
          `(MUTANT(${n}) ? ERR_OK : ${t})`)
      else if (/([;{})]|\belse)$/.test(before) && s[c.end] === ';')
        put('finding', [c.at, c.end], (n, t) =>
          `(MUTANT(${n}) ? (void)0 : ${t})`)
    }
  }
}

// the source with a switch at each check, numbered from first
export function switched(source, found, first) {
  const edit = (from, to, list) => {
    let out = '', at = from
    while (list.length) {
      const c = list.shift(), inner = []
      while (list.length && list[0].end <= c.end) inner.push(list.shift())
      out += source.slice(at, c.at) +
        c.make(first + c.i, edit(c.at, c.end, inner))
      at = c.end
    }
    return out + source.slice(at, to)
  }
  return edit(0, source.length, found.map((c, i) => ({ ...c, i })))
}

// the text of a check as people know it, with the function it stands in
export function named(source, found) {
  const of = functions(bare(source)), seen = new Map()
  return found.map(c => {
    const name = of.find(f => f.start <= c.at && c.end <= f.end).name
    const text = source.slice(c.at, c.end).replace(/\s+/g, ' ')
    const same = `${name}\t${text}`
    seen.set(same, (seen.get(same) ?? 0) + 1)
    const times = seen.get(same)
    return { function: name, text: times > 1 ? `${text} (${times})` : text,
      line: source.slice(0, c.at).split('\n').length }
  })
}

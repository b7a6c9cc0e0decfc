// Waiting, always for a condition: a fixed time is too long on one machine and
// too short on another.

import { once } from 'node:events'

export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/** What a reply, an error or any other value is, shortly. */
const inWords = v => v instanceof Error
  ? String(v)
  : (v?.headers ? `${v.status} ${v.text}` : JSON.stringify(v) ?? String(v))
      .slice(0, 1000)

/**
 * Resolves with what look() gives once good() says so of it; looks often at
 * first. The patience is for a loaded machine: who need not wait does not.
 */
export async function until (look, good, what, patience = 120000) {
  const end = Date.now() + patience
  let last
  for (let pause = 10; ; pause = Math.min(pause * 1.3, 100)) {
    try {
      last = await look()
      if (good(last))
        return last
    } catch (e) { last = e }
    if (Date.now() >= end)
      break
    await sleep(pause)
  }
  throw new Error(`${what}: not in ${patience} ms, last ${inWords(last)}`)
}

/**
 * A process's [code, signal] once it has ended and all that it said is heard;
 * others who have its stderr may keep that open, and are not waited for long.
 */
export function ending (child) {
  const heard = once(child.stderr, 'close')
  return once(child, 'exit').then(async end => {
    await Promise.race([heard, sleep(5000)])
    return end
  })
}

/** The clock's next second, since visits and issues are ordered by seconds. */
export async function nextSecond () {
  const now = Math.floor(Date.now() / 1000)
  while (Math.floor(Date.now() / 1000) === now)
    await sleep(1010 - Date.now() % 1000)
}

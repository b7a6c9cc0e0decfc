// What the race test is made of: clients over few people, a nemesis, the
// recorded history, and a checker that believes the history, the logs and the
// registry, and no daemon.

import { randomInt, randomUUID, createHash } from 'node:crypto'
import {
  credentialBody, person, qrTokenBody, run, sleep, Wallet
} from './instance.mjs'

const pick = list => list[randomInt(list.length)]
const sha256 = text => createHash('sha256').update(text).digest('hex')

// ---- clients

/**
 * One operation until its outcome is known or patience is over. What happened
 * is appended to the history: every answer, and how it ended.
 */
export async function operate (world, op) {
  const key = op.key ?? randomUUID()
  const record = { ...op, body: undefined, key, answers: [] }
  world.history.push(record)
  for (let i = 0; i < 3 && !world.over; i++) {
    const node = i === 0 || randomInt(4) > 0 ? op.node : pick(world.nodes)
    try {
      const r = await node.post(op.url, op.body, { 'idempotency-key': key },
        { timeout: 12000 })
      const log = r.json?.log
      record.answers.push({
        status: r.status, log, at: node.dir,
        content: r.status === 201 ? content(r.json) : undefined
      })
      if (r.status < 500 && r.status !== 409) {
        record.outcome = r.status === 201 ? 'ok' : 'refused'
        return r
      }
    } catch (e) {
      record.answers.push({ error: e.message, at: node.dir })
    }
    await sleep(randomInt(50, 400))
  }
  record.outcome = 'unknown'
}

/* What was signed, without the signatures, which may differ. */
function content (json) {
  const signed = json.qr_token ? [json.log.leaf]
    : json.credentials.map(c => c.credential.split('.').slice(0, 2).join('.'))
  return sha256(signed.join('\n'))
}

async function visit (world, someone, changes) {
  return operate(world, {
    kind: 'visit', who: someone.index, node: pick(world.nodes),
    url: '/v1/qr-tokens', body: qrTokenBody(someone, changes)
  })
}

/** A visit, then one to three phones that all want what it gave. */
async function story (world) {
  const someone = pick(world.people)
  const changes = randomInt(3) === 0
    ? { purpose: 'reissue', reason: 'device-replaced' } : {}
  const token = (await visit(world, someone, changes))?.json?.qr_token
  if (!token)
    return
  await Promise.all(Array.from({ length: randomInt(1, 4) }, async () => {
    const node = pick(world.nodes)
    const wallet = await Wallet.create()
    let device
    try { device = await wallet.device(pick(world.nodes)) } catch { return }
    await operate(world, {
      kind: 'credential', who: someone.index, node, token,
      purpose: changes.purpose ?? 'first-issue',
      url: '/v1/credentials',
      body: credentialBody(someone, token, device, changes)
    })
  }))
}

/** Everybody at once for somebody new, each with a visit of their own. */
export async function crowd (world) {
  const someone = { ...person(), index: world.people.length }
  world.people.push(someone)
  const tokens = await Promise.all(world.nodes.map(async () =>
    (await visit(world, someone))?.json?.qr_token))
  const phones = await Promise.all(tokens.filter(Boolean).map(async t => {
    const wallet = await Wallet.create()
    const device = await wallet.device(world.nodes[0]).catch(() => undefined)
    return { t, device }
  }))
  await Promise.all(phones.filter(p => p.device).map((p, i) =>
    operate(world, {
      kind: 'credential', who: someone.index, token: p.t,
      purpose: 'first-issue', node: world.nodes[i % world.nodes.length],
      url: '/v1/credentials', body: credentialBody(someone, p.t, p.device)
    })))
}

export async function client (world) {
  while (!world.over)
    await (randomInt(4) === 0 ? crowd(world) : story(world))
}

// ---- the nemesis

const notary = async node => (await node.processes())
  .find(p => p.role === 'notary')?.pid
const signal = (pid, name) => { try { process.kill(pid, name) } catch {} }

/** Each leaves everything as it found it, but for what it lost. */
export const evils = {
  async kill_notary (world) {
    signal(await notary(pick(world.nodes)), 'SIGKILL')
  },
  async stop_notary (world) {
    const pid = await notary(pick(world.nodes))
    signal(pid, 'SIGSTOP')
    await sleep(1500)
    signal(pid, 'SIGCONT')
  },
  async kill_daemon (world) {
    const node = pick(world.nodes)
    for (const p of await node.processes())
      signal(p.pid, 'SIGKILL')
    await node.stop('SIGKILL')
    await node.start()
  },
  async kill_database (world) {
    await world.database.kill()
    await world.database.restart()
  },
  async stop_database (world) {
    const first = await world.database.pid()
    const { stdout } = await run('ps', ['-o', 'pid=', '--ppid',
      String(first)])
    const all = [first, ...stdout.trim().split(/\s+/).map(Number)]
    all.forEach(pid => signal(pid, 'SIGSTOP'))
    await sleep(2500)
    all.forEach(pid => signal(pid, 'SIGCONT'))
  },
  /** Only with a network: what one says, or hears, is lost on the way. */
  async one_way (world) {
    const link = pick([...world.links, world.database.machine])
    if (link?.mute === undefined)
      return
    pick([() => link.mute(), () => link.deafen()])()
    await sleep(randomInt(500, 5000))
    link.mend()
  },
  async cut (world) {
    const link = pick(world.links)
    link.cut()
    await sleep(1500)
    link.mend()
  },
  async silence (world) {
    const link = pick(world.links)
    link.silence()
    await sleep(6000)
    link.mend()
  }
}

export const evilsOf = world => Object.keys(evils).filter(name =>
  name !== 'one_way' || world.database.machine)

export async function nemesis (world, names = evilsOf(world)) {
  // a short race begins with another one each time
  for (let i = randomInt(names.length); !world.over; i++) {
    const name = names[i % names.length]
    await evils[name](world)
    world.done.push(name)
    await sleep(700)
  }
}

// ---- the checker

const grouped = (list, of) => {
  const groups = new Map()
  for (const x of list)
    groups.set(of(x), [...groups.get(of(x)) ?? [], x])
  return groups
}
const distinct = list => new Set(list).size
const place = log => `${log.origin} ${log.index}`

/** What is wrong, as lines; nothing when all promises were kept. */
export async function check (world) {
  const wrong = []
  const answered = world.history.flatMap(op => op.answers
    .filter(a => a.status === 201).map(a => ({ ...a, op })))

  for (const [token, all] of grouped(answered.filter(a =>
    a.op.kind === 'credential'), a => a.op.token))
    if (distinct(all.map(a => place(a.log))) > 1)
      wrong.push(`QR token ${token.slice(0, 20)}… was redeemed twice`)
  for (const [key, all] of grouped(answered, a => a.op.key))
    if (distinct(all.map(a => a.content)) > 1)
      wrong.push(`key ${key} stands for several contents`)

  const logs = new Map()
  for (const node of world.nodes) {
    const origin = /^origin: (.*)$/m.exec(node.read('okse.yaml'))[1]
    const shown = await node.okse(['audit', 'show', node.path('log')])
    logs.set(origin, shown.stdout.trim().split('\n')
      .map(l => JSON.parse(l)))
    const v = await node.okse(['audit', 'verify', '--key',
      node.path('log/log.vkey'), node.path('log')])
    if (v.status !== 0)
      wrong.push(`the log of ${origin} does not verify: ${v.stdout}`)
  }
  for (const a of answered) {
    const entry = logs.get(a.log.origin)?.[a.log.index]
    if (entry?.ev !== 'decision' || entry.out !== 'allow')
      wrong.push(`acknowledged and not in the log: ${place(a.log)}`)
  }

  const first = [...logs.values()].flat().filter(e => e.ev === 'decision' &&
    e.op === 'credential' && e.out === 'allow' && e.purpose === 'first-issue')
  for (const [holder, all] of grouped(first, e => e.holder))
    if (all.length > 1)
      wrong.push(`holder ${holder} was given ${all.length} first devices`)
  const devices = await world.database.sql('SELECT count(*) FROM (SELECT 1 ' +
    'FROM okse.device WHERE state IN (1, 3) GROUP BY holder, programme ' +
    'HAVING count(*) > 1) x')
  if (devices !== '0')
    wrong.push(`${devices} holders have several devices in the registry`)
  const kept = await world.database.sql('SELECT count(*) FROM okse.entry')
  const shown = [...logs.values()].flat().length
  if (+kept < shown)
    wrong.push(`the registry has ${kept} entries, the logs ${shown}`)
  return wrong
}

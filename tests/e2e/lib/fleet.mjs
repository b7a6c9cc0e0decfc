// Several daemons on one PostgreSQL, for stories: a throw-away server, its
// schema made by the owner, and nodes of one installation that have joined.
//
//	const fleet = await startFleet(2)
//	await issue(fleet.nodes[0], person())
//	await fleet.stop()

import {
  cpSync, readFileSync, readdirSync, rmSync, writeFileSync
} from 'node:fs'
import { createConnection, createServer } from 'node:net'
import path from 'node:path'
import {
  Instance, configs, okse, remove, run, temporary, top
} from './instance.mjs'

const script = path.join(top, 'tests/postgres.sh')

async function must (what, promise) {
  const r = await promise
  if (r.status !== 0)
    throw new Error(`${what}: ${r.status}\n${r.stdout}${r.stderr}`)
  return r.stdout
}

/** A PostgreSQL in a directory of its own; on a machine, over TLS as well. */
export class Database {
  constructor (machine) {
    this.dir = temporary()
    this.machine = machine
    process.on('exit', () => this.remove())
  }

  do (action, ...args) {
    const [program, ...before] = [...this.machine?.prefix ?? [], script]
    return must(`postgres.sh ${action}`, run(program,
      [...before, action, this.dir, ...args], { stdio: 'ignore' }))
  }

  uri (user, dir = this.dir) {
    return `postgresql://${user}@/okse?host=${dir}`
  }

  /** Across its network, by the certificate that a daemon has. */
  get remote () {
    return `postgresql://okse@${this.machine.address}/okse` +
      `?sslmode=verify-full&sslrootcert=${this.dir}/ca.pem` +
      `&sslcert=${this.dir}/client.pem&sslkey=${this.dir}/client.key`
  }

  get owner () { return this.uri('okse_owner') }
  async start (...settings) {
    if (this.machine)
      await this.do('tls', '5432', this.machine.address, ...settings)
    else
      await this.do('start', ...settings)
    return this
  }

  async migrate () {
    await must('migrate', okse(['registry', 'migrate', '--grant', 'okse',
      this.owner]))
    return this
  }

  async sql (text, database = 'okse') {
    return (await this.do('psql', '-d', database, '-c', text)).trim()
  }

  /** A replica of this one; started. */
  async standby (...settings) {
    const copy = new Database()
    await copy.do('standby', this.dir, ...settings)
    return copy
  }

  /** Its files as they are now, and back again, in the same timeline. */
  save () { return this.do('save') }
  setBack () { return this.do('set-back') }
  promote () { return this.do('promote') }
  kill () { return this.do('kill') }
  restart () { return this.do('restart') }

  /** The server's first process, which is the one to stop and continue. */
  async pid () {
    const { stdout } = await run('head', ['-n', '1',
      path.join(this.dir, 'data/postmaster.pid')])
    return +stdout
  }

  remove () {
    if (this.removed)
      return
    this.removed = true
    rmSync(path.join(this.dir, '.s.PGSQL.5432'), { force: true })
    try { process.kill(this.postmaster, 'SIGKILL') } catch {}
    remove(this.dir)
  }

  async stop () {
    await run(script, ['kill', this.dir])
    this.remove()
  }
}

/** Between a node and its database: lets through, or cuts. */
export class Link {
  constructor (to) {
    this.dir = temporary()
    this.to = to
    this.open = new Set()
    this.up = true
    process.on('exit', () => remove(this.dir))
  }

  start () {
    this.server = createServer(client => {
      if (!this.up)
        return client.destroy()
      const server = createConnection(
        path.join(this.to.dir, '.s.PGSQL.5432'))
      const pair = { client, server }
      this.open.add(pair)
      for (const [a, b] of [[client, server], [server, client]]) {
        a.on('data', d => { if (!this.silent) b.write(d) })
        a.on('error', () => {})
        a.on('close', () => { b.destroy(); this.open.delete(pair) })
      }
    })
    return new Promise(resolve => this.server.listen(
      path.join(this.dir, '.s.PGSQL.5432'), () => resolve(this)))
  }

  /** As if the cable was pulled: nothing passes, nobody hears of it. */
  silence () { this.silent = true }
  cut () {
    this.up = false
    for (const { client, server } of this.open) {
      client.destroy()
      server.destroy()
    }
  }

  mend () {
    if (this.silent)
      this.cut()
    this.silent = false
    this.up = true
  }

  stop () {
    this.cut()
    this.server.close()
  }
}

export class Fleet {
  constructor (database) {
    this.database = database
    this.nodes = []
    this.links = []
  }

  /**
   * One more node; linked: with a Link before its database, or a machine of
   * its own where that has one; args: further ones of okse dev.
   */
  async add ({ linked = false, start = true, keyholders = 1, env,
    args = [] } = {}) {
    const node = new Instance(temporary())
    const machine = this.database.machine?.network.add()
    const link = machine ??
      (linked ? await new Link(this.database).start() : undefined)
    const uri = machine
      ? this.database.remote
      : this.database.uri('okse', link?.dir)
    node.prefix = machine?.prefix
    const first = this.nodes[0]
    await must('dev --prepare', node.okse(['dev', '--prepare',
      '--keyholders', String(keyholders), '--registry', uri,
      ...first ? ['--fleet', first.dir] : [], ...args, node.dir], { env }))
    await must('join', okse(['registry', 'join', '--owner',
      this.database.owner, node.path('okse.yaml')]))
    this.nodes.push(node)
    this.links.push(link)
    if (start)
      await node.start()
    return node
  }

  origin (i) { return /^origin: (.*)$/m.exec(this.nodes[i]
    .read('okse.yaml'))[1] }

  async stop () {
    const all = await Promise.all(this.nodes.map(n => n.stop()))
    for (const link of this.links)
      link?.stop?.()
    await this.database.stop()
    this.database.machine?.network.stop()
    return all
  }
}

/** The configuration files, with quotas that nobody reaches. */
export function withoutQuotas () {
  const dir = temporary()
  const policy = path.join(dir, 'policy')
  process.on('exit', () => remove(dir))
  cpSync(configs, dir, { recursive: true })
  for (const name of readdirSync(policy)) {
    const file = path.join(policy, name)
    if (name.endsWith('_test.yaml')) {
      rmSync(file)
      continue
    }
    writeFileSync(file, readFileSync(file, 'utf8')
      .replace(/at-most: 20 /, 'at-most: 1000000 '))
  }
  return dir
}

/** machine: of the database, on a Network; nodes get their own there. */
export async function startFleet (count, { machine, ...options } = {}) {
  const database = await new Database(machine).start()
  await database.migrate()
  const fleet = new Fleet(database)
  for (let i = 0; i < count; i++)
    await fleet.add({ ...options, start: false })
  await Promise.all(fleet.nodes.map(n => n.start()))
  return fleet
}

// The registry's database over TCP and TLS: a locked-in notary reaches it by
// certificate, finds it again when it was gone, and nothing else of the
// network; a server by another name is not believed.

import assert from 'node:assert/strict'
import {
  done, freePort, Instance, issue, okse, person, temporary, test, until
} from './lib/instance.mjs'
import { Database } from './lib/fleet.mjs'

const port = String(await freePort())
process.env.PGPORT = port	// of its socket, for psql
const database = new Database()
await database.do('tls', port)
const owner = `postgresql://okse_owner@/okse?host=${database.dir}&port=${port}`
const uri = name => `postgresql://okse@${name}:${port}/okse` +
  `?sslmode=verify-full&sslrootcert=${database.dir}/ca.pem` +
  `&sslcert=${database.dir}/client.pem&sslkey=${database.dir}/client.key`

async function must (args) {
  const r = await okse(args)
  assert.equal(r.status, 0, r.stderr)
}

const node = new Instance(temporary())
await must(['registry', 'migrate', '--grant', 'okse', owner])
await must(['dev', '--prepare', '--keyholders', '1', '--registry',
  uri('localhost'), node.dir])
await must(['registry', 'join', '--owner', owner, node.path('okse.yaml')])
await node.start()

await test('a node serves over TLS with a certificate of its own',
  async () => {
    const { reply } = await issue(node, person())
    assert.equal(reply.status, 201, reply.text)
    assert.equal(await database.sql('SELECT count(*) FROM pg_stat_ssl JOIN ' +
      "pg_stat_activity USING (pid) WHERE ssl AND usename = 'okse' AND " +
      "client_dn LIKE '%okse'"), '1')
  })

await test('locked in, it makes a lost connection again', async () => {
  const pid = async () => (await node.processes())
    .find(p => p.role === 'notary').pid
  const before = await pid()
  await database.kill()
  const r = await issue(node, person())
  assert.equal(r.reply.status, 503)
  await database.restart()
  await node.waitReady()
  assert.equal((await issue(node, person())).reply.status, 201)
  assert.equal(await pid(), before)
})

await test('a server by another name is not believed', async () => {
  await node.stop()
  node.edit('okse.yaml', uri('localhost'), uri('127.0.0.1'))
  node.errors = ''
  await node.start({ ready: false })
  await until(() => node.errors, text =>
    /certificate.*does not match host name/.test(text), 'refused')
})

await node.stop()
await database.stop()
done()

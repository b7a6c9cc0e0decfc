// Whether a credential still holds: lists that strangers read, in the state
// that the registry has, soon after it changed and whatever crashed between.

import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import {
  Instance, Wallet, credentialBody, done, person, qrTokenBody, run, skip,
  nextSecond, temporary, test, until
} from './lib/instance.mjs'
import { verifyCwtQr } from '../strangers/cwt_qr.mjs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'
import {
  unpacked, verifyStatusCwt, verifyStatusJwt
} from '../strangers/status_list.mjs'

const FORMATS = ['dc+sd-jwt', 'mso_mdoc', 'vc+jwt', 'cwt-qr']
const CWT = { accept: 'application/statuslist+cwt' }
const VALID = 0
const INVALID = 1
const SUSPENDED = 2

// a list is believed for eight seconds and signed again after four
const okse = new Instance(temporary())
await okse.start()
await okse.stop()
appendFileSync(okse.path('okse.yaml'),
  'status-lists: { ttl: PT1S, lifetime: PT8S }\n')
await okse.start()
const ca = okse.read('ca', 'iaca.pem')

// ---- what a verifier does

const pathOf = uri => new URL(uri).pathname

async function jwtOf (uri) {
  // none while the one that there was has expired and the next is signed
  const r = await until(() => okse.get(pathOf(uri)), r => r.status === 200,
    'a list')
  assert.equal(r.headers['content-type'], 'application/statuslist+jwt')
  return r.text
}

async function listsOf (uri) {
  const r = await until(() => okse.get(pathOf(uri), CWT),
    r => r.status === 200, 'a list')
  return {
    jwt: await verifyStatusJwt(await jwtOf(uri), uri, ca),
    cwt: await verifyStatusCwt(r.bytes, uri, ca)
  }
}

/** The state that both forms give, once they do; lists follow in seconds. */
const become = (wanted, ...places) => until(async () => {
  const { jwt, cwt } = await listsOf(places[0].uri)
  return places.flatMap(p => [jwt.at(p.idx), cwt.at(p.idx)])
}, all => all.every(is => is === wanted), `both say ${wanted}`)
const placesOf = issued => issued.map(c => c.status)

// ---- what a phone does

async function visit (who, changes) {
  const r = await okse.post('/v1/qr-tokens', qrTokenBody(who, changes))
  assert.equal(r.status, 201, r.text)
  return r.json.qr_token
}

async function issue (who, { wallet, formats = ['dc+sd-jwt'], keys = 1,
  ...changes } = {}) {
  const token = await visit(who, changes)
  wallet ??= await Wallet.create()
  const device = await wallet.device(okse)
  for (let i = 1; i < keys; i++)
    device.proofs.push(...(await (await Wallet.create()).device(okse)).proofs)
  const r = await okse.post('/v1/credentials',
    credentialBody(who, token, device, { formats, ...changes }))
  assert.equal(r.status, 201, r.text)
  return r.json.credentials
}

const replace = { purpose: 'reissue', reason: 'device-replaced' }

// ---- the story

const resident = person()
const credentials = await issue(resident, { formats: FORMATS })
const { uri } = credentials[0].status

await test('every credential has a place of its own, and says so', async () => {
  const places = credentials.map(c => c.status.idx)
  assert.equal(new Set(places).size, FORMATS.length)
  const [sdjwt, , vc, qr] = credentials
  const payload = t => JSON.parse(Buffer.from(t.split('.')[1], 'base64url'))
  for (const c of [sdjwt, vc])
    assert.deepEqual(payload(c.credential).status.status_list,
      { idx: c.status.idx, uri })
  const keys = (await okse.get('/v1/keys')).json.keys
  const signer = Buffer.from(payload(sdjwt.credential) &&
    JSON.parse(Buffer.from(sdjwt.credential.split('.')[0], 'base64url'))
      .x5c[0], 'base64')
  assert.ok(keys.some(k => k.x5c[0] === signer.toString('base64')))
  const claims = await verifyCwtQr(qr.credential, signer, ca)
  assert.deepEqual(
    Object.fromEntries(claims.get(65535).get('status_list')),
    { idx: qr.status.idx, uri })
})

await test('strangers read both forms, and all are valid', async () => {
  await become(VALID, ...placesOf(credentials))
  const { jwt, cwt } = await listsOf(uri)
  assert.equal(jwt.ttl, 1)
  assert.equal(jwt.exp - jwt.iat, 8)
  assert.deepEqual(unpacked(jwt), unpacked(cwt))
  assert.equal(unpacked(jwt).length, 1 << 18)
  // a place that nobody has is as valid as one that somebody has
  assert.ok(unpacked(jwt).every(byte => byte === 0))
})

await test('a wallet library asks the list itself', () =>
  verifySdJwt(credentials[0].credential, ca, new Date(), jwtOf))

await test('python unpacks it to the same bytes', async () => {
  const { jwt } = await listsOf(uri)
  const r = await run('python3', ['-c',
    'import sys, zlib, base64, hashlib\n' +
    'raw = zlib.decompress(base64.b64decode(sys.stdin.read()))\n' +
    'print(len(raw), hashlib.sha256(raw).hexdigest())'],
  { input: jwt.packed.toString('base64') })
  const { createHash } = await import('node:crypto')
  assert.equal(r.stdout.trim(), `${1 << 18} ` +
    createHash('sha256').update(unpacked(jwt)).digest('hex'))
})

await test('the places of a batch tell nothing of each other', async () => {
  const places = (await issue(person(), { keys: 8 })).map(c => c.status.idx)
  const distances = places.slice(1).map((p, i) => p - places[i])
  assert.equal(new Set(places).size, 8)
  assert.equal(new Set(distances).size, 7)
  assert.ok(distances.every(d => Math.abs(d) > 1), String(distances))
})

let changed
await test('a replaced phone takes all its credentials with it', async () => {
  await nextSecond()	// the policy counts seconds
  const fresh = await issue(resident, { ...replace, formats: FORMATS })
  await become(INVALID, ...placesOf(credentials))
  await become(VALID, ...placesOf(fresh))
  const { jwt } = await listsOf(uri)
  assert.equal(unpacked(jwt).reduce((n, byte) => n + !!byte, 0), 4)
  await assert.rejects(
    verifySdJwt(credentials[0].credential, ca, new Date(), jwtOf),
    /[Ss]tatus/)
  changed = fresh
})

await test('okse says the same of a credential and a list', async () => {
  const list = okse.path('list.jwt')
  const cwt = okse.path('list.cwt')
  const verify = (credential, file) => okse.okse(['credential', 'verify',
    '--ca', okse.path('ca', 'iaca.pem'), '--status', file, credential])
  writeFileSync(list, await jwtOf(uri) + '\n')
  writeFileSync(cwt, (await okse.get(pathOf(uri), CWT)).bytes)
  for (const [c, says] of [[credentials, 1], [changed, 0]])
    for (const i of [0, 1, 2])
      for (const file of [list, cwt]) {
        const path = okse.path('credential')
        writeFileSync(path, c[i].credential)
        const r = await verify(path, file)
        assert.equal(r.status, says, r.stderr)
        assert.match(r.stderr, says ? /invalid/ : /status: valid/)
      }
  const r = await okse.okse(['credential', 'verify', '--ca',
    okse.path('ca', 'iaca.pem'), list])
  assert.equal(r.status, 0, r.stderr)
  assert.equal(JSON.parse(r.stdout).status_list.entries, 1 << 20)
})

const change = (who, action, reason) => okse.post('/v1/status-changes',
  { programme: 'resident-id', action, reason, holder: who.holder })
const told = 'suspended, reinstated and revoked: the list says each'
const loser = person()
const [lost] = await issue(loser)
const [phone] = await issue(person())
const answer = await change(loser, 'suspend', 'phone-lost')
if (answer.status === 501)
  skip(told, 'this daemon offers no status changes')
else
  await test(told, async () => {
    assert.equal(answer.status, 201, answer.text)
    await become(SUSPENDED, lost.status)
    let r = await change(loser, 'reinstate', 'phone-found')
    assert.equal(r.status, 201, r.text)
    await become(VALID, lost.status)
    r = await change(loser, 'revoke', 'phone-stolen')
    assert.equal(r.status, 201, r.text)
    await become(INVALID, lost.status)
    await become(VALID, phone.status)	// nobody else's
  })

// ---- how it is given

await test('who has it is told so, and everybody how long to keep it', async () => {
  // none that is about to be replaced
  let r = await okse.get(pathOf(uri))
  const { etag, 'last-modified': modified } = r.headers
  assert.equal(r.headers['cache-control'],
    'public, max-age=1, s-maxage=1, stale-if-error=8')
  assert.equal(r.headers.vary, 'Accept')
  const again = await okse.get(pathOf(uri), { 'if-none-match': etag })
  const since = await okse.get(pathOf(uri), { 'if-modified-since': modified })
  r = await okse.get(pathOf(uri))
  if (r.headers.etag === etag) {
    assert.equal(again.status, 304)
    assert.equal(again.text, '')
    assert.equal(since.status, 304)
  }
  const cwt = await okse.get(pathOf(uri), { ...CWT, 'if-none-match': etag })
  assert.equal(cwt.status, 200)
})

await test('what there is not, and what is not asked for like that', async () => {
  for (const id of ['2', '0', '01', '-1', 'x', '', '99999999999999999999'])
    assert.equal((await okse.get(`/v1/status-lists/${id}`)).status, 404, id)
  assert.equal((await okse.get(pathOf(uri), { accept: 'text/html' })).status,
    406)
  assert.equal((await okse.get(pathOf(uri) + '?time=1686925000')).status, 501)
})

await test('the files are what is given, for any web server', async () => {
  let r, file
  for (let i = 0; i < 3; i++) {
    r = await okse.get(pathOf(uri), CWT)
    file = readFileSync(okse.path('log', 'status-lists', '1.cwt'))
    if (file.equals(r.bytes))
      break
  }
  assert.ok(file.equals(r.bytes))
})

// ---- time, and crashes

await test('a list is signed again before it expires', async () => {
  const first = (await listsOf(uri)).jwt
  // each of them valid
  await until(async () => (await listsOf(uri)).jwt.iat,
    iat => iat >= first.iat + 4, 'signed again after half its time')
})

await test('a change that is durable is published after a crash', async () => {
  const who = person()
  const [old] = await issue(who)
  await become(VALID, old.status)
  await nextSecond()	// the policy counts seconds
  const keyholders = (await okse.processes())
    .filter(p => p.role === 'keyholder')
  const notary = (await okse.processes()).find(p => p.role === 'notary')
  const token = await visit(who, replace)
  const device = await (await Wallet.create()).device(okse)

  // nothing is signed from here on: the ticket of the list waits
  for (const k of keyholders)
    process.kill(k.pid, 'SIGSTOP')
  const request = okse.post('/v1/credentials', credentialBody(who, token,
    device, replace)).catch(() => {})
  await until(() => okse.metric('okse_tickets_outstanding'), n => n > 0,
    'decided')
  process.kill(notary.pid, 'SIGKILL')
  for (const k of keyholders)
    try { process.kill(k.pid, 'SIGCONT') } catch {}
  await request
  await okse.replaced(notary)
  await become(INVALID, old.status)
})

await test('the log has every list that was signed, and what became of it',
  async () => {
    await okse.published()
    const verified = await okse.okse(['audit', 'verify', okse.path('log')])
    assert.equal(verified.status, 0, verified.stdout + verified.stderr)
    assert.doesNotMatch(verified.stdout, /status-lists/)
    const shown = await okse.okse(['audit', 'show', '--event', 'status.list',
      okse.path('log')])
    assert.equal(shown.status, 0, shown.stderr)
    assert.ok(shown.stdout.trim().split('\n').length > 3, shown.stdout)
    const orphans = await okse.okse(['audit', 'show', '--event', 'orphan',
      okse.path('log')])
    assert.match(orphans.stdout, /orphan/)
  })

await test('metrics tell of lists and their signatures', async () => {
  // the notary that came back tells its own once a second
  const text = await until(() => okse.metricsText(),
    t => /^okse_status_lists /m.test(t), 'the metrics of the notary')
  assert.match(text, /^okse_status_lists 1$/m)
  assert.match(text, /^okse_status_list_signatures_total [1-9]/m)
  assert.match(text,
    /^okse_signatures_total\{keyholder="\d",use="status"\} [1-9]/m)
})

// ---- size

/** Half a million places of list 1 invalid, as if it had come to that. */
const spoil = `
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("UPDATE status_list SET next = size WHERE list = 1")
c.execute("INSERT INTO status_use (list, first, count, serial, value,"
    " expires_at) VALUES (1, 500000, 500000, zeroblob(16), 1, 4102444800)")
c.execute("INSERT INTO status_version (list, version) VALUES (1, 1)"
    " ON CONFLICT (list) DO UPDATE SET version = version + 1")
c.commit()
`

await test('a list that packing does not help is signed all the same',
  async () => {
    assert.equal(await okse.stop(), 0)
    const r = await run('python3', ['-c', spoil, okse.path('registry.db')])
    assert.equal(r.status, 0, r.stderr)
    await okse.start()
    // until then it may be one that has expired
    const lists = await until(() => listsOf(uri), ({ jwt, cwt }) =>
      Math.min(jwt.packed.length, cwt.packed.length) > 128 * 1024,
    'both are long')
    for (const list of [lists.jwt, lists.cwt])
      assert.ok(unpacked(list).reduce((n, byte) =>
        n + [0, 2, 4, 6].filter(i => byte >> i & 3).length, 0) > 500000)
  })

assert.equal(await okse.stop(), 0)
done()

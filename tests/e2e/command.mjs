// The commands as people and scripts meet them: help, exit statuses, streams,
// and `okse dev` on a directory that is there already.

import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  test, done, startInstance, Instance, temporary, person, qrTokenBody,
  credentialBody, okse as okseCommand, run, top, koreanDate
} from './lib/instance.mjs'

const source = readFileSync(path.join(top, 'cli', 'okse.c'), 'utf8')
const table = source.slice(source.indexOf('struct command table'))
const commands = [...table.matchAll(/^\t\{ "([a-z -]+)"/gm)].map(m => m[1])

await test('every command has help with an example, on stdout', async () => {
  assert.ok(commands.length >= 15)
  for (const c of commands) {
    const r = await okseCommand([...c.split(' '), '--help'])
    assert.equal(r.status, 0, c)
    assert.match(r.stdout, new RegExp(`^usage: okse ${c}`))
    assert.match(r.stdout, new RegExp(`\nexample:\n  okse ${c}`))
    assert.equal(r.stderr, '')
  }
})

await test('an unknown command or option is 2, words on stderr', async () => {
  for (const args of [['unsael'], ['audit'], ['status', '--colour'],
    ['policy', 'check'], []]) {
    const r = await okseCommand(args)
    assert.equal(r.status, 2, args.join(' '))
    assert.equal(r.stdout, '')
    assert.ok(r.stderr.length > 0)
  }
})

await test('nobody at the socket is 4', async () => {
  const r = await okseCommand(['status', '--dir', '/tmp/no-such-instance'])
  assert.equal(r.status, 4, r.stderr)
})

await test('a directory too long for sockets is named at once', async () => {
  const r = await okseCommand(['dev', '/tmp/' + 'long-'.repeat(25)])
  assert.equal(r.status, 1)
  assert.match(r.stderr, /unix\(7\)/)
  await run('rmdir', ['/tmp/' + 'long-'.repeat(25)])
})

const policy = path.join(top, 'configs', 'policy')
const aCase = (changes = {}) => JSON.stringify({
  operation: 'qr-token', now: '2025-04-01T10:00:00+09:00', facts: {},
  ...qrTokenBody(person({ birth: '2008-03-15' })), ...changes
})

await test('policy explain answers line by line', async () => {
  const r = await okseCommand(['policy', 'explain', '--policy', policy], {
    input: [aCase(), '{}', aCase({ now: '2024-12-26T23:59:59+09:00' })]
      .join('\n') + '\n'
  })
  const [a, b, c] = r.stdout.trim().split('\n').map(l => JSON.parse(l))
  assert.equal(r.status, 1)
  assert.ok(['allow', 'deny'].includes(a.outcome))
  assert.match(b.error, /^\/operation/)
  assert.equal(c.outcome, 'deny')
})

await test('policy check names file, line and column', async () => {
  const dir = temporary()
  await run('cp', ['-r', policy + '/.', dir])
  assert.equal((await okseCommand(['policy', 'check', dir])).status, 0)
  const file = path.join(dir, 'resident-id.yaml')
  writeFileSync(file, readFileSync(file, 'utf8')
    .replace('at-least: 17', 'at-leats: 17'))
  const r = await okseCommand(['policy', 'check', dir])
  assert.equal(r.status, 1)
  assert.match(r.stderr, /resident-id\.yaml:\d+:\d+: /)
  await run('rm', ['-r', dir])
})

await test('a ceremony\'s script is checked and a wrong one named',
  async () => {
    const script = path.join(top, 'configs/ceremony/rehearsal.yaml')
    const good = await okseCommand(['ceremony', 'check', script])
    assert.equal(good.status, 0, good.stderr)
    assert.match(good.stdout, /split-secret/)
    const bad = path.join(temporary(), 'bad.yaml')
    writeFileSync(bad, readFileSync(script, 'utf8')
      .replace('threshold: 2', 'threshold: 1'))
    const r = await okseCommand(['ceremony', 'check', bad])
    assert.equal(r.status, 1)
    assert.match(r.stderr, /bad\.yaml:\d+:\d+: /)
    await run('rm', ['-r', path.dirname(bad)])
  })

// ---- on an instance

const okse = await startInstance()
const visit = who => JSON.stringify(qrTokenBody(who))
const who = person()
let token

await test('qr-token prints the token and writes the picture', async () => {
  const png = okse.path('qr.png')
  const r = await okse.okse(['qr-token', '--png', png], { input: visit(who) })
  assert.equal(r.status, 0, r.stderr)
  token = r.stdout.trim()
  assert.match(token, /^OKSE1:[^\n]*$/)
  const read = await run('zbarimg', ['--quiet', '--raw', png])
  assert.equal(read.stdout.trim(), token)
})

await test('credential with a practice phone prints the credential',
  async () => {
    const { device, ...body } = credentialBody(who, token)
    const key = okse.path('phone.pem')
    const r = await okse.okse(['credential', '--device-key', key],
      { input: JSON.stringify(body) })
    assert.equal(r.status, 0, r.stderr)
    assert.match(r.stdout, /^ey[^\n]*~\n$/)
    assert.equal(statSync(key).mode & 0o777, 0o600)
  })

await test('a refusal is 3, with the rule on stderr', async () => {
  const r = await okse.okse(['qr-token'], {
    input: visit(person({ birth: koreanDate({ years: -16 }) }))
  })
  assert.equal(r.status, 3, r.stderr)
  assert.equal(r.stdout, '')
  assert.match(r.stderr, /holder-age/)
})

await test('a dry run prints every rule and says 3 when refused', async () => {
  const body = w => JSON.stringify(
    { operation: 'qr-token', ...qrTokenBody(w) })
  const good = await okse.okse(['decision'], { input: body(person()) })
  assert.equal(good.status, 0, good.stderr)
  assert.match(good.stdout, /^allow\n/)
  assert.ok(good.stdout.split('\n').length > 10)
  const bad = await okse.okse(['decision', '--json'],
    { input: body(person({ foreign: true })) })
  assert.equal(bad.status, 3)
  assert.equal(JSON.parse(bad.stdout).decision.outcome, 'deny')
})

await test('a malformed request is 1 and names the member', async () => {
  const r = await okse.okse(['qr-token'], { input: '{"programme":1}' })
  assert.equal(r.status, 1)
  assert.match(r.stderr, /programme/)
})

await test('the same body under another\'s key is a failure', async () => {
  const key = 'once-' + process.pid
  const a = await okse.okse(['qr-token', '--key', key],
    { input: visit(person()) })
  assert.equal(a.status, 0, a.stderr)
  const b = await okse.okse(['qr-token', '--key', key],
    { input: visit(person()) })
  assert.equal(b.status, 1, b.stderr)
})

await test('status is words, or JSON with --json', async () => {
  const words = await okse.okse(['status'])
  assert.match(words.stdout, /^open\n/)
  const json = await okse.okse(['status', '--json'])
  assert.equal(JSON.parse(json.stdout).state, 'open')
})

await test('a second instance on the same directory is refused', async () => {
  const r = await okseCommand(['dev', okse.dir])
  assert.notEqual(r.status, 0)
  assert.equal((await okse.okse(['status'])).status, 0)
})

await test('it continues with what is there', async () => {
  assert.equal(await okse.stop(), 0)
  const before = okse.read('okse.yaml')
  await okse.start()
  assert.equal(okse.read('okse.yaml'), before)
  const again = await okse.okse(['qr-token'], { input: visit(who) })
  assert.equal(again.status, 3)
  assert.match(again.stderr, /one-device/)
})

await test('SIGINT stops it as well', async () => {
  assert.equal(await okse.stop('SIGINT'), 0)
})

await test('a configuration with a mistake stops the start, with its place',
  async () => {
    okse.edit('okse.yaml', 'keyholders: 2', 'keyholders: none')
    const r = await okseCommand(['dev', okse.dir])
    assert.notEqual(r.status, 0)
    assert.match(r.stderr, /okse\.yaml:\d+:\d+: /)
  })

done()

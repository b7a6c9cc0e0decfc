// A ceremony as officers and auditors meet it: the commands, openssl on what
// they leave, and recovery by hand, without any code of ours, into the token.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse, run, configs }
  from './lib/instance.mjs'
import { recover, derivePin } from './lib/secret.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const dir = path.join(home, 'instance')
const at = name => path.join(dir, name)
const script = path.join(configs, 'ceremony', 'rehearsal.yaml')
const module = '/usr/lib/softhsm/libsofthsm2.so'
const env = {
  ...process.env, SOFTHSM2_CONF: path.join(home, 'softhsm2.conf')
}

mkdirSync(path.join(home, 'tokens'))
writeFileSync(env.SOFTHSM2_CONF,
  `directories.tokendir = ${path.join(home, 'tokens')}\n` +
  'objectstore.backend = file\nlog.level = ERROR\n')

let root

await test('a script is walked through before anything is done', async () => {
  const r = await okse(['ceremony', 'check', script])
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /step 1: initialise-token\n/)
  assert.match(r.stdout, /step \d+: close\n/)
})

await test('a script with a fault is refused at its line', async () => {
  const wrong = path.join(home, 'wrong.yaml')
  const text = readFileSync(script, 'utf8')
  writeFileSync(wrong, text.replace('threshold: 2', 'threshold: 1'))
  const line = text.split('\n').findIndex(l => l.startsWith('threshold')) + 1
  const r = await okse(['ceremony', 'check', wrong])
  assert.equal(r.status, 1)
  assert.ok(r.stderr.includes(`wrong.yaml:${line}:`), r.stderr)
})

await test('a rehearsal tells its steps and the root', async () => {
  const r = await okse(['ceremony', 'rehearse', script, dir], { env })
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /step (\d+) of \1: close\n/)
  root = /^transcript ([0-9a-f]{64})$/m.exec(r.stdout)[1]
  assert.equal(readFileSync(at('ceremony/transcript.log'), 'utf8').trim()
    .split('|').pop(), root)
})

await test('what it left verifies, with and without the root', async () => {
  for (const args of [[], ['--root', root]]) {
    const r = await okse(['ceremony', 'verify', ...args, dir])
    assert.equal(r.status, 0, r.stderr)
    assert.match(r.stdout, /^verified: rehearsal$/m)
  }
  const other = 'f'.repeat(64)
  const r = await okse(['ceremony', 'verify', '--root', other, dir])
  assert.equal(r.status, 10)
})

await test('openssl accepts the certificates, strictly', async () => {
  const r = await run('openssl', ['verify', '-x509_strict', '-CAfile',
    at('ca/iaca.pem'), at('ca/iaca.pem'), at('ca/document-signer.pem'),
    at('ca/qr-signer.pem'), at('ca/status-signer.pem'),
    at('ca/metadata-signer.pem')])
  assert.equal(r.status, 0, r.stdout + r.stderr)
})

await test('two shares, put together by hand, open the token', async () => {
  const secret = recover([at('officers/1.share'), at('officers/3.share')])
  const pin = derivePin(secret, 'okse-rehearsal')
  const r = await run('pkcs11-tool', ['--module', module, '--token-label',
    'okse-rehearsal', '--login', '--pin', 'env:TEST_PIN',
    '--list-objects', '--type', 'privkey'],
  { env: { ...env, TEST_PIN: pin } })
  assert.equal(r.status, 0, r.stderr)
  for (const label of ['issuing-ca', 'document', 'qr', 'log',
    'log-ecdsa', 'status', 'metadata'])
    assert.match(r.stdout, new RegExp(`label: +${label}\n`))
  assert.equal(r.stdout.match(/^ +Usage: +sign$/gm).length, 7)
  assert.equal(r.stdout.match(/always sensitive, never extractable, local/g)
    .length, 7)
})

await test('one changed byte of a certificate is found', async () => {
  const file = at('ca/qr-signer.pem')
  const bytes = readFileSync(file)
  bytes[bytes.length >> 1] ^= 1
  writeFileSync(file, bytes)
  const r = await okse(['ceremony', 'verify', dir])
  assert.equal(r.status, 10)
  assert.match(r.stderr, /ca\/qr-signer\.pem/)
})

await test('the same place is not used twice', async () => {
  const r = await okse(['ceremony', 'rehearse', script, dir], { env })
  assert.notEqual(r.status, 0)
  assert.match(r.stderr, /exists/)
})

done()

// At every opening the token is put to the test before a key is used: what is
// in it, and what its keys refuse. Anything amiss and the daemon stays sealed,
// saying what it is; a token put right opens with the same shares.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  test, done, Instance, temporary, person, issue, build, until
} from './lib/instance.mjs'
import { recover, derivePin } from './lib/secret.mjs'

const okse = new Instance(temporary())
await okse.start({ args: ['--prepare'], ready: false })
await okse.ended
okse.child = okse.status = undefined

const module = '/usr/lib/softhsm/libsofthsm2.so'
const label = /token=([^;?]*)/.exec(okse.read('okse.yaml'))[1]
const pin = derivePin(recover(okse.shares().slice(0, 2)), label)
const tool = (...args) => execFileSync('pkcs11-tool', ['--module', module,
  '--token-label', label, '--login', '--pin', 'env:TEST_PIN', ...args], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: {
    ...process.env, TEST_PIN: pin,
    SOFTHSM2_CONF: okse.path('softhsm/softhsm2.conf')
  }
}).toString()

const script = okse.path('softhsm', 'faulty.script')
const trace = okse.path('softhsm', 'faulty.trace')
writeFileSync(script, '')
writeFileSync(trace, '')
okse.edit('okse.yaml', /module-path=[^"]*/,
  `module-path=${path.join(build, 'module', 'faulty.so')}`)
okse.edit('okse.yaml', /^ {2}environment:$/m, `  environment:
    FAULTY_SCRIPT: "${script}"
    FAULTY_TRACE: "${trace}"`)
let version = 0
const misbehave = text => writeFileSync(script, `# ${++version}\n${text}\n`)
const calls = name => readFileSync(trace, 'utf8').split('\n')
  .filter(l => l.endsWith(' ' + name)).length

const register = okse.read('ceremony/register.txt')
const keys = register.match(/^key /gm).length

const state = async () =>
  (await okse.adminCall('GET', '/v1/seal-status')).json
const unseal = () => okse.okse(['unseal', '--share', okse.shares()[0],
  '--share', okse.shares()[1]])

/** It stays sealed and says why, everywhere; then nothing signs. */
async function staysSealed (reason) {
  const before = okse.errors.length
  const r = await unseal()
  assert.equal(r.status, 4, r.stdout + r.stderr)
  assert.match(r.stdout, reason)
  const s = await state()
  assert.equal(s.state, 'sealed')
  assert.match(s.refused, reason)
  assert.match((await okse.okse(['status'])).stdout, reason)
  await until(() => okse.errors.slice(before), text => reason.test(text),
    'logged')
  await until(async () => (await okse.processes())
    .filter(p => p.role === 'keyholder'), all => all.length === 0, 'gone')
  assert.equal((await issue(okse, person())).reply.status, 503)
}
async function opens () {
  const r = await unseal()
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.equal((await state()).state, 'open')
  assert.equal((await state()).refused, undefined)
  await okse.waitReady()
  assert.equal((await issue(okse, person())).reply.status, 201)
}

await okse.start({ args: ['--sealed'], ready: false })
okse.child.stdout.on('data', d => { okse.output += d })
await until(() => okse.output, said => said.includes('sealed'), 'sealed')

await test('the ceremony\'s token opens; one process tried it', async () => {
  await opens()
  // "read", five attributes, copy, wrap twice: of each key, once
  assert.equal(calls('C_SetAttributeValue'), 5 * keys)
  assert.equal(calls('C_CopyObject'), keys)
  assert.equal(calls('C_WrapKey'), 2 * keys)
  assert.equal(calls('C_GenerateKey'), calls('C_DestroyObject'))
  await okse.okse(['seal'])
})

await test('an object that no ceremony made keeps it sealed', async () => {
  const note = okse.path('note')
  writeFileSync(note, 'x')
  tool('--write-object', note, '--type', 'data', '--label', 'left-behind')
  await staysSealed(/not in the register: data 'left-behind' \(id \)/)
  tool('--delete-object', '--type', 'data', '--label', 'left-behind')
  tool('--keygen', '--key-type', 'AES:32', '--label', 'kek', '--id', '0a',
    '--usage-wrap')
  await staysSealed(/not in the register: secret key 'kek' \(id 0a\)/)
  tool('--delete-object', '--type', 'secrkey', '--label', 'kek')
  await opens()
  await okse.okse(['seal'])
})

await test('a second key by the name of another keeps it sealed',
  async () => {
    const id = /^key document p256 ([0-9a-f]+) /m.exec(register)[1]
    // as a thief or a careless hand would, in the raw
    tool('--keypairgen', '--key-type', 'EC:prime256v1', '--label',
      'document', '--id', id, '--usage-sign')
    await staysSealed(/'document'.*(found several|one with this label)/)
    // the newest two objects are those
    execFileSync('sh', ['-c', 'rm $(ls -t */*.object | grep -v token.object' +
      ' | head -2)'], { cwd: okse.path('softhsm/tokens') })
    await opens()
    await okse.okse(['seal'])
  })

for (const [text, reason] of [
  ['C_SetAttributeValue 1+ rv 0', /extractable, insensitive, decrypting/],
  ['C_CopyObject 1+ rv 0', /must refuse: copy\b(?!,)/],
  ['C_WrapKey 1 rv 0', /must refuse: wrap(?![-,])/],
  ['C_Sign 1+ lie', /does not sign as the recorded public key/],
  ['C_GetAttributeValue 1+ lie', /issuing key: wanted CKA_TOKEN = 1, is 0/],
  ['C_GetTokenInfo 1+ lie', /token/]
]) {
  await test(`a module that answers ${text} keeps it sealed`, async () => {
    misbehave(text)
    await staysSealed(reason)
    misbehave('')
  })
}

await test('a key taken out of the token keeps it sealed', async () => {
  const tokens = okse.path('softhsm/tokens')
  const sh = command => execFileSync('sh', ['-c', command], { cwd: tokens })
  sh('mkdir ../away && mv $(ls */*.object | grep -v token.object | head -1)' +
    ' ../away/')
  await staysSealed(/is not in the token/)
  sh('mv ../away/* */')
  await opens()
  await okse.okse(['seal'])
})

await test('what fails like a device is tried again, and opens', async () => {
  misbehave('C_CopyObject 1 crash')
  const opened = opens()
  const from = okse.errors.length
  await until(() => okse.errors.slice(from),
    text => /keyholder.*killed by signal 4/.test(text), 'crashed')
  assert.equal((await state()).state, 'opening')
  misbehave('')
  await opened
})

await test('the log has what was found, and why it stayed sealed',
  async () => {
    await okse.published()
    assert.equal(await okse.stop(), 0)
    const r = await okse.okse(['audit', 'show', okse.path('log')])
    assert.equal(r.status, 0, r.stderr)
    const events = r.stdout.trim().split('\n').map(l => JSON.parse(l))
    const found = events.filter(e => e.ev === 'token')
    assert.equal(found.length, 5)
    for (const e of found) {
      assert.equal(e.digest,
        createHash('sha256').update(register).digest('hex'))
      assert.equal(e.counts.keys, keys)
      assert.equal(e.counts.objects, 2 * keys)
      assert.equal(e.counts.refused + e.counts.unknown, 9 * keys)
      const next = events[events.indexOf(e) + 1]
      assert.equal(next.ev, 'key.use')
    }
    assert.equal(events.filter(e => e.ev === 'seal' && e.reason === 'token')
      .length, 10)
  })

await test('a key of okse.yaml that the register has not stops the start',
  async () => {
    const wrong = register.replace(/^(key qr .*)live$/m, '$1destroyed')
      .replace(/^(copy qr token \S+) live /m, '$1 destroyed ')
    writeFileSync(okse.path('ceremony/register.txt'), wrong)
    await okse.start({ args: ['--sealed'], ready: false })
    await okse.ended
    assert.notEqual(okse.status, 0)
    assert.match(okse.errors, /register has no live key \\?"qr/)
  })

done()

// Keys that can be had again: wrapped, proven on a second token, sealed, lost,
// restored, and in the end destroyed with every copy. Node's own AES key wrap
// opens what the token wrapped; openssl looks at what came of it.

import assert from 'node:assert/strict'
import { createDecipheriv, createPrivateKey, createPublicKey }
  from 'node:crypto'
import { readFileSync, writeFileSync, rmSync, readdirSync, existsSync, cpSync,
  renameSync } from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse, run, configs }
  from './lib/instance.mjs'
import { softhsm, module } from './lib/room.mjs'
import { recover, deriveKey, derivePin } from './lib/secret.mjs'
import { searcher, files } from './lib/search.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const at = name => path.join(home, name)
const env = softhsm(at('store'))
const shipped = name => path.join(configs, 'ceremony', `${name}.yaml`)
const rehearse = (script, dir, previous) => okse(['ceremony', 'rehearse',
  ...(previous ? ['--previous', at(previous)] : []), script, at(dir)],
{ env })
const verify = dir => okse(['ceremony', 'verify', at(dir)])
const register = dir => readFileSync(at(dir) + '/ceremony/register.txt',
  'utf8')
const log = dir => readFileSync(at(dir) + '/ceremony/transcript.log', 'utf8')
const wrapped = (dir, medium, label) =>
  at(`${dir}/media/${medium}/${label}.wrapped`)
const keys = ['issuing-ca', 'document', 'log-ecdsa']

/** A shipped script with changes, under a name of its own. */
function changed (name, as, ...changes) {
  let text = readFileSync(shipped(name), 'utf8')
  for (const [from, to] of changes) {
    assert.ok(text.match(from), `${name}: ${from}`)
    text = text.replace(from, to)
  }
  writeFileSync(at(as), text)
  return at(as)
}

const shares = (dir, kind) => [1, 3].map(n =>
  at(`${dir}/officers/${n}.${kind}`))
const listed = async label => {
  const pin = derivePin(recover(shares('born', 'share')), label)
  const r = await run('pkcs11-tool', ['--module', module, '--token-label',
    label, '--login', '--pin', 'env:TEST_PIN', '--list-objects'],
  { env: { ...env, TEST_PIN: pin } })
  assert.equal(r.status, 0, r.stderr)
  return r.stdout
}

await test('the check refuses what would leave a key without a backup', async () => {
  const line = (text, mark) => text.slice(0, text.indexOf(mark))
    .split('\n').length
  const cases = [
    ['backup', [/ {2}- step: seal-keys\n/, ''], 'certify, certificate: iaca',
      /issuing-ca is to be backed up.*proven/],
    ['backup', [/ {2}- step: prove-backups\n/, ''], 'step: seal-keys',
      /expected the backups to be proven before/],
    ['backup', [/ {2}- step: wrap-keys\n/, ''], 'step: prove-backups',
      /expected the keys to be wrapped before/],
    ['backup', [/ {2}- step: prove-backup-quorums\n/, ''], 'step: wrap-keys',
      /expected the backup's secret to be open before/],
    ['backup', [/( {2}- step: wrap-keys\n)([^]*)( {2}- \{ step: certify, certificate: iaca)/,
      '$1$2  - { step: generate-key, key: qr }\n$3'], null,
    /generated before/],
    ['backup', [/backup:\n {2}token.*\n {2}media.*\n/, ''], null,
      /expected token and media/],
    ['backup', [/token: okse-standby/, 'token: okse-rehearsal'], null,
      /another token than/],
    ['restore', [/ {2}- step: declare-lost\n/, ''], 'step: initialise-token',
      /declared lost before/],
    ['restore', [/ {2}- step: restore-keys\n/, ''], 'certificate: qr-signer-2 }',
      /issuer|restored/],
    ['restore', [/lost: .*\n/, ''], 'step: declare-lost', /only in a script/],
    ['restore', [/label: document, type: p256, backup: wrapped/,
      'label: document, type: p256'], null, /lost with its token/],
    ['restore', [/token: okse-restored/, 'token: okse-rehearsal'], null,
      /other tokens/]
  ]
  for (const [i, [name, change, mark, why]] of cases.entries()) {
    const file = changed(name, 'wrong.yaml', change)
    const r = await okse(['ceremony', 'check', file])
    assert.equal(r.status, 1, `case ${i}`)
    assert.match(r.stderr, why, `case ${i}`)
    if (mark) {
      const n = line(readFileSync(file, 'utf8'), mark)
      assert.ok(r.stderr.includes(`wrong.yaml:${n}:`), r.stderr + n)
    }
  }
})

await test('a birth with a backup verifies, and lists every copy', async () => {
  const r = await rehearse(shipped('backup'), 'born')
  assert.equal(r.status, 0, r.stderr)
  const v = await verify('born')
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /backups: of 3 keys, proven on okse-standby/)
  assert.match(v.stdout, /16 copies: 0 before, 16 made; 16 live/)
  for (const key of keys)
    assert.equal(register('born').match(
      new RegExp(`^copy ${key} .*live`, 'gm')).length, 4)
})

await test('the transcript tells the truth about keys that could leave', () => {
  const fields = (type, key) => log('born').split('\n').find(l =>
    l.includes(`|${type}|`) && l.includes(`label=${key}`))
  for (const key of keys) {
    assert.match(fields('KEYGEN', key), /CKA_EXTRACTABLE:1,/)
    assert.match(fields('SEAL', key), /CKA_EXTRACTABLE:0,.*CKA_NEVER_EXTRACTABLE:0/)
    assert.match(fields('RESTORE', key), /CKA_LOCAL:0,CKA_ALWAYS_SENSITIVE:0/)
  }
  assert.match(fields('KEYGEN', 'status'), /CKA_NEVER_EXTRACTABLE:1/)
})

await test('officers and a medium are enough, without this software', () => {
  const kek = deriveKey(recover(shares('born', 'backup-share')),
    'backup-kek')
  for (const key of keys) {
    const d = createDecipheriv('id-aes256-wrap-pad', kek,
      Buffer.from('a65959a6', 'hex'))
    const der = Buffer.concat([d.update(readFileSync(wrapped('born', 2, key))),
      d.final()])
    const own = createPublicKey(createPrivateKey(
      { key: der, format: 'der', type: 'pkcs8' }))
    assert.ok(own.equals(createPublicKey(
      readFileSync(at(`born/ca/keys/${key}.pub.pem`)))), key)
  }
  // and the officers' other secret opens none
  const other = deriveKey(recover(shares('born', 'share')), 'backup-kek')
  const d = createDecipheriv('id-aes256-wrap-pad', other,
    Buffer.from('a65959a6', 'hex'))
  assert.throws(() => {
    d.update(readFileSync(wrapped('born', 1, keys[0])))
    d.final()
  })
})

await test('no wrapping key and no secret is in any file', () => {
  const secret = recover(shares('born', 'backup-share'))
  const found = searcher(new Map([['secret', [secret]],
    ['wrapping key', [deriveKey(secret, 'backup-kek')]]]))
  let looked = 0
  for (const file of [...files(at('born/ceremony')), ...files(at('born/ca')),
    ...files(at('born/media')), ...files(at('store'))]) {
    assert.deepEqual(found(readFileSync(file)), [], file)
    looked++
  }
  assert.ok(looked > 40)
})

await test('neither token lets its copies out, or holds a wrapping key', async () => {
  for (const token of ['okse-rehearsal', 'okse-standby']) {
    const text = await listed(token)
    assert.doesNotMatch(text, /Secret Key/)
    assert.doesNotMatch(text.replace(/never extractable/g, ''),
      /Private Key[^]*?Access:.*[^ ] extractable/)
  }
})

await test('a record of the backup that is changed is found', async () => {
  const flip = (text, from, to) => {
    assert.ok(text.match(from))
    return text.replace(from, to)
  }
  cpSync(at('born'), at('bent'), { recursive: true })
  const file = at('bent/ceremony/register.txt')
  writeFileSync(file, flip(register('born'), / medium 2 live/,
    ' medium 3 live'))
  assert.notEqual((await verify('bent')).status, 0)
  assert.notEqual((await rehearse(shipped('unseal-drill'), 'after-bent',
    'bent')).status, 0)
})

// ---- years pass

await test('the yearly drill proves backup shares, too', async () => {
  const r = await rehearse(shipped('unseal-drill'), 'drill', 'born')
  assert.equal(r.status, 0, r.stderr)
  assert.equal(log('drill').match(/backup-commitment=/g).length, 3)
  assert.equal((await verify('drill')).status, 0)
})

await test('officers do not change without the backup shares', async () => {
  const alone = await rehearse(shipped('officer-change'), 'changed-not',
    'born')
  assert.equal(alone.status, 1)
  assert.match(alone.stderr, /who comes needs backup shares/)
  cpSync(at('store'), at('store-changed'), { recursive: true })
  const other = softhsm(at('store-changed'))
  const both = changed('officer-change', 'change-both.yaml',
    [/ {2}- step: change-pins\n/, '  - step: change-pins\n' +
      '  - step: open-backup-secret\n  - step: split-backup-secret\n' +
      '  - step: prove-backup-quorums\n'])
  const r = await okse(['ceremony', 'rehearse', '--previous', at('born'),
    both, at('changed')], { env: other })
  assert.equal(r.status, 0, r.stderr)
  const v = await verify('changed')
  assert.equal(v.status, 0, v.stderr)
  // other shares of the same secret
  assert.deepEqual(recover(shares('changed', 'backup-share')),
    recover(shares('born', 'backup-share')))
  assert.notEqual(readFileSync(shares('changed', 'backup-share')[0], 'utf8'),
    readFileSync(shares('born', 'backup-share')[0], 'utf8'))
})

// ---- the token is lost

await test('its token gone, nothing else opens the keys', async () => {
  const tokens = at('store/tokens')
  for (const dir of readdirSync(tokens)) {
    const object = readFileSync(path.join(tokens, dir, 'token.object'))
    if (object.includes(Buffer.from('okse-rehearsal')))
      renameSync(path.join(tokens, dir), at('lost-token'))
  }
  assert.ok(existsSync(at('lost-token')))
  const r = await rehearse(shipped('document-signer'), 'no-token', 'born')
  assert.equal(r.status, 1)
})

await test('spoilt and foreign media are refused, and named', async () => {
  const spoil = async (name, act, why) => {
    cpSync(at('born'), at(`spoilt-${name}`), { recursive: true })
    for (const n of [1, 2]) act(`spoilt-${name}`, n)
    const r = await rehearse(shipped('restore'), `not-${name}`,
      `spoilt-${name}`)
    assert.equal(r.status, 1, name)
    assert.match(r.stderr, why, name)
    for (const dir of readdirSync(at('store/tokens')))
      if (readFileSync(at(`store/tokens/${dir}/token.object`))
        .includes(Buffer.from('okse-restored')))
        rmSync(at(`store/tokens/${dir}`), { recursive: true })
  }
  const edit = change => (dir, n) => {
    const file = wrapped(dir, n, 'document')
    writeFileSync(file, change(readFileSync(file)))
  }
  await spoil('flipped', edit(b => { b[40] ^= 1; return b }),
    /medium 2: what it has of document is not what was wrapped/)
  await spoil('cut', edit(b => b.subarray(0, b.length - 8)),
    /not what was wrapped/)
  await spoil('swapped', (dir, n) => cpSync(wrapped(dir, n, 'issuing-ca'),
    wrapped(dir, n, 'document')), /not what was wrapped/)
  await spoil('absent', (dir, n) => rmSync(wrapped(dir, n, 'document')),
    /document\.wrapped/)
})

await test('one good medium is enough to restore', async () => {
  writeFileSync(wrapped('born', 1, 'document'), 'worn out')
  const r = await rehearse(shipped('restore'), 'again', 'born')
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /not taken: medium 1/)
  cpSync(wrapped('born', 2, 'document'), wrapped('born', 1, 'document'))
  cpSync(wrapped('born', 2, 'document'), wrapped('again', 1, 'document'))
  const v = await verify('again')
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /restored: 3 keys, each signed a challenge/)
  assert.match(register('again'), /^key qr p256 .* lost$/m)
  assert.match(register('again'), /^token okse-restored /m)
})

await test('the restored authority certifies, and openssl agrees', async () => {
  for (const name of ['document-signer', 'qr-signer-2', 'status-signer-2']) {
    const v = await run('openssl', ['verify', '-x509_strict', '-CAfile',
      at('born/ca/iaca.pem'), at(`again/ca/${name}.pem`)])
    assert.equal(v.status, 0, v.stdout + v.stderr)
  }
  assert.equal(readFileSync(at('again/ca/keys/document.pub.pem'), 'utf8'),
    readFileSync(at('born/ca/keys/document.pub.pem'), 'utf8'))
})

// ---- the end of a key

const head = '^(token: ).*$'
await test('a key with a lost copy cannot be called destroyed', async () => {
  const file = changed('destroy', 'destroy-restored.yaml',
    [new RegExp(head, 'm'), '$1okse-restored'],
    [/type: p256, inherited/, 'type: p256, backup: wrapped, inherited'])
  const r = await rehearse(file, 'not-destroyed', 'again')
  assert.equal(r.status, 1)
  assert.match(r.stderr, /lost, and not accounted for: document on token okse-rehearsal/)
  assert.match(await listed('okse-restored'), /label: +document\n/)
})

await test('a copy that is missing stops a destruction before it begins', async () => {
  renameSync(at('lost-token'), at('store/tokens/found-again'))
  const file = changed('destroy', 'destroy-born.yaml',
    [/type: p256, inherited/, 'type: p256, backup: wrapped, inherited'])
  const away = wrapped('born', 2, 'document')
  renameSync(away, away + '.away')
  const r = await rehearse(file, 'missing', 'born')
  assert.equal(r.status, 1)
  assert.match(r.stderr, /document\.wrapped/)
  assert.match(await listed('okse-rehearsal'), /label: +document\n/)
  renameSync(away + '.away', away)
})

await test('destroying takes every copy, and says where it was', async () => {
  const r = await rehearse(at('destroy-born.yaml'), 'gone', 'born')
  assert.equal(r.status, 0, r.stderr)
  const v = await verify('gone')
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /16 copies: 16 before, 0 made; 12 live, 4 destroyed/)
  for (const token of ['okse-rehearsal', 'okse-standby']) {
    assert.doesNotMatch(await listed(token), /label: +document\n/)
    assert.match(await listed(token), /label: +issuing-ca\n/)
  }
  for (const n of [1, 2]) {
    assert.ok(!existsSync(wrapped('gone', n, 'document')))
    assert.ok(existsSync(wrapped('gone', n, 'issuing-ca')))
  }
  assert.equal(log('gone').match(/\|DESTROY\|.*copy=document/g).length, 4)
})

await test('with the last wrapped key the backup shares go, too', async () => {
  const file = changed('destroy', 'destroy-rest.yaml',
    [/ {2}- \{ label: document.*\n/,
      '  - { label: issuing-ca, type: p256, backup: wrapped, inherited: true }\n' +
      '  - { label: log-ecdsa, type: p256, backup: wrapped, inherited: true }\n'],
    [/ {2}- \{ step: destroy-key.*\n/,
      '  - { step: destroy-key, key: issuing-ca }\n' +
      '  - { step: destroy-key, key: log-ecdsa }\n'])
  const r = await rehearse(file, 'end', 'gone')
  assert.equal(r.status, 0, r.stderr)
  const v = await verify('end')
  assert.equal(v.status, 0, v.stderr)
  assert.match(log('end'), /backup-shares=3/)
  assert.match(await listed('okse-standby'), /^(?![^]*Private Key)/)
})

done()

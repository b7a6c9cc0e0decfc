// The life of keys after their birth, ceremony by ceremony: a second signer,
// a revocation list, the yearly drill, a destruction. Each continues the one
// before, stands for itself, and is judged by openssl and the verifier.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync, cpSync } from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse, run, configs }
  from './lib/instance.mjs'
import { softhsm, people, productionScript, paper, sit, module }
  from './lib/room.mjs'
import { recover, deriveKey, derivePin } from './lib/secret.mjs'
import { createDecipheriv, createHash } from 'node:crypto'

const home = temporary()
process.on('exit', () => remove(home))
const at = name => path.join(home, name)
const script = name => path.join(configs, 'ceremony', `${name}.yaml`)
const env = softhsm(at('store'))

const rehearse = (name, dir, previous, store = env) => okse(['ceremony',
  'rehearse', ...(previous ? ['--previous', at(previous)] : []),
  script(name), at(dir)], { env: store })
const verified = async dir => {
  const v = await okse(['ceremony', 'verify', at(dir)])
  assert.equal(v.status, 0, v.stderr)
  return v.stdout
}
const register = dir => readFileSync(at(dir) + '/ceremony/register.txt',
  'utf8')
const openssl = (...args) => run('openssl', args)
const objects = async () => {
  const secret = recover([at('root/officers/1.share'),
    at('root/officers/2.share')])
  const r = await run('pkcs11-tool', ['--module', module, '--token-label',
    'okse-rehearsal', '--login', '--pin', 'env:TEST_PIN', '--list-objects'],
  { env: { ...env, TEST_PIN: derivePin(secret, 'okse-rehearsal') } })
  assert.equal(r.status, 0, r.stderr)
  return r.stdout
}

await test('every shipped script passes its check', async () => {
  for (const name of ['rehearsal', 'document-signer', 'revocation',
    'unseal-drill', 'destroy', 'policy-approval', 'officer-change',
    'authority-rollover', 'further-node',
    'node-certificates', 'backup', 'restore']) {
    const r = await okse(['ceremony', 'check', script(name)])
    assert.equal(r.status, 0, name + r.stderr)
  }
})

await test('a script that continues needs what it continues', async () => {
  const r = await rehearse('document-signer', 'nothing')
  assert.equal(r.status, 1)
  assert.match(r.stderr, /continues a ceremony/)
})

await test('the birth leaves a register', async () => {
  assert.equal((await rehearse('rehearsal', 'root')).status, 0)
  assert.match(await verified('root'), /register: .* adds up/)
  assert.equal(register('root').match(/^key .* live$/gm).length, 7)
})

await test('a second signer is made beside the first', async () => {
  const r = await rehearse('document-signer', 'second', 'root')
  assert.equal(r.status, 0, r.stderr)
  await verified('second')
  assert.match(register('second'), /^key document-2 p256 .* live$/m)
  assert.match(register('second'), /^certificate document-signer-2 /m)
  const v = await openssl('verify', '-x509_strict', '-CAfile',
    at('root/ca/iaca.pem'), at('second/ca/document-signer-2.pem'))
  assert.equal(v.status, 0, v.stderr)
})

await test('the log gets its next keys beside those that it has', async () => {
  const r = await rehearse('log-key', 'log-key', 'second')
  assert.equal(r.status, 0, r.stderr)
  await verified('log-key')
  for (const label of ['log', 'log-ecdsa', 'log-2', 'log-ecdsa-2'])
    assert.match(register('log-key'), new RegExp(`^key ${label} .* live$`,
      'm'))
  const vkey = (dir, name) => readFileSync(at(`${dir}/log/${name}`),
    'utf8')
  for (const name of ['log.vkey', 'log-ecdsa.vkey']) {
    const [before, next] = [vkey('root', name), vkey('log-key', name)]
    assert.notEqual(before, next)
    assert.equal(before.split('+')[0], next.split('+')[0])
  }
})

await test('openssl refuses what the list revokes, and only that', async () => {
  const r = await rehearse('revocation', 'revoked', 'log-key')
  assert.equal(r.status, 0, r.stderr)
  await verified('revoked')
  const crl = at('revoked/ca/iaca-2.crl')
  const text = await openssl('crl', '-in', crl, '-noout', '-text', '-CAfile',
    at('root/ca/iaca.pem'))
  assert.match(text.stdout, /CRL Number:\s+2/)
  assert.match(text.stdout, /Superseded/)
  const check = name => openssl('verify', '-crl_check', '-CRLfile', crl,
    '-CAfile', at('root/ca/iaca.pem'), at(`revoked/ca/${name}.pem`))
  assert.notEqual((await check('document-signer')).status, 0)
  assert.equal((await check('document-signer-2')).status, 0)
})

await test('who trusts the old authority follows a link to the new', async () => {
  const env = softhsm(at('roll-over'))
  assert.equal((await rehearse('rehearsal', 'birth', null, env)).status, 0)
  const r = await rehearse('authority-rollover', 'rolled', 'birth', env)
  assert.equal(r.status, 0, r.stderr)
  await verified('rolled')
  const leaf = at('rolled/ca/document-signer-3.pem')
  const check = (...args) => openssl('verify', '-x509_strict', ...args, leaf)
  const old = ['-CAfile', at('birth/ca/iaca.pem')]
  const link = ['-untrusted', at('rolled/ca/iaca-link.pem')]
  assert.notEqual((await check(...old)).status, 0)
  const followed = await check(...old, ...link)
  assert.equal(followed.status, 0, followed.stdout + followed.stderr)
  assert.equal((await check('-CAfile', at('rolled/ca/iaca-2.pem'))).status, 0)
})

await test('a drill proves shares and opens nothing', async () => {
  const r = await rehearse('unseal-drill', 'drill', 'revoked')
  assert.equal(r.status, 0, r.stderr)
  assert.match(r.stdout, /3 of 3 officers hold their share/)
  await verified('drill')
  const log = readFileSync(at('drill/ceremony/transcript.log'), 'utf8')
  assert.equal(log.match(/\|POSSESSION\|/g).length, 3)
  assert.doesNotMatch(log, /\|TOKEN\|/)
})

await test('a destroyed key is gone from token and register', async () => {
  assert.match(await objects(), /label: +document\n/)
  const r = await rehearse('destroy', 'gone', 'drill')
  assert.equal(r.status, 0, r.stderr)
  await verified('gone')
  assert.doesNotMatch(await objects(), /label: +document\n/)
  assert.match(await objects(), /label: +document-2\n/)
  assert.match(register('gone'), /^key document p256 .* destroyed$/m)
})

await test('officers change, and only the new ones open the token', async () => {
  const env = softhsm(at('other-store'))
  assert.equal((await rehearse('rehearsal', 'old', null, env)).status, 0)
  const r = await rehearse('officer-change', 'changed', 'old', env)
  assert.equal(r.status, 0, r.stderr)
  await verified('changed')
  const old = recover([at('old/officers/1.share'), at('old/officers/2.share')])
  const now = recover([at('changed/officers/1.share'),
    at('changed/officers/2.share')])
  const login = secret => run('pkcs11-tool', ['--module', module,
    '--token-label', 'okse-rehearsal', '--login', '--pin', 'env:TEST_PIN',
    '--list-objects', '--type', 'privkey'],
  { env: { ...env, TEST_PIN: derivePin(secret, 'okse-rehearsal') } })
  assert.equal((await login(now)).status, 0)
  assert.notEqual((await login(old)).status, 0)
  // what was derived from the first secret stays: its root is carried along
  const quorum = readFileSync(at('changed/ceremony/quorum.txt'), 'utf8')
  const carried = Buffer.from(/^carried (.*)$/m.exec(quorum)[1], 'hex')
  const d = createDecipheriv('aes-256-gcm', deriveKey(now, 'carry'),
    Buffer.alloc(12))
  d.setAAD(Buffer.from(/^set (.*)$/m.exec(quorum)[1], 'hex'))
  d.setAuthTag(carried.subarray(32))
  assert.deepEqual(Buffer.concat([d.update(carried.subarray(0, 32)),
    d.final()]), old)
})

await test('the next ceremony is the new officers\' affair', async () => {
  const r = await rehearse('unseal-drill', 'late', 'changed')
  assert.equal(r.status, 1)
  assert.match(r.stderr, /seat 2 was another officer's/)
})

await test('what is destroyed cannot be destroyed again', async () => {
  const r = await rehearse('destroy', 'again', 'gone')
  assert.equal(r.status, 1)
  assert.match(r.stderr, /no live key document/)
})

await test('officers approve a policy before witnesses', async () => {
  const bundle = at('bundle')
  cpSync(path.join(configs, 'policy'), bundle, { recursive: true })
  const alone = await okse(['policy', 'sign', '--seat', '1', '--key',
    at('root/officers/1.key'), '--roster', at('root/ceremony/roster.txt'),
    bundle])
  assert.equal(alone.status, 0, alone.stderr)
  const manifest = readFileSync(path.join(bundle, 'manifest'))
  const approval = hash => {
    const file = at('approval.yaml')
    writeFileSync(file, readFileSync(script('policy-approval'), 'utf8')
      .replace(/manifest: .*/, `manifest: "${hash}"`)
      .replace(/bundle: .*/, `bundle: "${bundle}"`))
    return okse(['ceremony', 'rehearse', '--previous', at('root'), file,
      at(`approval-${hash.slice(0, 4)}`)], { env })
  }
  const wrong = await approval('f'.repeat(64))
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /not the one that the script names/)
  const hash = createHash('sha256').update(manifest).digest('hex')
  const r = await approval(hash)
  assert.equal(r.status, 0, r.stderr)
  const dir = `approval-${hash.slice(0, 4)}`
  await verified(dir)
  cpSync(at(`${dir}/ceremony/policy-2.signatures`),
    path.join(bundle, 'signatures'))
  const v = await okse(['policy', 'verify-bundle', '--roster',
    at(`${dir}/ceremony/roster.txt`), bundle])
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /signed by +3 of the 2 needed/)
})

await test('a register that was changed is not continued', async () => {
  cpSync(at('gone'), at('forged'), { recursive: true })
  const file = at('forged/ceremony/register.txt')
  writeFileSync(file, readFileSync(file, 'utf8')
    .replace('destroyed', 'live'))
  const r = await rehearse('unseal-drill', 'after', 'forged')
  assert.equal(r.status, 1)
})

await test('a token with an object too many is not closed', async () => {
  const secret = recover([at('root/officers/1.share'),
    at('root/officers/2.share')])
  const r = await run('pkcs11-tool', ['--module', module, '--token-label',
    'okse-rehearsal', '--login', '--pin', 'env:TEST_PIN', '--keypairgen',
    '--key-type', 'EC:prime256v1', '--label', 'stranger', '--id', '99'],
  { env: { ...env, TEST_PIN: derivePin(secret, 'okse-rehearsal') } })
  assert.equal(r.status, 0, r.stderr)
  const file = at('third.yaml')	// after all that this token has seen
  writeFileSync(file, readFileSync(script('document-signer'), 'utf8')
    .replaceAll('document-2', 'document-3')
    .replaceAll('document-signer-2', 'document-signer-3'))
  const third = await okse(['ceremony', 'rehearse', '--previous', at('gone'),
    file, at('third')], { env })
  assert.equal(third.status, 1)
  assert.match(third.stderr, /not in the register: .* 'stranger'/)
})

await test('in production a quorum suffices, and is on the record', async () => {
  const cards = softhsm(at('cards'))
  const who = people(home, cards)
  const day = { from: '2026-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' }
  const root = at('root.yaml')
  writeFileSync(root, productionScript(who, day))
  const drill = at('drill.yaml')
  writeFileSync(drill, productionScript(who, day,
    readFileSync(script('unseal-drill'), 'utf8')))
  for (const [file, dir, previous] of [[root, 'r1'], [drill, 'r2', 'r1']]) {
    const r = await okse(['ceremony', 'rehearse', ...(previous
      ? ['--previous', at(previous)]
      : []), file, at(dir)], { env: softhsm(at('practice')) })
    assert.equal(r.status, 0, r.stderr)
  }
  const room = dir => ({ papers: {}, who, dir: at(dir) })
  const birth = room('p1')
  birth.papers = paper(readFileSync(root, 'utf8'), who)
  const a = await sit(['run', '--rehearsal', at('r1'), root, at('p1')],
    cards, birth)
  assert.equal(a.status, 0, a.stderr)
  const year = room('p1')		// shares of then
  year.papers = {
    ...paper(readFileSync(drill, 'utf8'), who),
    register: createHash('sha256').update(register('p1')).digest('hex')
  }
  const b = await sit(['run', '--rehearsal', at('r2'), '--previous', at('p1'),
    drill, at('p2')], cards, year, q => /^roll-call: seat-3/.test(q)
    ? 'absent'
    : undefined)
  assert.equal(b.status, 0, b.stderr)
  assert.match(b.stdout, /2 of 3 officers hold their share/)
  await verified('p2')
})

done()

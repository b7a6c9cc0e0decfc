// The backup as people hold it: cards, shares opened on machines of their own,
// media that somebody mounts and names, a process that dies in the middle.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync }
  from 'node:fs'
import path from 'node:path'
import { test, done, remove, temporary, okse, configs } from './lib/instance.mjs'
import { softhsm, people, productionScript, paper, sit, transcript }
  from './lib/room.mjs'

const home = temporary()
process.on('exit', () => remove(home))
const at = name => path.join(home, name)
const day = { from: '2026-01-01T00:00:00Z', to: '2099-01-01T00:00:00Z' }
const cards = softhsm(at('cards'))
const who = people(home, cards)
const scripts = {}
for (const name of ['backup', 'restore']) {
  scripts[name] = productionScript(who, day, readFileSync(
    path.join(configs, 'ceremony', `${name}.yaml`), 'utf8'))
  writeFileSync(at(`${name}.yaml`), scripts[name])
}
const media = [1, 2].map(n => {
  mkdirSync(at(`stick-${n}`))
  return at(`stick-${n}`)
})
const room = { papers: paper(scripts.backup, who), who, dir: at('born'), media }
const sum = file => createHash('sha256').update(readFileSync(file))
  .digest('hex')

await test('both scripts are rehearsed', async () => {
  const env = softhsm(at('practice'))
  for (const [name, previous] of [['backup'], ['restore', 'backup']]) {
    const r = await okse(['ceremony', 'rehearse', ...(previous
      ? ['--previous', at(`practised-${previous}`)]
      : []), at(`${name}.yaml`), at(`practised-${name}`)], { env })
    assert.equal(r.status, 0, r.stderr)
  }
})

await test('a process that dies before the keys are sealed goes on', async () => {
  const a = await sit(['run', '--rehearsal', at('practised-backup'),
    at('backup.yaml'), at('born')], cards, room, text => {
    // somebody mistypes where the first stick is
    if (/^medium 1/.test(text) && !room.mistyped) {
      room.mistyped = true
      return '/no/such/place'
    }
    // agreement to step 16, seal-keys
    return /agree/.test(text) && /\|16\.seal-keys\|/.test(transcript(
      at('born')))
      ? null
      : undefined
  })
  assert.equal(a.signal, 'SIGKILL')
  assert.match(a.stdout, /no directory is there/)
  for (const dir of media)
    assert.deepEqual(readdirSync(dir), ['document.wrapped',
      'issuing-ca.wrapped', 'log-ecdsa.wrapped'])
  const b = await sit(['resume', at('born')], cards, room)
  assert.equal(b.status, 0, b.stdout + b.stderr)
  const v = await okse(['ceremony', 'verify', at('born')])
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /backups: of 3 keys/)
})

await test('media are as the register says', () => {
  const register = readFileSync(at('born/ceremony/register.txt'), 'utf8')
  const lines = [...register.matchAll(
    /^copy (\S+) medium (\d) live ([0-9a-f]{64})$/gm)]
  assert.equal(lines.length, 6)
  for (const [, key, n, hash] of lines)
    assert.equal(sum(path.join(media[n - 1], `${key}.wrapped`)), hash)
})

await test('a quorum restores onto another token, from one stick', async () => {
  for (const dir of readdirSync(at('cards/tokens')))
    if (readFileSync(at(`cards/tokens/${dir}/token.object`))
      .includes(Buffer.from('okse-rehearsal')))
      rmSync(at(`cards/tokens/${dir}`), { recursive: true })
  rmSync(media[0], { recursive: true })
  mkdirSync(media[0])
  const later = {
    ...room,
    papers: {
      ...paper(scripts.restore, who),
      register: sum(at('born/ceremony/register.txt'))
    }
  }
  const r = await sit(['run', '--rehearsal', at('practised-restore'),
    '--previous', at('born'), at('restore.yaml'), at('restored')], cards,
  later, q => /^roll-call: seat-2/.test(q) ? 'absent' : undefined)
  assert.equal(r.status, 0, r.stdout + r.stderr)
  assert.match(r.stdout, /not taken: .*stick-1/)
  const v = await okse(['ceremony', 'verify', at('restored')])
  assert.equal(v.status, 0, v.stderr)
  assert.match(v.stdout, /restored: 3 keys/)
  const minutes = await okse(['ceremony', 'report', at('restored')])
  assert.equal(minutes.status, 0, minutes.stderr)
  assert.match(minutes.stdout, /LOST: token okse-rehearsal; 7/)
})

done()

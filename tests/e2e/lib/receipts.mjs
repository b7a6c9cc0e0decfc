// A client that keeps every receipt, and is the judge afterwards: each
// acknowledged answer is in the log with the same leaf, a retry gives the same
// content, nobody has two devices, and every checkpoint that was ever seen is
// the beginning of the last.

import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import {
  Wallet, credentialBody, person, qrTokenBody, sleep
} from './instance.mjs'

// what does not change when the same is signed again
const content = r => r.json.credentials?.[0].credential.split('.')
  .slice(0, 2).join('.') ?? r.json.expires_at

const encoding = text => /^[0-9a-f]{64}$/.test(text) ? 'hex' : 'base64'
const sha256 = (...parts) =>
  parts.reduce((h, p) => h.update(p), createHash('sha256')).digest()

export class Client {
  constructor (okse) {
    this.okse = okse
    this.receipts = []		// { url, body, key, index, leaf, content }
    this.checkpoints = new Map()	// size → text
    this.holders = []
  }

  async ask (url, body, seen) {
    const key = randomUUID()
    const r = await this.okse.post(url, body, { 'idempotency-key': key })
    if (r.status === 201 && r.json.log)
      this.receipts.push({
        url, body, key, index: r.json.log.index, leaf: r.json.log.leaf,
        content: content(r)
      })
    else if (![201, 409, 503].includes(r.status))
      seen.other.push(r.text)
    return r
  }

  async look () {
    const r = await this.okse.get('/v1/log/checkpoint')
    if (r.status === 200)
      this.checkpoints.set(+r.text.split('\n')[1], r.text)
  }

  async visit (seen) {
    const who = person()
    const visit = await this.ask('/v1/qr-tokens', qrTokenBody(who), seen)
    if (visit.status !== 201)
      return sleep(20)
    const wallet = await Wallet.create()
    const device = await wallet.device(this.okse)
    const r = await this.ask('/v1/credentials',
      credentialBody(who, visit.json.qr_token, device), seen)
    if (r.status === 201) {
      seen.issued++
      this.holders.push(who)
    }
    await this.look()
  }

  /** Visits until stop(), which resolves when none is under way. */
  load () {
    const seen = { issued: 0, other: [] }
    let running = true
    const worker = async () => {
      while (running)
        try {
          await this.visit(seen)
        } catch (e) {
          if (!/^challenge: 503|ECONN|EPIPE|ENOENT|hang up/.test(e.message))
            seen.other.push(String(e.stack))
          await sleep(20)
        }
    }
    const workers = Array.from({ length: 4 }, worker)
    return {
      seen, stop: async () => { running = false; await Promise.all(workers) }
    }
  }

  // ---- the judge

  /** One in every: asked again, it is the same decision and content. */
  async retriesAreTheSame (every = 1) {
    for (const a of this.receipts.filter((_, i) => i % every === 0)) {
      const r = await this.okse.again(a.url, a.body,
        { 'idempotency-key': a.key })
      assert.equal(r.status, 201, r.text)
      assert.equal(r.json.log.index, a.index)
      assert.equal(content(r), a.content)
    }
  }

  async nobodyGetsASecondDevice (every = 1) {
    for (const who of this.holders.filter((_, i) => i % every === 0)) {
      const r = await this.okse.post('/v1/qr-tokens', qrTokenBody(who))
      assert.equal(r.status, 403, r.text)
    }
  }

  /** The daemon may be stopped. */
  async everythingIsInTheLog () {
    const { okse } = this
    if (okse.child)
      await okse.published()
    const v = await okse.okse(['audit', 'verify', '--key',
      okse.path('log', 'log.vkey'), okse.path('log')])
    assert.equal(v.status, 0, v.stdout + v.stderr)
    const s = await okse.okse(['audit', 'show', okse.path('log')],
      { maxBuffer: 1 << 30 })
    const leaves = s.stdout.trim().split('\n').map(l => sha256('\0', l))
    for (const a of this.receipts)
      assert.equal(leaves[a.index].toString(encoding(a.leaf)), a.leaf)
    this.checkRoots(leaves)
  }

  /** Every checkpoint seen is the root of as many of the last log's leaves. */
  checkRoots (leaves) {
    const known = new Map()	// of full subtrees
    const node = (from, to) => {
      let k = 1
      while (2 * k < to - from) k *= 2
      return sha256('\x01', root(from, from + k), root(from + k, to))
    }
    const root = (from, to) => {
      if (to - from === 1) return leaves[from]
      if ((to - from) & (to - from - 1)) return node(from, to)
      const key = `${from}-${to}`
      if (!known.has(key)) known.set(key, node(from, to))
      return known.get(key)
    }
    assert.ok(this.checkpoints.size > 3)
    for (const [size, text] of this.checkpoints)
      assert.equal(root(0, size).toString('base64'), text.split('\n')[2])
  }
}

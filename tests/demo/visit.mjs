// The request a community centre sends when the holder stands at its desk.
// usage: visit.mjs PERSON.json [REASON]

import { readFileSync } from 'node:fs'
import { qrTokenBody } from '../e2e/lib/instance.mjs'

const [file, reason] = process.argv.slice(2)
console.log(JSON.stringify(qrTokenBody(JSON.parse(readFileSync(file)),
  reason ? { purpose: 'reissue', reason } : {})))

// A phone: makes its key, proves that it holds it, redeems a QR token.
// Prints the credential, or what was refused (exit status 3).
// usage: phone.mjs DIR PERSON.json QR-TOKEN [REASON]

import { readFileSync } from 'node:fs'
import {
  Instance, Wallet, credentialBody
} from '../e2e/lib/instance.mjs'

const [dir, file, token, reason] = process.argv.slice(2)
process.env.OKSE_KEEP = 'the instance is not ours'
const okse = new Instance(dir)
const phone = await Wallet.create()
const answer = await okse.post('/v1/credentials', credentialBody(
  JSON.parse(readFileSync(file)), readFileSync(token, 'utf8').trim(),
  await phone.device(okse),
  reason ? { purpose: 'reissue', reason } : {}))

if (answer.status === 201) {
  console.log(answer.json.credentials[0].credential)
} else {
  for (const r of answer.json.decision?.rules ?? [])
    if (r.outcome === 'fail')
      console.error(`  ✗ ${r.id} ${r.message} (${r.basis})`)
  if (!answer.json.decision)
    console.error(answer.text)
  process.exitCode = answer.status === 403 ? 3 : 1
}

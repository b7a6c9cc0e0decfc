// What a verifier sees: the credential checked by @sd-jwt/sd-jwt-vc and its
// certificate chain up to the ceremony's CA.  usage: read.mjs CREDENTIAL CA

import { readFileSync } from 'node:fs'
import { verifySdJwt } from '../strangers/sdjwt.mjs'

const [credential, ca] = process.argv.slice(2)
const v = await verifySdJwt(readFileSync(credential, 'utf8').trim(),
  readFileSync(ca, 'utf8'))
console.log(`${v.claims.family_name} ${v.claims.given_name}, ` +
  `age_over_17 ${v.claims.age_over_17}, age_over_18 ${v.claims.age_over_18}`)
console.log(`usable until ${new Date(v.payload.exp * 1000).toISOString()}`)

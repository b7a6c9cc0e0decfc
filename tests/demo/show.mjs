// A wallet gets every programme's credential from the running instance and
// shows a part of it, as ISO mdoc and as SD-JWT VC; verifiers accept it, with
// what was shown and without the rest. One line a presentation.
// usage: show.mjs DIR

import assert from 'node:assert/strict'
import { exportJWK } from 'jose'
import { Instance } from '../e2e/lib/instance.mjs'
import { claims } from '../strangers/claims.mjs'
import { presentMdoc, readMdoc, verifyPresentedMdoc }
  from '../strangers/mdoc.mjs'
import { presentSdJwt, verifyPresentedSdJwt, verifySdJwt }
  from '../strangers/sdjwt.mjs'
import { obtain } from '../strangers/wallet.mjs'

process.env.OKSE_KEEP = 'the instance is not ours'
const okse = new Instance(process.argv[2])
const ca = okse.read('ca', 'iaca.pem')

/** Nothing of these values may be in what was handed over. */
function hides (bytes, values) {
  const text = Buffer.from(bytes)
  for (const v of values)
    assert.ok(!text.includes(v), `${v} was to be hidden`)
}

async function showMdoc (programme, { credentials, privateKey }) {
  const held = readMdoc(credentials.mso_mdoc)
  const { docType } = Object.fromEntries(held.mso)
  const [namespace] = Object.keys(held.items)
  const response = await presentMdoc(credentials.mso_mdoc, docType,
    await exportJWK(privateKey), [[namespace, 'birth_date']])
  const shown = await verifyPresentedMdoc(response, ca)
  assert.deepEqual(Object.keys(shown), [namespace])
  assert.deepEqual(Object.keys(shown[namespace]), ['birth_date'])
  hides(response, [claims[programme].given_name])
  return `${docType}: birth_date of ${held.items[namespace].length} elements`
}

async function showSdJwt ({ credentials, privateKey }) {
  const text = credentials['dc+sd-jwt']
  const at = { nonce: 'nonce-of-the-verifier', aud: 'https://shop.example' }
  const all = (await verifySdJwt(text, ca)).claims
  const ages = Object.keys(all).filter(n => /^age_over_/.test(n))
  const wanted = ages.length > 0 ? ages.slice(-1) : ['document_number']
  const shown = await verifyPresentedSdJwt(await presentSdJwt(text,
    privateKey, Object.fromEntries(wanted.map(n => [n, true])), at), ca, at)
  for (const name of ['family_name', 'given_name', 'birth_date'])
    assert.ok(name in all && !(name in shown), `${name} was to be hidden`)
  for (const name of ages)
    assert.equal(name in shown, wanted.includes(name), name)
  for (const name of wanted)
    assert.equal(shown[name], all[name])
  return `${all.vct}: ${wanted.map(n => `${n} ${shown[n]}`).join(', ')}`
}

for (const programme of Object.keys(claims)) {
  const wallet = await obtain(okse, programme, ['mso_mdoc', 'dc+sd-jwt'])
  console.log(await showMdoc(programme, wallet))
  console.log(await showSdJwt(wallet))
}

// A wallet's proof of possession, made with jose.

import { SignJWT, exportJWK, generateKeyPair } from 'jose'

/**
 * An openid4vci-proof+jwt with a fresh key, or with the one given:
 * { proof, jwk, privateKey }.
 */
export async function makeProof (audience, nonce, keys) {
  const { publicKey, privateKey } = keys ?? await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  const proof = await new SignJWT({ nonce })
    .setProtectedHeader({ alg: 'ES256', typ: 'openid4vci-proof+jwt', jwk })
    .setAudience(audience)
    .setIssuedAt()
    .sign(privateKey)

  return { proof, jwk, privateKey }
}

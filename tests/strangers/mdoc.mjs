// Judges an mdoc with software not written here: cbor2 reads it as
// deterministic CBOR, @owf/mdoc verifies what the issuer signed, @auth0/mdl
// plays the wallet that shows a part of it, and both verify what is shown.

import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createHash, createPublicKey, verify, webcrypto } from 'node:crypto'
import mdl from '@auth0/mdl'
import {
  DeviceResponse, IssuerSigned, SessionTranscript, Verifier, coseKeyToJwk
} from '@owf/mdoc'
import { X509Certificate } from '@peculiar/x509'
import { decode, encode, cdeDecodeOptions } from 'cbor2'
import { signerOf } from './chain.mjs'

const cbor = bytes =>
  decode(bytes, { ...cdeDecodeOptions, preferMap: true })

/** What @owf/mdoc asks of its host. */
const context = (caPem, now) => ({
  crypto: {
    random: n => webcrypto.getRandomValues(new Uint8Array(n)),
    digest: ({ digestAlgorithm, bytes }) => createHash(
      digestAlgorithm.replace('-', '').toLowerCase()).update(bytes).digest()
  },
  cose: {
    sign1: {
      verify: ({ key, sign1 }) => verify('sha256', sign1.toBeSigned, {
        key: createPublicKey({ key: key.jwk ?? coseKeyToJwk(key), format: 'jwk' }),
        dsaEncoding: 'ieee-p1363'
      }, sign1.signature)
    }
  },
  x509: {
    getIssuerNameField: ({ certificate, field }) =>
      new X509Certificate(certificate).issuerName.getField(field),
    getPublicKey: async ({ certificate }) => ({
      jwk: createPublicKey(new X509Certificate(certificate).toString('pem'))
        .export({ format: 'jwk' })
    }),
    verifyCertificateChain: async ({ x5chain }) => {
      assert.equal(x5chain.length, 1, 'x5chain holds the signer alone')
      await signerOf(x5chain[0], caPem, now)
    },
    getCertificateData: ({ certificate }) => {
      const c = new X509Certificate(certificate)
      return {
        issuerName: c.issuer,
        subjectName: c.subject,
        notBefore: c.notBefore,
        notAfter: c.notAfter
      }
    }
  }
})

const failOn = check =>
  assert.notEqual(check.status, 'FAILED', `${check.check}: ${check.reason}`)

/** The structure itself, by nothing but a CBOR reader: { mso, items }. */
export function readMdoc (text) {
  const issuerSigned = cbor(Buffer.from(text, 'base64url'))
  const [protectedHeader, unprotected, payload, signature] =
    issuerSigned.get('issuerAuth')
  const mso = cbor(cbor(payload).contents)
  const items = {}

  assert.ok(Array.isArray(issuerSigned.get('issuerAuth')), 'a tag 18')
  assert.deepEqual([...cbor(protectedHeader)], [[1, -7]])
  assert.deepEqual([...unprotected.keys()], [33])
  assert.equal(signature.length, 64)
  for (const [namespace, list] of issuerSigned.get('nameSpaces'))
    items[namespace] = list.map(item => ({
      tag: item.tag, ...Object.fromEntries(cbor(item.contents))
    }))
  return { mso, items, certificate: unprotected.get(33) }
}

/**
 * Verifies text against the CA at the time given: the claims by namespace.
 * Throws when anything is wrong.
 */
export async function verifyMdoc (text, caPem, now = new Date()) {
  const issuerSigned = IssuerSigned.fromEncodedForOid4Vci(text)
  const claims = {}

  await issuerSigned.verify({
    trustedCertificates: [new Uint8Array(new X509Certificate(caPem).rawData)],
    now,
    // the very ends of a period are in it (RFC 5280 4.1.2.5), as where the
    // signer's and the credential's begin with one hour; not to this library
    skewSeconds: 1,
    verificationCallback: failOn
  }, context(caPem, now))
  for (const namespace of issuerSigned.issuerNamespaces.issuerNamespaces.keys())
    claims[namespace] = issuerSigned.getPrettyClaims(namespace)
  return claims
}

/** Both ends know it from their OpenID4VP exchange (ISO/IEC 18013-7 B.4.4). */
const transcript = await SessionTranscript.forOid4VpDraft18({
  mdocGeneratedNonce: 'wallet-nonce',
  clientId: 'verifier.example',
  responseUri: 'https://verifier.example/response',
  verifierGeneratedNonce: 'verifier-nonce'
}, context())
const transcriptBytes = Buffer.from(transcript.encode({ asDataItem: true }))

/** What a wallet shows: wanted is a list of [namespace, element]. */
export async function presentMdoc (text, doctype, privateJwk, wanted) {
  // { documents: [{ docType, issuerSigned }], … }, the signed bytes untouched
  const held = Buffer.concat([
    Buffer.of(0xa3), encode('version'), encode('1.0'), encode('status'),
    encode(0), encode('documents'), Buffer.of(0x81, 0xa2), encode('docType'),
    encode(doctype), encode('issuerSigned'), Buffer.from(text, 'base64url')])
  const shown = await mdl.DeviceResponse.from(mdl.parse(held))
    .usingPresentationDefinition({
      id: 'wanted',
      input_descriptors: [{
        id: doctype,
        format: { mso_mdoc: { alg: ['ES256'] } },
        constraints: {
          limit_disclosure: 'required',
          fields: wanted.map(([namespace, element]) => ({
            path: [`$['${namespace}']['${element}']`],
            intent_to_retain: false
          }))
        }
      }]
    })
    .usingSessionTranscriptBytes(transcriptBytes)
    .authenticateWithSignature(privateJwk, 'ES256')
    .sign()

  return shown.encode()
}

/**
 * A verifier that gets it, by @auth0/mdl and by @owf/mdoc: the claims it is
 * shown, by namespace.
 */
export async function verifyPresentedMdoc (response, caPem) {
  const decoded = DeviceResponse.decode(response)
  const [{ issuerSigned }] = decoded.documents
  const claims = {}

  await new mdl.Verifier([caPem]).verify(response, {
    encodedSessionTranscript: transcriptBytes,
    onCheck: (check, original) => {
      if (check.status === 'FAILED')
        original(check)
    }
  })
  await Verifier.verifyDeviceResponse({
    deviceResponse: decoded,
    sessionTranscript: transcript,
    trustedCertificates: [new Uint8Array(new X509Certificate(caPem).rawData)],
    now: new Date(),
    onCheck: failOn
  }, context(caPem, new Date()))
  for (const namespace of issuerSigned.issuerNamespaces.issuerNamespaces.keys())
    claims[namespace] = issuerSigned.getPrettyClaims(namespace)
  return claims
}

// A card with a chip, and the CA that certifies chips, made with
// @peculiar/x509 and WebCrypto: what docs/policy.md says a card is.

import 'reflect-metadata'
import { createHash, createPrivateKey, randomBytes, webcrypto }
  from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension, BasicConstraintsExtension, KeyUsageFlags,
  KeyUsagesExtension, SubjectKeyIdentifierExtension, X509Certificate,
  X509CertificateGenerator
} from '@peculiar/x509'

export { KeyUsageFlags }

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 86400e3
const serial = () => '4' + randomBytes(9).toString('hex').slice(1)
const newKeys = () =>
  webcrypto.subtle.generateKey(P256, true, ['sign', 'verify'])

/** What the certificate says of its holder: no number, and no table serves */
export async function holderText (publicKey, number) {
  const point = await webcrypto.subtle.exportKey('raw', publicKey)
  return createHash('sha256').update('okse-card-holder-v1\0')
    .update(Buffer.from(point)).update(number).digest('hex')
}

export class CardCa {
  static async create (name = 'Practice Card CA') {
    const ca = new CardCa()
    ca.keys = await newKeys()
    ca.certificate = await X509CertificateGenerator.createSelfSigned({
      name: `C=KR, CN=${name}`,
      serialNumber: serial(),
      keys: ca.keys,
      signingAlgorithm: P256,
      notBefore: new Date(Date.now() - 1000 * day),
      notAfter: new Date(Date.now() + 1000 * day),
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
        await SubjectKeyIdentifierExtension.create(ca.keys.publicKey)
      ]
    })
    return ca
  }

  /** The CA that `okse dev` made, by its certificate and key (PEM). */
  static async load (pem, key) {
    const ca = new CardCa()
    ca.certificate = new X509Certificate(pem)
    const pkcs8 = createPrivateKey(key).export({ type: 'pkcs8',
      format: 'der' })
    ca.keys = {
      privateKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, P256,
        false, ['sign']),
      publicKey: await ca.certificate.publicKey.export(P256, ['verify'])
    }
    return ca
  }

  get pem () { return this.certificate.toString('pem') + '\n' }

  /** A card for the holder of a number; every option spoils one thing. */
  async card (number, {
    usage = KeyUsageFlags.digitalSignature, from = -day, to = day, subject,
    keys
  } = {}) {
    const card = new Card()
    card.keys = keys ?? await newKeys()
    card.certificate = await X509CertificateGenerator.create({
      subject: subject ?? 'C=KR, 2.5.4.5=' +
        await holderText(card.keys.publicKey, number),
      issuer: this.certificate.subjectName,
      serialNumber: serial(),
      publicKey: card.keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: P256,
      notBefore: new Date(Date.now() + from),
      notAfter: new Date(Date.now() + to),
      extensions: [
        ...(usage === null ? [] : [new KeyUsagesExtension(usage, true)]),
        await SubjectKeyIdentifierExtension.create(card.keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(this.keys.publicKey)
      ]
    })
    return card
  }
}

class Card {
  /** The evidence of a tap, for a challenge { nonce, audience }. */
  async tap ({ nonce, audience }) {
    const signed = `okse-ic-card-v1\n${audience}\n${nonce}\n`
    const signature = await webcrypto.subtle.sign(P256, this.keys.privateKey,
      Buffer.from(signed))
    return {
      kind: 'ic-card',
      certificate: Buffer.from(this.certificate.rawData).toString('base64'),
      challenge: nonce,
      signature: Buffer.from(signature).toString('base64')
    }
  }
}

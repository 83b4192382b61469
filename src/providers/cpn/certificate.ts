import { X509Certificate } from 'node:crypto'
import type { Certificate } from './model.ts'

/** A certificate from its PEM text. Throws for anything else. */
export const readCertificate = (pem: string): X509Certificate => new X509Certificate(pem)

const issuedBy = (certificate: X509Certificate, authority: X509Certificate): boolean =>
  certificate.checkIssued(authority) && certificate.verify(authority.publicKey)

/**
 * Whether a quote's key is the certified key of the institution that it names, today. Issuers are checked when there are
 * authorities: Circle hands out their list, and it is not public. Never throws.
 */
export const isTrusted = (
  { certPem, domain, jwk }: Certificate,
  authorities: readonly X509Certificate[],
  nowMs: number,
): boolean => {
  try {
    const certificate = readCertificate(Buffer.from(certPem, 'base64').toString())
    const { x, y, crv } = certificate.publicKey.export({ format: 'jwk' })
    return (
      Date.parse(certificate.validFrom) <= nowMs &&
      nowMs < Date.parse(certificate.validTo) &&
      certificate.subject.split('\n').includes(`CN=${domain}`) &&
      x === jwk.x &&
      y === jwk.y &&
      crv === jwk.crv &&
      (authorities.length === 0 || authorities.some((authority) => issuedBy(certificate, authority)))
    )
  } catch {
    return false
  }
}

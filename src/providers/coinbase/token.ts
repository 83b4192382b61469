import { createPrivateKey, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'

/** As long as Coinbase's own clients let one live. */
const LIFE_SECONDS = 120

const ED25519_BYTES = 64

/** Signs requests with one API key. */
export interface Signer {
  /** A bearer token for one request to `method host/path` (no query), at `nowMs` in epoch milliseconds. */
  token(uri: string, nowMs: number): Promise<string>
}

const ed25519Of = (secret: string): KeyObject => {
  // Not decoded strictly, so that only the length tells: the seed, and then the public key.
  const bytes = Buffer.from(secret, 'base64')
  if (bytes.length !== ED25519_BYTES) throw new RangeError('not an Ed25519 key')
  const d = bytes.subarray(0, 32).toString('base64url')
  const x = bytes.subarray(32).toString('base64url')
  return createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', d, x } })
}

const keyOf = (secret: string): { alg: 'EdDSA' | 'ES256'; key: KeyObject } => {
  if (!secret.includes('PRIVATE KEY')) return { alg: 'EdDSA', key: ed25519Of(secret) }
  // A key file is JSON, and what is copied out of it has its line breaks still escaped.
  const key = createPrivateKey(secret.replaceAll('\\n', '\n'))
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new RangeError('not a P-256 key')
  return { alg: 'ES256', key }
}

/**
 * A signer with a secret API key of CDP: an Ed25519 key as 64 bytes in base64, or a P-256 key in PEM. Throws when the
 * secret is neither.
 */
export const createSigner = (keyId: string, secret: string): Signer => {
  const { alg, key } = keyOf(secret)
  return {
    token: (uri, nowMs) => {
      const now = Math.floor(nowMs / 1000)
      const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex')
      return new SignJWT({ sub: keyId, iss: 'cdp', uris: [uri] })
        .setProtectedHeader({ alg, kid: keyId, typ: 'JWT', nonce })
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + LIFE_SECONDS)
        .sign(key)
    },
  }
}

/** Whether a secret is a key of either kind. */
export const isSecret = (secret: string): boolean => {
  try {
    keyOf(secret)
    return true
  } catch {
    return false
  }
}

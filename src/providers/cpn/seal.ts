import { CompactEncrypt, importJWK } from 'jose'
import type { Filled } from './book.ts'
import type { Jwk } from './model.ts'

const ALGORITHM = 'ECDH-ES+A128KW'

/** The details as a JWE that only the paying institution can open; another one each time, for the same details too. */
export const seal = async (details: readonly Filled[], { kty, crv, x, y }: Jwk): Promise<string> =>
  new CompactEncrypt(new TextEncoder().encode(JSON.stringify(details)))
    .setProtectedHeader({ alg: ALGORITHM, enc: 'A128GCM' })
    .encrypt(await importJWK({ kty, crv, x, y }, ALGORITHM))

import type { Scope } from '../core/principal.ts'

export const SCOPES: readonly Scope[] = ['read', 'write', 'admin']

/** 256 random bits need no slow hash: there is nothing to guess. */
const KEY = /^rl_(?:live|test)_[A-Za-z0-9_-]{43}$/

/** A new key. It is shown to its owner once; only its hash is kept. */
export const generateKey = (mode: 'live' | 'test'): string =>
  `rl_${mode}_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`

export const hashKey = (key: string): string => new Bun.CryptoHasher('sha256').update(key).digest('hex')

/** Enough of a key to recognise it by: `rl_live_…abcd`. */
export const hintOf = (key: string): string => `${key.slice(0, 8)}…${key.slice(-4)}`

/** The key of an `Authorization: Bearer` header, or null when there is none that could be ours. */
export const bearerKey = (header: string | null): string | null => {
  const key = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1]
  return key && KEY.test(key) ? key : null
}

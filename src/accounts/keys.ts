/** What our keys look like: a prefix and 256 random bits in base64url. */
const KEY = /^rl_(?:live|test)_[A-Za-z0-9_-]{43}$/

/** Tells keys of production from all others at a glance. */
export type KeyMode = 'live' | 'test'

/** The prefix's word for keys that are made in an environment. */
export const modeOf = (environment: string): KeyMode => (environment === 'production' ? 'live' : 'test')

/** A new key. It is shown to its owner once; only its hash is kept. */
export const generateKey = (mode: KeyMode): string =>
  `rl_${mode}_${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`

/**
 * SHA-256 of the key, hexadecimal. A slow hash protects what people make up; of 256 random bits nothing can be guessed,
 * however fast each guess is, and a slow hash would only slow every request down.
 */
export const hashKey = (key: string): string => new Bun.CryptoHasher('sha256').update(key).digest('hex')

/** Enough of a key to recognise it by: `rl_live_…abcd`. */
export const hintOf = (key: string): string => `${key.slice(0, 8)}…${key.slice(-4)}`

/** The key of an `Authorization: Bearer` header, or null when there is none that could be ours. */
export const bearerKey = (header: string | null): string | null => {
  const key = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1]
  return key && KEY.test(key) ? key : null
}

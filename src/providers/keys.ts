/**
 * The key of one step of an operation, as a UUID of version 4 in form, which some APIs insist on. Equal arguments give
 * an equal key: 122 bits of SHA-256 over both.
 */
export const stepKey = (operationKey: string, step: string): string => {
  const digest = new Bun.CryptoHasher('sha256').update(`${operationKey}/${step}`).digest()
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x40
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80
  const hex = digest.subarray(0, 16).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

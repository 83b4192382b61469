/**
 * A whole number from `min` to `max`, both included, uniform over keys and always the same for equal arguments.
 * `purpose` keeps the draws for one key apart.
 */
export const drawInteger = (seed: string, key: string, purpose: string, min: number, max: number): number => {
  // SHA-256, because Bun.hash may change with the runtime and a seed must mean the same for good. 48 of its
  // bits are a safe integer, and next to the spans drawn here the bias of the remainder is below 1e-6.
  const digest = new Bun.CryptoHasher('sha256').update(`${purpose}/${key}/${seed}`).digest()
  return min + (digest.readUIntBE(0, 6) % (max - min + 1))
}

/** Draws that come out the same for the same seed. */
export interface Chance {
  /** From 0, included, to 1, excluded. */
  unit(): number
  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number
  /** From the normal distribution around 0 with deviation 1. */
  normal(): number
  /** One of the items, each as likely as the others. */
  pick<T>(items: readonly [T, ...T[]]): T
  /** One of the names, each as likely as its weight. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T
}

/** sfc32 by Chris Doty-Humphrey: small, fast and in the public domain. Seeded by what `seed` hashes to. */
export const createChance = (seed: string): Chance => {
  const digest = new Bun.CryptoHasher('sha256').update(seed).digest()
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => digest.readInt32LE(at)) as [number, number, number, number]

  const unit = (): number => {
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  const integer = (min: number, max: number): number => min + Math.floor(unit() * (max - min + 1))

  return {
    unit,
    integer,
    // Box and Muller; 1 - unit() is never zero.
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    pick: (items) => items[integer(0, items.length - 1)] ?? items[0],
    weighted: <T extends string>(weights: Readonly<Record<T, number>>): T => {
      const names = Object.keys(weights) as T[]
      let left = unit() * names.reduce((sum, name) => sum + weights[name], 0)
      const found = names.find((name) => {
        left -= weights[name]
        return left < 0
      })
      return (found ?? names.at(-1)) as T
    },
  }
}

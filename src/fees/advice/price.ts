/** Tokens of one call, as the API counts them: none is in two of these. */
export interface TokenUsage {
  input: number
  output: number
  cacheRead: number
  cacheWrite: number
}

export const NO_TOKENS: TokenUsage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }

/** Millionths of a millionth of a US dollar for one token; one US dollar for a million tokens is 1,000,000 of them. */
type TokenPrice = Record<keyof TokenUsage, bigint>

/**
 * List prices of platform.claude.com/docs/en/about-claude/pricing and of each model's own page there, November 2026:
 * prompts of up to 100,000 tokens, which ours stay far below, and a prompt cache of five minutes.
 */
const PRICES: ReadonlyMap<string, TokenPrice> = new Map([
  ['claude-haiku-5-5', { input: 100_000n, output: 500_000n, cacheRead: 10_000n, cacheWrite: 125_000n }],
  [
    'claude-haiku-4-5',
    { input: 1_000_000n, output: 5_000_000n, cacheRead: 100_000n, cacheWrite: 1_250_000n },
  ],
  [
    'claude-sonnet-5-5',
    { input: 2_000_000n, output: 10_000_000n, cacheRead: 100_000n, cacheWrite: 2_500_000n },
  ],
])

/** What a call cost in pico US dollars, or null for a model whose price is not known here. */
export const callCost = (model: string, usage: TokenUsage): bigint | null => {
  const price = PRICES.get(model)
  if (!price) return null
  return (
    BigInt(usage.input) * price.input +
    BigInt(usage.output) * price.output +
    BigInt(usage.cacheRead) * price.cacheRead +
    BigInt(usage.cacheWrite) * price.cacheWrite
  )
}

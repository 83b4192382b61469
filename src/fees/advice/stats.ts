import type { FallbackReason } from './adviser.ts'
import type { Consultation } from './consult.ts'
import { NO_TOKENS, type TokenUsage } from './price.ts'

/** What the adviser has done since it was made; everything only grows. */
export interface AdviserStats {
  /** Calls of the model. */
  calls: number
  /** Calls that gave a choice. */
  choices: number
  /** Answers that another question's call had given, or was about to give. */
  shared: number
  /** Answers without a choice, by reason, those of no call too; a reason that never was is missing. */
  fallbacks: Partial<Record<FallbackReason, number>>
  tokens: TokenUsage
  /** Millionths of a millionth of a US dollar. */
  costPicoUsd: bigint
  /** Calls of a model whose price is not known, which `costPicoUsd` therefore lacks. */
  unpriced: number
  /** Milliseconds of all calls together. */
  latencyMs: number
}

export const createStats = () => {
  const stats: AdviserStats = {
    calls: 0,
    choices: 0,
    shared: 0,
    fallbacks: {},
    tokens: NO_TOKENS,
    costPicoUsd: 0n,
    unpriced: 0,
    latencyMs: 0,
  }
  const fellBack = (reason: FallbackReason): void => {
    stats.fallbacks[reason] = (stats.fallbacks[reason] ?? 0) + 1
  }
  return {
    fellBack,
    shared: (): void => {
      stats.shared++
    },
    called: ({ outcome, usage, costPicoUsd, latencyMs }: Consultation): void => {
      const { tokens } = stats
      stats.calls++
      if (typeof outcome === 'string') fellBack(outcome)
      else stats.choices++
      stats.tokens = {
        input: tokens.input + usage.input,
        output: tokens.output + usage.output,
        cacheRead: tokens.cacheRead + usage.cacheRead,
        cacheWrite: tokens.cacheWrite + usage.cacheWrite,
      }
      stats.costPicoUsd += costPicoUsd ?? 0n
      if (costPicoUsd === null) stats.unpriced++
      stats.latencyMs += latencyMs
    },
    /** A copy that does not change. */
    read: (): AdviserStats => ({ ...stats, fallbacks: { ...stats.fallbacks } }),
  }
}

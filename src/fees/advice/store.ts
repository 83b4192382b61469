import type { Database } from '../../db/client.ts'
import { feeAdvice } from '../../db/schema/fees.ts'
import type { Question } from './adviser.ts'
import type { TokenUsage } from './price.ts'

const MOST_ANSWER = 8_000

/** One call of the model, as it is kept. */
export interface AdviceRecord {
  id: string
  model: string
  question: Question
  /** The model's text as it came; null when none came. Untrusted. */
  answer: string | null
  /** `choice`, or why there is none. */
  outcome: string
  usage: TokenUsage
  /** Null when the model's price is not known; the tokens are kept all the same. */
  costPicoUsd: bigint | null
  latencyMs: number
  startedAt: Date
}

/** Keeps the calls of the model. */
export interface AdviceStore {
  insert(record: AdviceRecord): Promise<void>
}

/** Amounts as text, for JSON has no integers of their size. */
const plain = (question: Question): unknown =>
  JSON.parse(
    JSON.stringify(question, (_key, value) => (typeof value === 'bigint' ? value.toString() : value)),
  )

/** The rows of `fee_advice`. */
export const createAdviceStore = ({ db }: Pick<Database, 'db'>): AdviceStore => ({
  insert: async ({ question, answer, usage, costPicoUsd, ...record }) => {
    await db.insert(feeAdvice).values({
      ...record,
      question: plain(question),
      // PostgreSQL takes no NUL in a text.
      answer: answer === null ? null : answer.slice(0, MOST_ANSWER).replaceAll('\0', '').toWellFormed(),
      inputTokens: usage.input,
      outputTokens: usage.output,
      cacheReadTokens: usage.cacheRead,
      cacheWriteTokens: usage.cacheWrite,
      costPicoUsd: costPicoUsd ?? 0n,
    })
  },
})

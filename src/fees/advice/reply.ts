import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { FallbackReason } from './adviser.ts'
import { NO_TOKENS, type TokenUsage } from './price.ts'
import { showable } from './text.ts'

/** A call that gave no text to judge. */
export interface Failure {
  kind: 'none'
  reason: FallbackReason
  /** What was said all the same, as in a refusal. Untrusted. */
  text: string | null
  usage: TokenUsage
  /** For how long the API wants no further call. */
  retryAfterMs: number | undefined
  /** What the API or the connection said, on one bounded line for the log. */
  detail: string
}

/** What came of one call. */
export type Reply = { kind: 'text'; text: string; usage: TokenUsage } | Failure

const MOST_DETAIL = 300

export const failed = (
  reason: FallbackReason,
  detail: string,
  known: Partial<Pick<Failure, 'text' | 'usage' | 'retryAfterMs'>> = {},
): Failure => ({
  kind: 'none',
  reason,
  text: null,
  usage: NO_TOKENS,
  retryAfterMs: undefined,
  ...known,
  detail: showable(detail, MOST_DETAIL),
})

/** The parts of the Messages API's answer that matter here. */
const Message = Type.Object({
  content: Type.Array(Type.Object({ type: Type.String(), text: Type.Optional(Type.String()) })),
  stop_reason: Type.String(),
})

const Usage = Type.Object({ usage: Type.Record(Type.String(), Type.Unknown()) })

/** A count that fits its column; anything else counts as none. */
const count = (value: unknown): number =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31 ? Number(value) : 0

const usageOf = (message: unknown): TokenUsage => {
  if (!Value.Check(Usage, message)) return NO_TOKENS
  const { usage } = message
  return {
    input: count(usage.input_tokens),
    output: count(usage.output_tokens),
    cacheRead: count(usage.cache_read_input_tokens),
    cacheWrite: count(usage.cache_creation_input_tokens),
  }
}

/** Why an answer that stopped for that reason is not whole; null when it is. */
const unfinished = (stopReason: string): FallbackReason | null => {
  if (stopReason === 'end_turn') return null
  if (stopReason === 'refusal') return 'refusal'
  if (stopReason === 'max_tokens' || stopReason === 'model_context_window_exceeded') return 'truncated'
  return 'unexpected_shape'
}

/** Reads what came with status 200, which need not be a message at all. */
export const replyOf = (message: unknown): Reply => {
  const usage = usageOf(message)
  if (!Value.Check(Message, message)) return failed('unexpected_shape', 'not a message', { usage })
  // By type: thinking may come before the text.
  const text = message.content.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('')
  const reason = unfinished(message.stop_reason) ?? (text === '' ? 'unexpected_shape' : null)
  if (reason === null) return { kind: 'text', text, usage }
  return failed(reason, `stop_reason ${message.stop_reason}`, { text: text || null, usage })
}

import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from '@anthropic-ai/sdk'
import { parseRetryAfter } from '../../core/retry-after.ts'
import type { FallbackReason } from './adviser.ts'
import { type Failure, failed } from './reply.ts'

/** The body was longer than any answer of the API. */
export class ReplyTooLong extends Error {
  override readonly name = 'ReplyTooLong'
}

const REASONS: ReadonlyMap<number | undefined, FallbackReason> = new Map([
  [401, 'unauthorized'],
  [403, 'unauthorized'],
  [429, 'rate_limited'],
  [529, 'overloaded'],
])

// Without its message, which may repeat the URL.
const named = (error: unknown): string => {
  if (!(error instanceof Error)) return typeof error
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name
}

/**
 * What an error of the SDK means. `signal` is the call's deadline: whatever broke after it, it was the deadline. Errors
 * in the body come out of the SDK as the runtime threw them. `key` is taken out of what the API said before it is cut.
 */
export const failureOf = (error: unknown, signal: AbortSignal, nowMs: number, key: string): Failure => {
  if (signal.aborted || error instanceof APIUserAbortError || error instanceof APIConnectionTimeoutError)
    return failed('deadline', 'no whole answer in time')
  if (error instanceof APIConnectionError) return failed('connection_lost', named(error.cause))
  if (error instanceof APIError) {
    const { status, type, apiMessage, requestID, headers } = error
    const retryAfterMs = parseRetryAfter(headers?.get('retry-after') ?? null, nowMs)
    const detail = `HTTP ${status} ${type ?? ''} ${apiMessage ?? ''} (request ${requestID ?? 'unknown'})`
    return failed(REASONS.get(status) ?? 'http_error', detail.replaceAll(key, '[redacted]'), { retryAfterMs })
  }
  if (error instanceof ReplyTooLong) return failed('unexpected_shape', error.name)
  if (error instanceof SyntaxError) return failed('invalid_json', 'the answer is not JSON')
  return failed('connection_lost', named(error))
}

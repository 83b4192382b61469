import type { Clock } from '../core/clock.ts'
import { parseRetryAfter } from './schedule.ts'
import { type Message, signedHeaders } from './signing.ts'
import { type TargetPolicy, targetProblem } from './target.ts'

/** What became of one attempt. `error` is short, and repeats neither the URL nor anything the receiver sent. */
export type SendResult =
  | { kind: 'delivered'; status: number }
  | { kind: 'gone'; status: number; error: string }
  | { kind: 'failed'; status: number | null; error: string; retryAfterMs: number | undefined }

export interface SendOptions extends TargetPolicy {
  clock: Clock
  /** Longest an attempt may take, from resolving the name to the end of the answer, in milliseconds. */
  deadlineMs: number
}

const MAX_ANSWER_BYTES = 1024

/** Reads a short answer to its end, so that the connection can serve the next attempt, and abandons a long one. */
const drain = async (response: Response): Promise<void> => {
  const reader = response.body?.getReader()
  if (!reader) return
  for (let bytes = 0; bytes <= MAX_ANSWER_BYTES; ) {
    const { done, value } = await reader.read()
    if (done) return
    bytes += value.byteLength
  }
  await reader.cancel()
}

const judge = (response: Response, now: number): SendResult => {
  const { status } = response
  if (response.ok) return { kind: 'delivered', status }
  if (status === 410) return { kind: 'gone', status, error: 'HTTP 410' }
  const isRedirect = status >= 300 && status < 400
  const error = `HTTP ${status}${isRedirect ? ': redirects are not followed' : ''}`
  return {
    kind: 'failed',
    status,
    error,
    retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), now),
  }
}

// Only the code, because messages of the runtime may repeat the URL.
const describe = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^\w{1,60}$/.test(code) ? `connection failed: ${code}` : 'connection failed'
}

const unanswered = (error: string): SendResult => ({
  kind: 'failed',
  status: null,
  error,
  retryAfterMs: undefined,
})

const within = <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>()
  if (signal.aborted) reject(signal.reason)
  else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return Promise.race([work, promise])
}

/**
 * Makes one attempt: checks the target, signs, posts. Never throws, and ends by the deadline. A 2xx status is the
 * receiver's word and counts as delivered even when the rest of its answer never comes.
 */
export const sendWebhook = async (
  message: Message,
  endpoint: { url: string; secret: string },
  options: SendOptions,
): Promise<SendResult> => {
  const { clock, deadlineMs } = options
  const signal = AbortSignal.timeout(deadlineMs)
  try {
    const problem = await within(signal, targetProblem(endpoint.url, options))
    if (problem) return unanswered(`not sent: the URL ${problem}`)
    const response = await fetch(endpoint.url, {
      method: 'POST',
      body: message.body,
      headers: {
        ...signedHeaders(message, endpoint.secret, clock.now()),
        'content-type': 'application/json',
        'user-agent': 'ratelock-webhooks/1',
      },
      redirect: 'manual',
      // A compressed answer would be unpacked only to be thrown away.
      decompress: false,
      signal,
    })
    await drain(response).catch(() => undefined)
    return judge(response, clock.now())
  } catch (error) {
    return unanswered(signal.aborted ? `no answer within ${deadlineMs} ms` : describe(error))
  }
}

import type { Clock } from '../../core/clock.ts'
import { parseRetryAfter } from '../../core/retry-after.ts'
import { type Message, signedHeaders } from '../signing.ts'
import { pinTarget, type TargetPolicy } from '../target.ts'
import { connectTo } from './connect.ts'
import { excerptOf } from './excerpt.ts'
import { type Answer, post } from './transport.ts'

/** What was seen of the answer, whatever it was. */
export interface Observed {
  /** From the start of the attempt to the end of the answer's head, or to the failure; whole milliseconds. */
  latencyMs: number
  /** The start of the answer's text, for the endpoint's owner only: never logged. Null when empty or binary. */
  excerpt: string | null
}

/** What became of one attempt. `error` is short, and repeats neither the URL nor anything the receiver sent. */
export type SendResult = Observed &
  (
    | { kind: 'delivered'; status: number }
    | { kind: 'gone'; status: number; error: string }
    | { kind: 'failed'; status: number | null; error: string; retryAfterMs: number | undefined }
  )

/** Where an attempt goes, and what `signedHeaders` signs it with. */
export interface Endpoint {
  url: string
  secret: Parameters<typeof signedHeaders>[1]
}

export interface SendOptions extends TargetPolicy {
  clock: Clock
  /** Longest an attempt may take, from resolving the name to the end of the answer, in milliseconds. */
  deadlineMs: number
  /** The certificate authorities to trust in place of the usual ones, in PEM: for tests. */
  ca?: string | undefined
}

const judge = (answer: Answer, now: number, latencyMs: number): SendResult => {
  const { status } = answer
  const seen = { status, latencyMs, excerpt: excerptOf(answer.start, answer.contentEncoding) }
  if (status >= 200 && status < 300) return { ...seen, kind: 'delivered' }
  if (status === 410) return { ...seen, kind: 'gone', error: 'HTTP 410' }
  const isRedirect = status >= 300 && status < 400
  const error = `HTTP ${status}${isRedirect ? ': redirects are not followed' : ''}`
  return { ...seen, kind: 'failed', error, retryAfterMs: parseRetryAfter(answer.retryAfter, now) }
}

// Only the code, because messages of the runtime may repeat the URL.
const describe = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^\w{1,60}$/.test(code) ? `connection failed: ${code}` : 'connection failed'
}

const unanswered = (error: string, latencyMs: number): SendResult => ({
  latencyMs,
  excerpt: null,
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
 * Makes one attempt: looks the name up and checks what it leads to, connects to just that, signs, posts. Never throws,
 * and ends by the deadline. A 2xx status is the receiver's word and counts as delivered even when the rest of its
 * answer never comes. `endpoint.secret` is handed to `signedHeaders` as it is: whatever that takes (one secret, or the
 * two of an overlap) may stand there.
 */
export const sendWebhook = async (
  message: Message,
  endpoint: Endpoint,
  options: SendOptions,
): Promise<SendResult> => {
  const { clock, deadlineMs, ca } = options
  const startedAt = performance.now()
  const since = (at: number) => Math.round(at - startedAt)
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(new Error('too late')), deadlineMs)
  const { signal } = deadline
  try {
    const target = await within(signal, pinTarget(endpoint.url, options))
    if (target.problem !== null)
      return unanswered(`not sent: the URL ${target.problem}`, since(performance.now()))
    const headers = {
      ...signedHeaders(message, endpoint.secret, clock.now()),
      'content-type': 'application/json',
      'user-agent': 'ratelock-webhooks/1',
    }
    const socket = await connectTo(target, { signal, deadlineAt: startedAt + deadlineMs, ca })
    const answer = await post(socket, { url: target.url, headers, body: message.body }, signal)
    return judge(answer, clock.now(), since(answer.headAt))
  } catch (error) {
    const why = signal.aborted ? `no answer within ${deadlineMs} ms` : describe(error)
    return unanswered(why, since(performance.now()))
  } finally {
    clearTimeout(timer)
  }
}

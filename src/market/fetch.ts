import { type Source, SourceError, type SourceName } from './source.ts'
import { failure } from './sources/answer.ts'
import { blockedFor, retryAfterOf } from './sources/retry-after.ts'

/** No documented answer has more than some dozen kB, and parsing more would hold up the event loop. */
const MOST_BYTES = 2 ** 18

export interface FetchOptions {
  /** Longest wait for the whole answer, headers and body. */
  deadlineMs: number
  /** Epoch milliseconds, by which staleness and dates in headers are judged. */
  nowMs: number
  /** Gives up early. */
  signal?: AbortSignal
  fetch?: (url: string, init: BunFetchRequestInit) => Promise<Response>
}

const checkHead = (name: SourceName, { status, headers }: Response, nowMs: number): void => {
  if (status === 429)
    throw failure(
      name,
      'rate_limited',
      'was asked too often',
      retryAfterOf(name, headers, nowMs) ?? blockedFor(name),
    )
  if (status >= 300 && status < 400)
    throw failure(name, 'http_error', `answered HTTP ${status}; redirects are not followed`)
  if (status !== 200)
    throw failure(name, 'http_error', `answered HTTP ${status}`, retryAfterOf(name, headers, nowMs))
  if (headers.get('content-type')?.toLowerCase().includes('html'))
    throw failure(name, 'not_json', 'answered with a web page')
}

const textOf = async (name: SourceName, response: Response): Promise<string> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES) throw failure(name, 'too_large', `answered with more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

// Only the code, because messages of the runtime may repeat the URL.
const brokenBy = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^\w{1,60}$/.test(code) ? `could not be reached: ${code}` : 'could not be reached'
}

const ask = async ({ name, request }: Source, options: FetchOptions): Promise<string> => {
  const { deadlineMs, nowMs, signal, fetch: send = fetch } = options
  const deadline = new AbortController()
  const ended = new AbortController()
  const timer = setTimeout(() => deadline.abort(), deadlineMs)
  const signals = [deadline.signal, ended.signal, ...(signal ? [signal] : [])]
  try {
    const response = await send(request.url, {
      method: request.method,
      // Compressed answers are neither asked for nor unpacked: a small one can have gigabytes in it.
      headers: { accept: 'application/json', 'accept-encoding': 'identity', ...request.headers },
      decompress: false,
      redirect: 'manual',
      // Once in two minutes gains nothing from a kept connection, on which Bun would repeat a failed request by itself.
      keepalive: false,
      signal: AbortSignal.any(signals),
      ...(request.body === undefined ? {} : { body: request.body }),
    })
    checkHead(name, response, nowMs)
    return await textOf(name, response)
  } catch (error) {
    if (error instanceof SourceError) throw error
    if (deadline.signal.aborted) throw failure(name, 'timeout', `did not answer within ${deadlineMs} ms`)
    throw failure(name, 'unreachable', signal?.aborted ? 'was not waited for' : brokenBy(error))
  } finally {
    clearTimeout(timer)
    // Closes the connection of an answer that was not read to its end.
    ended.abort()
  }
}

/**
 * Asks a source once and reads its answer. Throws SourceError and nothing else, with a sentence that names the source
 * and what was wrong, and never its URL, a key or anything that it sent.
 */
export const fetchSource = async <T>(source: Source<T>, options: FetchOptions): Promise<T> => {
  const body = await ask(source, options)
  try {
    return source.read(body, options.nowMs)
  } catch (error) {
    if (error instanceof SourceError) throw error
    throw failure(source.name, 'unexpected_shape', 'answered with something that its reader fails on')
  }
}

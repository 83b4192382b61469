import { parseExact } from '../core/decimal.ts'
import { parseRetryAfter } from '../core/retry-after.ts'

/** No documented answer comes near it, and parsing more would hold up the event loop. */
const MOST_BYTES = 2 ** 20

/**
 * What went wrong with a request. `unsent` and `turned_away` (401, 429, a 403 of no API): this request did nothing, which says
 * nothing about an earlier one under the same key. Anything else may have acted: the answer was lost, the server failed,
 * or what it said cannot be read.
 */
export type WireFault = 'unsent' | 'turned_away' | 'lost' | 'server_failed' | 'unreadable'

/** A request without a usable answer. The message is for the log; it holds no secret, no URL and no body. */
export class WireError extends Error {
  override readonly name = 'WireError'

  constructor(
    readonly fault: WireFault,
    message: string,
    /** Milliseconds after which the server said that it may be asked again. */
    readonly retryAfterMs?: number,
  ) {
    super(message)
  }
}

export interface WireRequest {
  method: 'GET' | 'POST' | 'DELETE'
  /** Path and query below the base URL, already encoded. */
  path: string
  body?: unknown
  headers?: Readonly<Record<string, string>>
}

/** An answer of the API itself: 2xx, or a 4xx that it explains in JSON. Numbers are text, as they were written. */
export interface WireAnswer {
  status: number
  body: unknown
}

/** Sends one request and reads its answer whole. Throws WireError, and the signal's reason when that is set. */
export type Wire = (request: WireRequest, signal: AbortSignal) => Promise<WireAnswer>

export interface WireOptions {
  /** Names the provider in messages. */
  provider: string
  /** Without a slash at its end. */
  baseUrl: string
  /** Headers of every request, such as its authorization; made anew for each. */
  headers(request: WireRequest): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
  now(): number
}

/** Codes of a connection that was never made, so that nothing can have been sent on it. */
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && /^\w{1,60}$/.test(String(error.code)) ? String(error.code) : ''

const readText = async (provider: string, response: Response): Promise<string> => {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES)
      throw new WireError('unreadable', `${provider} answered with more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}

const readJson = (provider: string, text: string): unknown => {
  if (text === '') return null
  try {
    return parseExact(text)
  } catch {
    throw new WireError('unreadable', `${provider} answered with something that is not JSON`)
  }
}

const isHtml = ({ headers }: Response): boolean =>
  headers.get('content-type')?.toLowerCase().includes('html') === true

/** A client of one API. Redirects are refused, and no answer is unpacked or read past a megabyte. */
export const createWire = ({ provider, baseUrl, headers, now }: WireOptions): Wire => {
  const send = async (request: WireRequest, signal: AbortSignal): Promise<Response> => {
    const { method, path, body } = request
    const common = { accept: 'application/json', 'accept-encoding': 'identity', ...(await headers(request)) }
    try {
      return await fetch(baseUrl + path, {
        method,
        headers: {
          ...common,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...request.headers,
        },
        decompress: false,
        redirect: 'manual',
        // On a kept connection that breaks, Bun sends a request again by itself, and tells nobody.
        keepalive: false,
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    } catch (error) {
      signal.throwIfAborted()
      const code = codeOf(error)
      if (UNSENT.has(code)) throw new WireError('unsent', `${provider} cannot be reached: ${code}`)
      throw new WireError('lost', `the connection to ${provider} broke${code && `: ${code}`}`)
    }
  }

  const judge = (response: Response): void => {
    const { status } = response
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), now())
    const said = `${provider} answered HTTP ${status}`
    if (status >= 500 || status === 408 || status === 425)
      throw new WireError('server_failed', said, retryAfterMs)
    if (status >= 300 && status < 400)
      throw new WireError('unreadable', `${said}; redirects are not followed`)
    // A 403 in JSON is the API's own answer, with a reason; one in HTML is some gate's in front of it.
    if (status === 401 || status === 429 || (status === 403 && isHtml(response)))
      throw new WireError('turned_away', said, retryAfterMs)
    // A proxy's error page is not the API's word, whatever its status.
    if (isHtml(response)) throw new WireError('unreadable', `${said} with a web page`)
  }

  return async (request, signal) => {
    signal.throwIfAborted()
    const response = await send(request, signal)
    try {
      judge(response)
      return { status: response.status, body: readJson(provider, await readText(provider, response)) }
    } catch (error) {
      if (error instanceof WireError) throw error
      signal.throwIfAborted()
      throw new WireError('lost', `the answer of ${provider} broke off`)
    } finally {
      // Closes the connection of an answer that was not read to its end.
      await response.body?.cancel().catch(() => {})
    }
  }
}

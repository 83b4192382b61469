import type { ErrorBody } from '../../../http/schemas.ts'
import { apiKey, heard, keyWanted, reachable } from './session.ts'

/** An error answer of the API, in its own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError'

  constructor(
    readonly status: number,
    readonly body: ErrorBody,
    /** Milliseconds after which the API wants to be asked again. */
    readonly retryAfterMs: number | null,
  ) {
    super(body.message)
  }
}

/** The request did not reach the API, or its answer was lost: whether it was carried out is not known. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'

  constructor() {
    super('Ratelock does not answer')
  }
}

/** Whether the API may have done what it was asked for: its answer is lost, or it broke on the way. */
export const isUnsure = (error: Error | null): boolean =>
  error instanceof Unreachable || (error instanceof ApiError && error.status >= 500)

export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Sends no key. */
  anonymous?: boolean
}

const authorization = (): Record<string, string> =>
  apiKey.peek() === null ? {} : { authorization: `Bearer ${apiKey.peek()}` }

const errorOf = async (response: Response): Promise<ApiError> => {
  const body: ErrorBody = await response.json().catch(() => ({
    error: 'INTERNAL_ERROR',
    message: `An answer with status ${response.status} that is not Ratelock’s own`,
    request_id: response.headers.get('x-request-id') ?? '',
  }))
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new ApiError(response.status, body, Number.isFinite(seconds) ? seconds * 1000 : null)
}

/** Sends a request with the key. Throws ApiError, Unreachable, or the signal's reason. */
export const send = async (path: string, options: Call = {}): Promise<Response> => {
  const { method = 'GET', body, headers, signal, anonymous = false } = options
  const response = await fetch(path, {
    method,
    headers: {
      ...(anonymous ? {} : authorization()),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  }).catch(() => {
    signal?.throwIfAborted()
    reachable.value = false
    throw new Unreachable()
  })
  heard()
  if (response.ok) return response
  if (response.status === 401) keyWanted.value = true
  throw await errorOf(response)
}

/** Longer than the API itself takes for anything: whoever waits for more waits for nothing. */
const ANSWER_MS = 20_000

/** The JSON of an answer. Throws like `send`; an answer that does not come in time counts as none. */
export const call = async <T>(path: string, options: Call = {}): Promise<T> => {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), ANSWER_MS)
  const { signal } = options
  try {
    const response = await send(path, {
      ...options,
      signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
    })
    return response.status === 204 ? (undefined as T) : await response.json()
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof ApiError) throw error
    if (late.signal.aborted) reachable.value = false
    throw new Unreachable()
  } finally {
    clearTimeout(timer)
  }
}

/** A path with the parameters that have a value. */
export const withQuery = (
  path: string,
  query: Record<string, string | number | null | undefined>,
): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  )
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`
}

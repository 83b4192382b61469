import { ERROR_STATUS, type ErrorCode } from '../../core/errors.ts'
import type { Json } from './schema.ts'

const JSON_TYPE = 'application/json'
const REQUEST_ID = { 'x-request-id': { $ref: '#/components/headers/RequestId' } }
const RETRY_AFTER = { 'retry-after': { $ref: '#/components/headers/RetryAfter' } }
const RATE_LIMIT = {
  ratelimit: { $ref: '#/components/headers/RateLimit' },
  'ratelimit-policy': { $ref: '#/components/headers/RateLimitPolicy' },
}

/** Headers that more than one response carries. */
export const sharedHeaders: Json = {
  RequestId: { description: "The request's id, also in the log", schema: { type: 'string' } },
  RetryAfter: { description: 'Seconds to wait before trying again', schema: { type: 'integer', minimum: 0 } },
  RateLimit: {
    description:
      'What is left of each limit (r) for how many seconds (t); on every answer that a limit applies to',
    schema: { type: 'string', examples: ['"key";r=59871;t=14, "account";r=119871;t=14'] },
  },
  RateLimitPolicy: {
    description:
      'Each limit: units (q) in a window of seconds (w); a request costs its x-rate-limit-weight, else 1',
    schema: { type: 'string', examples: ['"key";q=60000;w=60, "account";q=120000;w=60'] },
  },
}

const shared = (code: ErrorCode, description: string, message: string, headers: Json = {}): Json => ({
  description,
  headers: { ...REQUEST_ID, ...headers },
  content: {
    [JSON_TYPE]: {
      schema: { $ref: '#/components/schemas/Error' },
      example: { error: code, message, request_id: '0191d3a4-6f7e-7cc3-98c4-dc0c0c07398f' },
    },
  },
})

/** Error responses that follow from what an operation is, by the name of the component. */
export const sharedResponses: Readonly<Record<string, Json>> = {
  InvalidRequest: shared('VALIDATION_ERROR', 'The request is not valid', '/amount is required'),
  Unauthorized: shared('UNAUTHORIZED', 'No valid API key', 'this needs an API key'),
  Forbidden: shared('FORBIDDEN', 'The API key lacks the scope', 'this needs an API key with the write scope'),
  TooLarge: shared(
    'PAYLOAD_TOO_LARGE',
    'The body is too large',
    'a request body may have at most 65536 bytes',
  ),
  TooSlow: shared(
    'REQUEST_TIMEOUT',
    'The body did not arrive in time',
    'the request body did not arrive within 10000 ms',
  ),
  RateLimited: shared(
    'RATE_LIMITED',
    'Too many requests',
    'too many requests from this account, try again in 7 s',
    { ...RETRY_AFTER, ...RATE_LIMIT },
  ),
  Internal: shared('INTERNAL_ERROR', 'A fault on our side', 'something went wrong on our side'),
  Unavailable: shared(
    'SERVICE_UNAVAILABLE',
    'Try again',
    'the service is not available right now',
    RETRY_AFTER,
  ),
}

const statusOf: Readonly<Record<string, ErrorCode>> = {
  InvalidRequest: 'VALIDATION_ERROR',
  Unauthorized: 'UNAUTHORIZED',
  Forbidden: 'FORBIDDEN',
  TooLarge: 'PAYLOAD_TOO_LARGE',
  TooSlow: 'REQUEST_TIMEOUT',
  RateLimited: 'RATE_LIMITED',
  Internal: 'INTERNAL_ERROR',
  Unavailable: 'SERVICE_UNAVAILABLE',
}

/**
 * References to the error responses that an operation can give without declaring them, by status. `readsBody` is
 * whether it looks at a body at all, be it to refuse one.
 */
export const impliedResponses = (operation: Json, readsBody: boolean): Json => {
  const names = ['Internal', 'InvalidRequest']
  if (readsBody) names.push('TooLarge', 'TooSlow')
  if (operation.security !== undefined) names.push('Unauthorized', 'Forbidden', 'RateLimited', 'Unavailable')
  return Object.fromEntries(
    names.map((name) => [
      String(ERROR_STATUS[statusOf[name] ?? 'INTERNAL_ERROR']),
      { $ref: `#/components/responses/${name}` },
    ]),
  )
}

const REASONS: Readonly<Record<string, string>> = {
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  204: 'No content',
  400: 'The request is not valid',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflicts with the current state',
  503: 'Not available right now',
}

/** What a route may say about one of its responses beyond its schema, in `detail['x-responses']`. */
export interface ResponseNotes {
  description?: string
  headers?: Record<string, object>
  examples?: Record<string, { summary?: string; value: unknown }>
  /** Replaces the JSON content, for streams and text. */
  content?: Record<string, object>
}

/** One response object of the document. */
export const responseObject = (status: string, schema: Json | undefined, notes: ResponseNotes): Json => {
  const json = schema && { [JSON_TYPE]: { schema, ...(notes.examples && { examples: notes.examples }) } }
  const content = notes.content ?? json
  return {
    description: notes.description ?? REASONS[status] ?? `Status ${status}`,
    headers: { ...REQUEST_ID, ...notes.headers },
    ...(content && { content }),
  }
}

/** One named example of a response. */
export const shown = (name: string, value: object): ResponseNotes => ({ examples: { [name]: { value } } })

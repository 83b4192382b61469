import { Elysia, NotFoundError, ParseError, ValidationError } from 'elysia'
import { AppError, type ErrorDetail } from '../core/errors.ts'
import type { Ids } from '../core/ids.ts'
import { isDatabaseAway } from '../db/away.ts'
import type { Logger } from '../telemetry/logger.ts'
import { lineIdsOf } from './context.ts'
import { withoutKeys } from './redact.ts'
import { allowedMethods, routesOf } from './routing.ts'
import type { ErrorBody } from './schemas.ts'
import { type Inputs, validationProblem } from './validation.ts'

const MAX_SHOWN_PATH = 200

const unknownRoute = (request: Request, path: string, allowed: readonly string[]): AppError => {
  const hint = allowed.length > 0 ? `; this path allows ${allowed.join(', ')}` : ''
  return new AppError(
    'NOT_FOUND',
    `no route ${request.method} ${withoutKeys(path).slice(0, MAX_SHOWN_PATH)}${hint}`,
  )
}

/** The error that the caller reads. What is not theirs to know becomes INTERNAL_ERROR. */
const publicError = (error: unknown, inputs: Inputs): AppError => {
  if (error instanceof AppError) return error
  // Elysia wraps whatever is thrown before the body is parsed, such as by the admission.
  if (error instanceof ParseError) return publicError(error.cause, inputs)
  if (error instanceof ValidationError && error.type !== 'response') return validationProblem(error, inputs)
  if (isDatabaseAway(error))
    return new AppError(
      'SERVICE_UNAVAILABLE',
      'the service is not available right now, try again',
      undefined,
      {
        cause: error,
        retryAfterSeconds: 1,
      },
    )
  return new AppError('INTERNAL_ERROR', 'something went wrong on our side', undefined, { cause: error })
}

/** The same, and no fault in finding it out leaves the answer to the runtime. */
const shownFor = (error: unknown, inputs: Inputs): AppError => {
  try {
    return publicError(error, inputs)
  } catch (cause) {
    return new AppError('INTERNAL_ERROR', 'something went wrong on our side', undefined, { cause })
  }
}

const report = (log: Logger, ids: ReturnType<typeof lineIdsOf>, error: AppError): void => {
  if (error.status < 500) return
  const { cause } = error
  // Elysia puts the offending response itself into the message, and that may be anything.
  const err =
    cause instanceof ValidationError ? new Error('a response does not match its schema') : (cause ?? error)
  const problems = cause instanceof ValidationError ? cause.all.map(({ summary }) => summary) : undefined
  const line = { ...ids, code: error.code, err, problems }
  if (error.code === 'INTERNAL_ERROR') log.error(line, 'request failed')
  else log.warn(line, 'request not served')
}

/**
 * What is quoted of the input may have been cut in the middle of a character, which strict JSON parsers refuse, and may be
 * a key that stands in the wrong place.
 */
const showable = (text: string): string => withoutKeys(text).toWellFormed()

const showableDetail = ({ path, message }: ErrorDetail): ErrorDetail => ({
  path: showable(path),
  message: showable(message),
})

/** Answers every error in the documented shape, and logs those that are ours. */
export const errorPlugin = (log: Logger) => {
  const plugin = new Elysia({ name: 'http.errors' })
  return plugin.onError({ as: 'global' }, ({ error, request, route, path, set, query, params }) => {
    let shown: AppError
    if (error instanceof NotFoundError) {
      const allowed = allowedMethods(routesOf(plugin), path)
      if (allowed.length > 0) set.headers.allow = allowed.join(', ')
      if (allowed.length > 0 && request.method === 'OPTIONS') {
        set.status = 204
        return new Response(null, { status: 204 })
      }
      shown = unknownRoute(request, path, allowed)
    } else shown = shownFor(error, { query, params })
    const ids = lineIdsOf(request, route, params ?? {})
    report(log, ids, shown)
    set.status = shown.status
    set.headers['content-type'] = 'application/json;charset=utf-8'
    if (shown.retryAfterSeconds !== undefined) set.headers['retry-after'] = String(shown.retryAfterSeconds)
    // Whatever still trickles in would hold the connection.
    if (shown.code === 'REQUEST_TIMEOUT') set.headers.connection = 'close'
    if (shown.code === 'UNAUTHORIZED') set.headers['www-authenticate'] = 'Bearer'
    const body: ErrorBody = {
      error: shown.code,
      message: showable(shown.message),
      ...(shown.details && { details: shown.details.map(showableDetail) }),
      request_id: ids.request_id,
    }
    return body
  })
}

/**
 * Answers what went wrong outside of every hook, where the runtime would show a page with our source. Nothing reaches it
 * that is known of; it is there for what is not.
 */
export const lastResort =
  (log: Logger, ids: Ids) =>
  (error: Error): Response => {
    const shown = new AppError('INTERNAL_ERROR', 'something went wrong on our side', undefined, {
      cause: error,
    })
    const requestId = ids.uuid()
    report(log, { request_id: requestId, payment_id: undefined }, shown)
    const body: ErrorBody = { error: shown.code, message: shown.message, request_id: requestId }
    return Response.json(body, {
      status: shown.status,
      headers: {
        'x-request-id': requestId,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      },
    })
  }

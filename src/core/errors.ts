/** Every error code of the API with the status that carries it. */
export const ERROR_STATUS = {
  VALIDATION_ERROR: 400,
  INVALID_JSON: 400,
  UNSUPPORTED_CURRENCY_PAIR: 400,
  AMOUNT_TOO_SMALL: 400,
  AMOUNT_TOO_LARGE: 400,
  QUOTE_EXPIRED: 400,
  QUOTE_MISMATCH: 400,
  RECOMMENDATION_EXPIRED: 400,
  RECOMMENDATION_MISMATCH: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  QUOTE_NOT_FOUND: 404,
  RECOMMENDATION_NOT_FOUND: 404,
  REQUEST_TIMEOUT: 408,
  QUOTE_ALREADY_USED: 409,
  RECOMMENDATION_ALREADY_USED: 409,
  IDEMPOTENCY_CONFLICT: 409,
  INVALID_STATE: 409,
  PAYLOAD_TOO_LARGE: 413,
  RATE_LIMITED: 429,
  INTERNAL_ERROR: 500,
  RATE_UNAVAILABLE: 503,
  SERVICE_UNAVAILABLE: 503,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

/** One thing that is wrong with a request; `path` is a JSON Pointer or a header's name. */
export interface ErrorDetail {
  path: string
  message: string
}

/** An error that the caller may read: its message is public, what caused it goes to the log only. */
export class AppError extends Error {
  override readonly name = 'AppError'

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: readonly ErrorDetail[],
    options?: { cause?: unknown; retryAfterSeconds?: number },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.retryAfterSeconds = options?.retryAfterSeconds
  }

  /** Sent as `Retry-After` where waiting helps. */
  readonly retryAfterSeconds: number | undefined

  get status(): number {
    return ERROR_STATUS[this.code]
  }
}

/** A VALIDATION_ERROR about one field. */
export const invalid = (path: string, message: string): AppError =>
  new AppError('VALIDATION_ERROR', `${path} ${message}`, [{ path, message }])

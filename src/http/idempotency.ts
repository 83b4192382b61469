import { AppError } from '../core/errors.ts'

const HEADER = 'Idempotency-Key'
const PRINTABLE = /^[\x20-\x7e]{1,255}$/
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/

/**
 * The key of an `Idempotency-Key` header, bare or as a structured field string, or undefined without the header.
 * `"abc"` and `abc` are the same key. Throws AppError VALIDATION_ERROR for anything else.
 */
export const parseIdempotencyKey = (header: string | null | undefined): string | undefined => {
  if (header === null || header === undefined) return undefined
  const key = header.startsWith('"') ? QUOTED.exec(header)?.[1]?.replace(/\\(["\\])/g, '$1') : header
  if (key !== undefined && PRINTABLE.test(key)) return key
  const message = 'must be 1 to 255 printable ASCII characters, bare or in double quotes'
  throw new AppError('VALIDATION_ERROR', `the ${HEADER} header ${message}`, [{ path: HEADER, message }])
}

import { AppError } from '../core/errors.ts'

const MAX_DEPTH = 32
/** Of all levels together, because each that is wrong costs a search for what is. */
const MAX_VALUES = 1_000

/** A copy of the object would get `__proto__` for its prototype, and text made of one with `toString` throws. */
const REFUSED_KEYS: ReadonlySet<string> = new Set(['__proto__', 'toString'])

const refuse = (path: string, message: string): never => {
  throw new AppError('VALIDATION_ERROR', `${path || 'the body'} ${message}`, [{ path, message }])
}

const pointerPart = (key: string): string => key.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')

/** PostgreSQL can store neither a null character nor half a surrogate pair, in text or in jsonb. */
const checkText = (text: string, path: string): void => {
  if (text.includes('\0')) refuse(path, 'must not contain a null character')
  if (!text.isWellFormed()) refuse(path, 'must not contain half of a surrogate pair')
}

const check = (value: unknown, path: string, depth: number, seen: { values: number }): void => {
  if (++seen.values > MAX_VALUES)
    throw new AppError('INVALID_JSON', `JSON may have at most ${MAX_VALUES} values`)
  if (typeof value === 'string') checkText(value, path)
  if (typeof value !== 'object' || value === null) return
  if (depth === MAX_DEPTH)
    throw new AppError('INVALID_JSON', `JSON may be nested at most ${MAX_DEPTH} levels deep`)
  for (const [key, inner] of Object.entries(value)) {
    const at = `${path}/${pointerPart(key)}`
    if (REFUSED_KEYS.has(key)) refuse(at, 'is not a known field')
    checkText(key, at)
    check(inner, at, depth + 1, seen)
  }
}

/** Returns parsed JSON that is safe to copy and to store. Throws AppError otherwise. */
export const checkJson = (value: unknown): unknown => {
  check(value, '', 0, { values: 0 })
  return value
}

import type { TSchema } from '@sinclair/typebox'
import { type ValueError, ValueErrorType } from '@sinclair/typebox/errors'
import { TransformDecodeError, Value } from '@sinclair/typebox/value'
import type { ValidationError } from 'elysia'
import { AppError, type ErrorDetail } from '../core/errors.ts'
import { expectation } from './expectation.ts'

// Elysia knows this error by its class's name, and in a minified build it would let the unchecked value pass.
Object.defineProperty(TransformDecodeError, 'name', { value: 'TransformDecodeError' })

const MAX_DETAILS = 10
const MAX_PATH = 200

const PARTS: Readonly<Record<string, string>> = {
  query: 'query parameter',
  params: 'path parameter',
  headers: 'header',
  cookie: 'cookie',
}

/** Where the values of a request were read from: a failed conversion does not tell which of them it was. */
export interface Inputs {
  query?: Readonly<Record<string, unknown>>
  params?: Readonly<Record<string, unknown>>
}

const problemOf = ({ type, schema }: ValueError): string => {
  if (typeof schema.error === 'string') return schema.error
  if (type === ValueErrorType.ObjectRequiredProperty) return 'is required'
  if (type === ValueErrorType.ObjectAdditionalProperties) return UNKNOWN
  if (type === ValueErrorType.ArrayUniqueItems) return 'must not contain an entry twice'
  if (type === ValueErrorType.ObjectMinProperties) return `must have at least ${schema.minProperties} fields`
  if (type === ValueErrorType.ObjectMaxProperties) return `must have at most ${schema.maxProperties} fields`
  return `must be ${expectation(schema)}`
}

const UNKNOWN = 'is not a known field'

/** Names the part of the request that a message is about, unless it is the body. */
const inPart = (message: string, part: string): string => {
  const noun = PARTS[part]
  if (!noun) return message
  return message === UNKNOWN ? `is not a known ${noun}` : `${message} (${noun})`
}

const hasTagOf = (variant: TSchema, value: object): boolean =>
  Object.entries<TSchema>(variant.properties ?? {}).some(
    ([key, field]) => 'const' in field && field.const === Reflect.get(value, key),
  )

/** In a union of objects, the problems within the variant that the value's own tag names. */
const withinVariant = (error: ValueError): ValueError[] => {
  const { value } = error
  if (error.type !== ValueErrorType.Union || typeof value !== 'object' || value === null) return [error]
  const variants: TSchema[] = error.schema.anyOf ?? []
  const variant = variants.find((each) => hasTagOf(each, value))
  if (!variant) return [error]
  return [...Value.Errors(variant, value)].map((inner) => ({ ...inner, path: error.path + inner.path }))
}

const isValueError = (item: object): item is ValueError =>
  'schema' in item && 'type' in item && 'path' in item

const namedAfterValue = (error: ValidationError, inputs: Inputs): [part: string, path: string] => {
  for (const part of ['query', 'params'] as const)
    for (const [key, text] of Object.entries(inputs[part] ?? {}))
      if (Object.is(Number(text), Number(error.value))) return [part, `/${key}`]
  return ['query', '']
}

/** Turns a failed validation of a request into the answer: per field, what is allowed there. */
export const validationProblem = (error: ValidationError, inputs: Inputs): AppError => {
  const [part, root] =
    (error.type as string) === 'property' ? namedAfterValue(error, inputs) : [error.type, '']
  if (part === 'body' && (error.value === null || error.value === undefined))
    return new AppError('INVALID_JSON', 'a JSON body is required')
  const found = new Map<string, ErrorDetail>()
  for (const problem of error.all.filter(isValueError).flatMap(withinVariant)) {
    const pointer = (root + problem.path).slice(0, MAX_PATH)
    const path = part === 'headers' ? pointer.slice(1) : pointer
    if (!found.has(path)) found.set(path, { path, message: inPart(problemOf(problem), part) })
    if (found.size === MAX_DETAILS) break
  }
  const details = [...found.values()]
  const [first] = details
  const summary = first ? `${first.path || `the ${part}`} ${first.message}` : `the ${part} is not valid`
  const others = details.length > 1 ? `, and ${details.length - 1} more` : ''
  return new AppError('VALIDATION_ERROR', summary + others, details)
}

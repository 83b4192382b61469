import type { TSchema } from '@sinclair/typebox'

const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  'date-time': 'an ISO 8601 date and time',
  date: 'an ISO 8601 date',
  email: 'an e-mail address',
  uri: 'a URL',
  url: 'a URL',
}

/** Elysia's query types are unions of the wanted type and text in one of these formats. */
const COERCIONS: ReadonlySet<unknown> = new Set([
  'numeric',
  'integer',
  'boolean',
  'ObjectString',
  'ArrayString',
])

/** True for the text half of a schema that reads numbers or flags out of text. */
export const isCoercion = (schema: Readonly<Record<string, unknown>>): boolean =>
  schema.type === 'string' && COERCIONS.has(schema.format)

const range = (least: unknown, most: unknown, unit = ''): string => {
  if (least !== undefined && most !== undefined) return ` ${unit ? 'of' : 'from'} ${least} to ${most}${unit}`
  if (least !== undefined) return ` of at least ${least}${unit}`
  return most === undefined ? '' : ` of at most ${most}${unit}`
}

const numberPhrase = (schema: TSchema): string => {
  const noun = schema.type === 'integer' || schema.multipleOf === 1 ? 'a whole number' : 'a number'
  const above = schema.exclusiveMinimum === undefined ? '' : ` greater than ${schema.exclusiveMinimum}`
  const below = schema.exclusiveMaximum === undefined ? '' : ` less than ${schema.exclusiveMaximum}`
  return noun + range(schema.minimum, schema.maximum) + above + below
}

const textPhrase = (schema: TSchema): string => {
  const format = FORMATS[String(schema.format)]
  if (format) return format
  if (schema.pattern !== undefined) return `text that matches ${schema.pattern}`
  if (schema.minLength === 1 && schema.maxLength === undefined) return 'text that is not empty'
  return `text${range(schema.minLength, schema.maxLength, ' characters')}`
}

const unionPhrase = (variants: readonly TSchema[]): string => {
  const wanted = variants.filter((variant) => !isCoercion(variant))
  if (wanted.length > 1 && wanted.every((variant) => 'const' in variant))
    return `one of ${wanted.map((variant) => variant.const).join(', ')}`
  return [...new Set(wanted.map(expectation))].join(' or ')
}

/** What a schema allows, in words that follow "must be". */
export const expectation = (schema: TSchema): string => {
  if ('const' in schema) return String(schema.const)
  if (Array.isArray(schema.anyOf)) return unionPhrase(schema.anyOf)
  switch (schema.type) {
    case 'integer':
    case 'number':
      return numberPhrase(schema)
    case 'string':
      return textPhrase(schema)
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list${range(schema.minItems, schema.maxItems, ' entries')}`
    case 'object':
      return 'an object'
    case 'null':
      return 'null'
    default:
      return 'a valid value'
  }
}

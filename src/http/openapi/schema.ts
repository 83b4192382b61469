import { isCoercion } from '../expectation.ts'

export type Json = Record<string, unknown>

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Keywords that hold one schema, a list of schemas, or schemas by name. */
const ONE = ['items', 'additionalProperties', 'not']
const MANY = ['anyOf', 'allOf', 'oneOf']
const NAMED = ['properties', 'patternProperties']

/** Keywords of TypeBox and Elysia that mean nothing to a reader of the document. */
const INTERNAL = new Set(['$id', 'error', 'elysiaMeta'])

const NAME = /^[A-Z][A-Za-z0-9]*$/

/** Collects the schemas that carry a title as the document's components. */
export class Schemas {
  readonly components: Record<string, Json> = {}

  /** The schema as JSON Schema 2020-12, or a reference to it when its title names it. */
  convert(schema: Json): Json {
    const { title } = schema
    const converted = this.#body(schema)
    if (typeof title !== 'string' || !NAME.test(title)) return converted
    const known = this.components[title]
    // Two different schemas under one title: the second is spelled out rather than misdescribed.
    if (known && !Bun.deepEquals(known, converted)) return converted
    this.components[title] = converted
    return { $ref: `#/components/schemas/${title}` }
  }

  #body(schema: Json): Json {
    if (typeof schema.$ref === 'string') return { $ref: reference(schema.$ref) }
    const result: Json = {}
    for (const [key, value] of Object.entries(schema)) {
      if (INTERNAL.has(key)) continue
      if (ONE.includes(key) && isJson(value)) result[key] = this.convert(value)
      else if (MANY.includes(key) && Array.isArray(value))
        result[key] = value.filter(isJson).map((each) => this.convert(each))
      else if (NAMED.includes(key) && isJson(value)) result[key] = this.#named(value)
      else result[key] = value
    }
    const whole = Array.isArray(result.anyOf) ? simplified(result, result.anyOf.filter(isJson)) : result
    return whole.multipleOf === 1 ? integer(whole) : whole
  }

  #named(schemas: Json): Json {
    return Object.fromEntries(
      Object.entries(schemas).map(([name, each]) => [name, isJson(each) ? this.convert(each) : each]),
    )
  }
}

/** Queries spell integers as numbers in steps of one, which is the spelling that Elysia reads out of text. */
const integer = ({ multipleOf: _one, ...rest }: Json): Json => ({ ...rest, type: 'integer' })

const reference = (target: string): string =>
  target.startsWith('#') ? target : `#/components/schemas/${target}`

const simplified = (union: Json, variants: Json[]): Json => {
  const { anyOf: _anyOf, ...rest } = union
  const wanted = variants.filter((each) => !isCoercion(each))
  const [only] = wanted
  if (wanted.length === 1 && only) return { ...only, ...rest }
  if (wanted.length > 0 && wanted.every((each) => typeof each.const === 'string'))
    return { type: 'string', enum: wanted.map((each) => each.const), ...rest }
  return { ...rest, anyOf: wanted }
}

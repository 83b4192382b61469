import fc from 'fast-check'
import type { OpenApi, Schema } from '../support/openapi.ts'
import { hostileJson, hostileKey } from './hostile.ts'
import { PAYABLE, pooled, RECEIVER } from './pool.ts'

/** One field of an object as it is written: its name, and its value as JSON. */
type Pair = readonly [key: string, json: string]

const textOf = (pairs: readonly Pair[]): string =>
  `{${pairs.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(',')}}`

const quoted = (text: fc.Arbitrary<string>) => text.map((each) => JSON.stringify(each))

const CURRENCIES = ['USD', 'EUR', 'GBP', 'CHF', 'CAD', 'AUD', 'JPY', 'SGD', 'MXN', 'BRL', 'XXX']
/** Loopback alone: what is registered may be connected to. */
const TARGETS = [
  'http://127.0.0.1:1/hook',
  'http://127.0.0.1:65535/',
  'http://[::1]:1/hook',
  'https://127.0.0.1:1/x?y=1',
]
/** Some arm the sandbox's faults, so that payments take every way. */
const NAMES = [
  'payer',
  'payee',
  'merchant456',
  'refuse_onramp',
  'fail_onramp',
  'refuse_offramp',
  'fail_offramp_once',
  'Łukasz Ñandú 株式会社',
]

/** What a field of that name usually holds; the schema alone would hardly ever hit it. */
const BY_NAME: Readonly<Record<string, fc.Arbitrary<string>>> = {
  id: pooled('payments'),
  quote_id: pooled('quotes'),
  recommendation_id: pooled('recommendation_id'),
  payment_id: pooled('payments'),
  endpoint_id: pooled('webhooks_endpoints'),
  event_id: pooled('webhooks_events'),
  delivery_ids: pooled('webhooks_deliveries'),
  from_currency: fc.constantFrom(...CURRENCIES),
  to_currency: fc.constantFrom(...CURRENCIES),
  currency: fc.constantFrom(...CURRENCIES),
  url: fc.oneof(pooled(RECEIVER), fc.constantFrom(...TARGETS)),
  search: fc.oneof(pooled('payments'), pooled('quotes'), fc.constantFrom(...NAMES, 'e', '_')),
  source_account: fc.constantFrom(...NAMES),
  destination_account: fc.constantFrom(...NAMES),
  destination_country: fc.constantFrom('Germany', 'DE', 'deu', 'Côte d’Ivoire', 'Atlantis'),
}

const textFor = (schema: Schema, name: string): fc.Arbitrary<string> => {
  const known = BY_NAME[name]
  if (known) return known
  if (schema.format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date('1970-01-01'), max: new Date('9999-12-31') })
      .map((date) => date.toISOString())
  if (schema.format === 'uuid') return fc.uuid()
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern))
  const { minLength = 0, maxLength = 300 } = schema
  const ofLength = (length: number) => fc.string({ minLength: length, maxLength: length })
  return fc.oneof(
    fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 20) }),
    ofLength(minLength),
    ofLength(maxLength),
  )
}

const numberFor = ({ minimum = -1_000, maximum = 1_000_000 }: Schema): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: Math.max(minimum, 1), max: Math.min(maximum, 500_000) }) },
    { weight: 1, arbitrary: fc.constantFrom(minimum, maximum, Math.min(maximum, 100_000)) },
  )

/** Values that the document allows, as JSON. */
export const createValues = ({ components }: OpenApi) => {
  const target = (schema: Schema): Schema =>
    schema.$ref ? target(components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}) : schema

  const pairs = (schema: Schema): fc.Arbitrary<readonly Pair[]> => {
    const { properties = {}, required = [] } = target(schema)
    const fields = Object.entries(properties).map(([name, inner]) => {
      const pair = json(inner, name).map((text): Pair[] => [[name, text]])
      return required.includes(name) ? pair : fc.option(pair, { nil: [], freq: 2 })
    })
    return fc.tuple(...fields).map((found) => found.flat())
  }

  const json = (given: Schema, name = ''): fc.Arbitrary<string> => {
    const schema = target(given)
    if ('const' in schema) return fc.constant(JSON.stringify(schema.const))
    if (schema.enum) return fc.constantFrom(...schema.enum.map((each) => JSON.stringify(each)))
    if (schema.anyOf) return fc.oneof(...schema.anyOf.map((each) => json(each, name)))
    switch (schema.type) {
      case 'string':
        return quoted(textFor(schema, name))
      case 'integer':
        return numberFor(schema).map(String)
      case 'boolean':
        return fc.constantFrom('true', 'false')
      case 'array':
        return fc
          .array(json(schema.items ?? {}, name), { minLength: schema.minItems ?? 0, maxLength: 3 })
          .map((items) => `[${items.join()}]`)
      case 'object':
        return pairs(schema).map(textOf)
      default:
        return fc.constant('null')
    }
  }

  /** A whole body with one thing wrong: a value, a field too few, too many or twice. */
  const spoilt = (schema: Schema): fc.Arbitrary<string> =>
    fc
      .tuple(pairs(schema), fc.nat(), hostileJson, hostileKey, fc.nat({ max: 5 }))
      .map(([found, at, bad, key, what]) => {
        const index = at % Math.max(1, found.length)
        const name = found[index]?.[0] ?? 'x'
        if (what === 0) return textOf(found.filter((_pair, each) => each !== index))
        if (what === 1) return textOf([...found, [key, bad]])
        if (what === 2) return textOf([[name, bad], ...found])
        return textOf(found.map((pair, each) => (each === index ? [name, bad] : pair)))
      })

  const payment = fc
    .tuple(fc.nat({ max: 20 }), fc.constantFrom(...NAMES), fc.constantFrom(...NAMES))
    .map(
      ([index, from, to]) =>
        `{@${PAYABLE}:${index}@,"source_account":"${from}","destination_account":"${to}"}`,
    )

  return { json, spoilt, text: (schema: Schema, name: string) => json(schema, name).map(bare), payment }
}

/** A value as it stands in a URL or a header: without the quotes of JSON. */
const bare = (json: string): string => (json.startsWith('"') ? JSON.parse(json) : json)

export type Values = ReturnType<typeof createValues>

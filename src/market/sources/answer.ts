import type { Static, TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { decimalWithin, parseExact } from '../../core/decimal.ts'
import { SourceError, type SourceFailure, type SourceName } from '../source.ts'

/** How far a source's clock may be ahead of ours: more would keep its data fresh for too long. */
const AHEAD_MS = 5 * 60_000

/** `found` continues a sentence that starts with the source's name. It must hold no text that the source sent. */
export const failure = (
  name: SourceName,
  reason: SourceFailure,
  found: string,
  retryAfterMs?: number,
): SourceError => new SourceError(reason, `${name} ${found}`, retryAfterMs)

/** The JSON of an answer, its numbers as text. Throws SourceError `not_json`. */
export const parseAnswer = (name: SourceName, body: string): unknown => {
  try {
    return parseExact(body)
  } catch {
    throw failure(name, 'not_json', 'answered with something that is not JSON')
  }
}

/** The answer as the shape that is documented. Throws SourceError `unexpected_shape` naming the first field that is not. */
export const inShape = <S extends TSchema>(name: SourceName, schema: S, answer: unknown): Static<S> => {
  if (Value.Check(schema, answer)) return answer
  // Only fields that the schema names come up here, never a key of the answer's own.
  const path = Value.Errors(schema, answer).First()?.path ?? ''
  throw failure(
    name,
    'unexpected_shape',
    `answered in another shape than documented, at ${path || 'the top'}`,
  )
}

/** Throws SourceError `stale` for data older than the limit, and `absurd` for data from the future. */
export const checkAge = (name: SourceName, atMs: number, nowMs: number, limitMs: number): void => {
  if (nowMs - atMs > limitMs) throw failure(name, 'stale', 'answered with data that is too old')
  if (atMs - nowMs > AHEAD_MS) throw failure(name, 'absurd', 'answered with data from the future')
}

/** Epoch milliseconds of an ISO 8601 time. Throws SourceError `unexpected_shape`. */
export const instantOf = (name: SourceName, text: string): number => {
  const at = Date.parse(text)
  if (Number.isNaN(at)) throw failure(name, 'unexpected_shape', 'answered with a time that cannot be read')
  return at
}

/** The numeral as a `Decimal`. Throws SourceError `absurd` when it is not between the bounds, in 10^-10ths. */
export const plausible = (
  name: SourceName,
  what: string,
  numeral: string,
  bounds: readonly [bigint, bigint],
): string => {
  const decimal = decimalWithin(numeral, bounds)
  if (decimal === null) throw failure(name, 'absurd', `answered with an absurd ${what}`)
  return decimal
}

/** The whole number as text. Throws SourceError `absurd` for zero, less, and more than `most`. */
export const plausibleWhole = (name: SourceName, what: string, units: bigint, most: bigint): string => {
  if (units <= 0n || units > most) throw failure(name, 'absurd', `answered with an absurd ${what}`)
  return units.toString()
}

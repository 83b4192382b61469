import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { UnixSeconds } from '../../core/decimal.ts'
import { oneOf } from '../../core/schema.ts'
import type { Source } from '../source.ts'
import { checkAge, failure, inShape, parseAnswer } from './answer.ts'
import { FiatMids, fiatPerUsd, GivenRates } from './mids.ts'

const NAME = 'exchangerate_api'

const DAY_MS = 86_400_000

/** Rates come once a day. Bounds their age when the time of the next ones is far off by a mistake. */
const MOST_AGE_MS = 7 * DAY_MS

// The keyless v6 answers with `rates`, the keyed one with `conversion_rates` and sometimes without `time_eol_unix`.
const Answer = Type.Object({
  result: Type.Literal('success'),
  base_code: Type.String(),
  time_last_update_unix: UnixSeconds,
  time_next_update_unix: UnixSeconds,
  time_eol_unix: Type.Optional(UnixSeconds),
  rates: Type.Optional(GivenRates),
  conversion_rates: Type.Optional(GivenRates),
})

const Refusal = Type.Object({ result: Type.Literal('error') })

const DocumentedRefusal = Type.Object({
  'error-type': oneOf([
    'unsupported-code',
    'malformed-request',
    'invalid-key',
    'inactive-account',
    'quota-reached',
    'plan-upgrade-required',
    'no-data-available',
  ]),
})

const LegacyV4 = Type.Object({ base: Type.String(), time_last_updated: UnixSeconds })

const checkRefusal = (answer: unknown): void => {
  if (Value.Check(LegacyV4, answer))
    throw failure(
      NAME,
      'unexpected_shape',
      'answered in the shape of v4, whose two to three decimals are not enough for a quote: use v6',
    )
  if (!Value.Check(Refusal, answer)) return
  const why = Value.Check(DocumentedRefusal, answer)
    ? `: ${answer['error-type']}`
    : ' for a reason that is not documented'
  throw failure(NAME, 'refused', `refused to answer${why}`)
}

const millis = (seconds: string): number => Number(seconds) * 1000

const read = (body: string, nowMs: number): FiatMids => {
  const json = parseAnswer(NAME, body)
  checkRefusal(json)
  const answer = inShape(NAME, Answer, json)
  if (answer.base_code !== 'USD')
    throw failure(NAME, 'unexpected_shape', 'answered with rates for another base than USD')
  const publishedAt = millis(answer.time_last_update_unix)
  checkAge(NAME, publishedAt, nowMs, MOST_AGE_MS)
  if (nowMs - millis(answer.time_next_update_unix) > DAY_MS)
    throw failure(NAME, 'stale', 'answered with rates whose successors are more than a day late')
  const endsAt = millis(answer.time_eol_unix ?? '0')
  return {
    published_at: publishedAt,
    fiat_per_usd: fiatPerUsd(NAME, answer.rates ?? answer.conversion_rates ?? {}),
    ...(endsAt === 0 ? {} : { ends_at: endsAt }),
  }
}

/**
 * The daily mids of exchangerate-api.com in v6, keyless (`rates`) or with a key (`conversion_rates`).
 * https://www.exchangerate-api.com/docs/free and /docs/standard-requests
 */
export const exchangerateApi = (url: string, key?: string): Source<FiatMids> => ({
  name: NAME,
  request: { url, method: 'GET', headers: key ? { authorization: `Bearer ${key}` } : {} },
  value: FiatMids,
  read,
})

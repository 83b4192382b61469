import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { Integer, Numeral, scaled, UnixMillis } from '../../core/decimal.ts'
import type { Source } from '../source.ts'
import { checkAge, failure, inShape, parseAnswer, plausibleWhole } from './answer.ts'

const NAME = 'beaconchain'

/** Its server estimates anew every minute. */
const MOST_AGE_MS = 10 * 60_000

/** 5,000 gwei, at which one transfer would cost a third of an ETH: no price to go by, even when it is true. */
const MOST_WEI = 5_000_000_000_000n

const Answer = Type.Object({
  code: Type.Literal('200'),
  data: Type.Object({ standard: Numeral, fast: Numeral, timestamp: UnixMillis }),
})

// Errors come with words in `status` and `data: null`, or with a code of their own.
const Refusal = Type.Union([
  Type.Object({ data: Type.Null() }),
  Type.Object({ code: Type.String({ pattern: '^(?!200$)\\d{1,5}$' }) }),
])

/** Gas on Ethereum. */
export const EthereumGas = Type.Object({
  /** Wei for a unit of gas at which a transaction is taken within about three minutes. */
  wei: Integer,
  /** The same within about one minute. */
  fast_wei: Integer,
  /** Epoch milliseconds of the estimate. */
  at: Type.Integer(),
})
export type EthereumGas = Static<typeof EthereumGas>

const weiOf = (tier: string): string => plausibleWhole(NAME, 'gas price', scaled(tier, 0), MOST_WEI)

const read = (body: string, nowMs: number): EthereumGas => {
  const json = parseAnswer(NAME, body)
  if (Value.Check(Refusal, json)) throw failure(NAME, 'refused', 'refused to answer')
  const { standard, fast, timestamp } = inShape(NAME, Answer, json).data
  const at = Number(timestamp)
  checkAge(NAME, at, nowMs, MOST_AGE_MS)
  return { wei: weiOf(standard), fast_wei: weiOf(fast), at }
}

/** Gas on Ethereum from beaconcha.in's gasnow, in wei. https://docs.beaconcha.in */
export const beaconchain = (url: string, key?: string): Source<EthereumGas> => ({
  name: NAME,
  request: { url, method: 'GET', headers: key ? { apikey: key } : {} },
  value: EthereumGas,
  read,
})

import { type Static, Type } from '@sinclair/typebox'
import { FIAT_CURRENCIES } from '../core/currency.ts'
import { strict } from '../core/schema.ts'

/** How long a quote can be paid, in seconds. */
export const QUOTE_SECONDS = 60

export const CurrencyCode = Type.String({
  pattern: '^[A-Z]{3}$',
  error: 'must be an ISO 4217 code of three capital letters',
  description: `ISO 4217 code: ${FIAT_CURRENCIES.join(', ')}`,
  examples: ['USD'],
})

const Bps = (why: string) =>
  Type.Integer({
    minimum: 0,
    description: `Hundredths of a percent that exchange_rate was lowered by ${why}`,
  })
const MinorUnits = (description: string) => Type.Integer({ minimum: 0, description })

export const QuoteRequest = strict(
  {
    from_currency: CurrencyCode,
    to_currency: CurrencyCode,
    amount: Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'What the payer hands in, in minor units of from_currency (100000 is 1,000.00 USD)',
    }),
    recommendation_id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description:
          'From POST /fees/calculate, for the same amount and currencies: locks its route and its fees',
      }),
    ),
  },
  { examples: [{ from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }] },
)

const EXAMPLE = {
  quote_id: 'quote_a1b2c3d4-e5f6-7890-abcd-ef1234567890',
  amount: 100_000,
  currency: 'USD',
  exchange_rate: 0.92049,
  fees: { platform_fee: 2100, onramp_fee: 1050, offramp_fee: 1575, total_fees: 4725, currency: 'USD' },
  guaranteed_payout: 87_699,
  payout_currency: 'EUR',
  expires_at: '2026-11-23T12:01:00.000Z',
  valid_for_seconds: 60,
  rate_source: 'fallback',
  provider: 'sandbox_a',
  route: { chain: 'base', onramp: 'sandbox_a', offramp: 'sandbox_a' },
  market_buffer_bps: 0,
  lock_buffer_bps: 0,
  recommendation_id: null,
} as const

/** A quote's fees, one line each. */
export const FeeLines = strict({
  platform_fee: MinorUnits('Minor units of the source currency'),
  onramp_fee: MinorUnits('Minor units of the source currency'),
  offramp_fee: MinorUnits('Minor units of the source currency'),
  gas_cost: Type.Optional(MinorUnits('Only with a recommendation: what the chain takes')),
  risk_premium: Type.Optional(MinorUnits('Only with a recommendation')),
  total_fees: MinorUnits('Sum of the others'),
  currency: Type.String(),
})

/** The chain and the providers that a quote was priced for. */
export const Route = strict({ chain: Type.String(), onramp: Type.String(), offramp: Type.String() })

const properties = {
  quote_id: Type.String({ description: 'quote_ and a UUID' }),
  amount: MinorUnits('Source amount, minor units'),
  currency: Type.String(),
  exchange_rate: Type.Number({
    description:
      'Major units of the target per major unit of the source; the payout is the net amount times this, rounded down',
  }),
  fees: FeeLines,
  guaranteed_payout: MinorUnits('What the payee gets, minor units of payout_currency'),
  payout_currency: Type.String(),
  expires_at: Type.String({ format: 'date-time' }),
  valid_for_seconds: Type.Integer({ minimum: 0, maximum: QUOTE_SECONDS }),
  rate_source: Type.Union([Type.Literal('live'), Type.Literal('cached'), Type.Literal('fallback')], {
    description: 'Where the mid rate came from; fallback is a built-in sample table',
  }),
  provider: Type.String({ description: 'Provider whose executable rate this is' }),
  route: Route,
  market_buffer_bps: Bps('because the market data was doubted'),
  lock_buffer_bps: Bps('as the price of the lock'),
  recommendation_id: Type.Union([Type.String(), Type.Null()], {
    description: 'The recommendation whose route and fees are locked',
  }),
}

export const Quote = strict(properties, { examples: [EXAMPLE] })

export const QuoteWithStatus = strict(
  {
    ...properties,
    status: Type.Union([Type.Literal('open'), Type.Literal('used'), Type.Literal('expired')]),
  },
  { examples: [{ ...EXAMPLE, status: 'open' }] },
)

export type QuoteRequest = Static<typeof QuoteRequest>
export type Quote = Static<typeof Quote>
export type QuoteWithStatus = Static<typeof QuoteWithStatus>

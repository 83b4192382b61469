import { type Static, Type } from '@sinclair/typebox'
import { Nullable, oneOf, strict } from '../core/schema.ts'
import { RATE_SOURCES } from '../market/facts.ts'
import { SOURCE_NAMES } from '../market/source.ts'
import { CHAINS } from '../providers/port.ts'
import { CurrencyCode } from '../quotes/model.ts'

/** How soon the money is wanted. */
export const PRIORITIES = ['standard', 'express', 'economy'] as const
export type Priority = (typeof PRIORITIES)[number]

export const CUSTOMER_TIERS = ['standard', 'business', 'premium', 'enterprise'] as const
export type CustomerTier = (typeof CUSTOMER_TIERS)[number]

export const FeeRequest = strict(
  {
    amount: Type.Integer({
      minimum: 1,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'What the payer hands in, in minor units of from_currency (100000 is 1,000.00 USD)',
    }),
    from_currency: CurrencyCode,
    to_currency: CurrencyCode,
    destination_country: Type.Optional(
      Type.String({
        minLength: 2,
        maxLength: 100,
        description: 'ISO 3166 country by English name or by code: Germany, DE or DEU',
      }),
    ),
    priority: Type.Optional(
      oneOf(PRIORITIES, { default: 'standard', description: 'How soon the money is wanted' }),
    ),
    customer_tier: Type.Optional(oneOf(CUSTOMER_TIERS, { default: 'standard', description: 'Who pays' })),
  },
  {
    examples: [
      {
        amount: 100_000,
        from_currency: 'USD',
        to_currency: 'EUR',
        destination_country: 'Germany',
        priority: 'standard',
        customer_tier: 'standard',
      },
    ],
  },
)

const MinorUnits = (description: string) => Type.Integer({ minimum: 0, description })

const Candidate = strict({
  chain: oneOf(CHAINS),
  gas_usd: Type.String({ description: 'US dollars for the transfer, an exact decimal' }),
  gas_cost: MinorUnits('The same in minor units of from_currency, to the nearest'),
  total_fee: MinorUnits('All fees on this chain, without a risk premium'),
  settlement_time: Type.String(),
  score: Type.Integer({ minimum: 0, maximum: 1000, description: 'By the rules; higher is better' }),
  eligible: Type.Boolean(),
  reason: Nullable(Type.String({ description: 'Why it may not be used' })),
})

export const FeeAnswer = strict(
  {
    recommendation_id: Type.String({
      description: 'rec_ and a UUID; give it to POST /quotes to lock route and fees',
    }),
    total_fee: MinorUnits('Sum of the breakdown, minor units of currency'),
    currency: Type.String({ description: 'from_currency' }),
    fee_breakdown: strict({
      platform_fee: MinorUnits('Minor units'),
      onramp_fee: MinorUnits('Minor units'),
      offramp_fee: MinorUnits('Minor units'),
      gas_cost: MinorUnits('Minor units'),
      risk_premium: MinorUnits('Minor units'),
    }),
    recommended_provider: strict({
      onramp: Type.String(),
      offramp: Type.String(),
      chain: oneOf(CHAINS),
      reasoning: Type.String({ description: 'Text to show; may be a model’s, so treat it as untrusted' }),
    }),
    estimated_settlement_time: Type.String(),
    confidence_score: Type.Number({ minimum: 0, maximum: 1 }),
    risk_factors: Type.Array(Type.String()),
    source: oneOf(['claude', 'cache', 'rules'], {
      description:
        'Who chose: the model now, the model a moment ago for the same question, or the rules alone',
    }),
    fallback_reason: Nullable(
      Type.String({ description: 'Why the rules chose although a model may be asked' }),
    ),
    market: Type.Array(
      strict({
        source: oneOf(SOURCE_NAMES),
        status: oneOf(RATE_SOURCES),
        age_seconds: Nullable(Type.Integer({ minimum: 0 })),
      }),
    ),
    candidates: Type.Array(Candidate),
    expires_at: Type.String({ format: 'date-time', description: 'Until when it can be turned into a quote' }),
  },
  {
    examples: [
      {
        recommendation_id: 'rec_0198c3a2-7f1e-7d4b-9a55-1f2e3d4c5b6a',
        total_fee: 3200,
        currency: 'USD',
        fee_breakdown: {
          platform_fee: 2000,
          onramp_fee: 700,
          offramp_fee: 500,
          gas_cost: 0,
          risk_premium: 0,
        },
        recommended_provider: {
          onramp: 'sandbox_a',
          offramp: 'sandbox_a',
          chain: 'base',
          reasoning:
            'Base scores highest of 5 eligible chains: gas 0.00097 USD, usually settled in 3 to 5 minutes.',
        },
        estimated_settlement_time: '3-5 minutes',
        confidence_score: 0.75,
        risk_factors: [],
        source: 'rules',
        fallback_reason: 'no_key',
        market: [{ source: 'exchangerate_api', status: 'live', age_seconds: 12 }],
        candidates: [
          {
            chain: 'base',
            gas_usd: '0.00097',
            gas_cost: 0,
            total_fee: 3200,
            settlement_time: '3-5 minutes',
            score: 978,
            eligible: true,
            reason: null,
          },
        ],
        expires_at: '2026-11-23T12:02:00.000Z',
      },
    ],
  },
)

export type FeeRequest = Static<typeof FeeRequest>
export type FeeAnswer = Static<typeof FeeAnswer>

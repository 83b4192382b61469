import { type Static, Type } from '@sinclair/typebox'
import { FIAT_CURRENCIES } from '../core/currency.ts'
import { Nullable, oneOf, strict } from '../core/schema.ts'
import { BREAKER_STATES } from './guard.ts'
import { CHAINS, PROVIDER_HEALTH } from './port.ts'

const Reach = (leg: string) =>
  Nullable(
    strict(
      {
        currencies: Type.Array(oneOf(FIAT_CURRENCIES)),
        chains: Type.Array(oneOf(CHAINS)),
        least_usd_cents: Type.Integer({ minimum: 0, description: 'Least that one operation may be worth' }),
        most_usd_cents: Type.Integer({ minimum: 0, description: 'Most that one operation may be worth' }),
      },
      { description: `Null for one that carries out no ${leg}` },
    ),
  )

const ProviderState = strict({
  name: Type.String(),
  sandbox: Type.Boolean({ description: 'Whether it only plays: no real money moves there' }),
  health: oneOf(PROVIDER_HEALTH, { description: 'By its own word, or its status page’s' }),
  breaker: oneOf(BREAKER_STATES, {
    description:
      'open: nothing is sent there, after ten failed calls in a row. half_open: the rest is over, and the next call tries',
  }),
  failing: Type.Boolean({
    description: 'Whether half of the newest calls or more have failed, so that others are preferred',
  }),
  onramp: Reach('on-ramps'),
  offramp: Reach('off-ramps'),
})

/** The providers as one process knows them. */
export const ProviderList = strict(
  { data: Type.Array(ProviderState, { description: 'In the order in which they are configured' }) },
  {
    title: 'ProviderList',
    examples: [
      {
        data: [
          {
            name: 'sandbox_a',
            sandbox: true,
            health: 'operational',
            breaker: 'closed',
            failing: false,
            onramp: {
              currencies: ['EUR', 'USD'],
              chains: ['base', 'ethereum'],
              least_usd_cents: 100,
              most_usd_cents: 100_000_000,
            },
            offramp: null,
          },
        ],
      },
    ],
  },
)

export type ProviderList = Static<typeof ProviderList>

import { type Static, Type } from '@sinclair/typebox'
import { FIAT_CURRENCIES, type Fiat } from '../core/currency.ts'
import { Nullable, oneOf, strict, Timestamp } from '../core/schema.ts'
import { CHAINS } from '../providers/port.ts'
import { DOUBTS, HEALTH, RATE_SOURCES } from './facts.ts'
import { SOURCE_NAMES } from './source.ts'

const Source = oneOf(RATE_SOURCES, {
  description: 'live for two minutes, then cached, and fallback where a built-in sample is used instead',
})
const Usd = Type.String({ description: 'US dollars, an exact decimal' })
const Health = oneOf(HEALTH)
const FiatPerUsd = strict(
  Object.fromEntries(FIAT_CURRENCIES.map((code) => [code, Type.String()])) as Record<
    Fiat,
    ReturnType<typeof Type.String>
  >,
  { description: 'Units of each currency for one US dollar, exact decimals' },
)

const SourceState = strict({
  name: oneOf(SOURCE_NAMES),
  status: Source,
  age_seconds: Nullable(
    Type.Integer({ minimum: 0, description: 'Since its last good answer; null without one' }),
  ),
  failures: Type.Integer({
    minimum: 0,
    description: 'Since its last good answer, as far as this process knows of them',
  }),
  failure: Nullable(Type.String({ description: 'Reason of the last of them, such as timeout' })),
  value: Nullable(
    Type.Record(Type.String(), Type.Unknown(), {
      description:
        'What it last said, also when that is too old to be used. The fields are those of the source; decimals and large integers are text, times are epoch milliseconds',
    }),
  ),
})

const Gas = strict({
  chain: oneOf(CHAINS),
  price: Type.String({ description: 'An integer in the unit' }),
  usual: Type.String({ description: 'What the chain usually costs at most, in the same unit' }),
  unit: oneOf(['wei', 'micro_lamports'], {
    description: 'wei for one unit of gas, micro-lamports for one compute unit',
  }),
  source: Source,
  transfer_usd: Type.String({
    description: 'US dollars that one transfer of USDC costs now, an exact decimal',
  }),
})

const EXAMPLE = {
  at: '2026-11-23T12:00:00.000Z',
  sources: [
    {
      name: 'beaconchain',
      status: 'live',
      age_seconds: 12,
      failures: 0,
      failure: null,
      value: { wei: '900000000', fast_wei: '1100000000', at: 1_795_435_180_000 },
    },
    {
      name: 'coingecko',
      status: 'cached',
      age_seconds: 190,
      failures: 2,
      failure: 'rate_limited',
      value: { ETH: '2486.47', SOL: '131.2', POL: '0.100652', USDC: '0.99987', at: 1_795_434_990_000 },
    },
  ],
  fx: {
    fiat_per_usd: {
      AUD: '1.51',
      BRL: '5.12',
      CAD: '1.365',
      CHF: '0.889',
      EUR: '0.92049',
      GBP: '0.785',
      JPY: '155.2',
      MXN: '17.05',
      SGD: '1.348',
      USD: '1',
    },
    source: 'live',
    doubts: [],
  },
  gas: [
    {
      chain: 'ethereum',
      price: '900000000',
      usual: '2000000000',
      unit: 'wei',
      source: 'live',
      transfer_usd: '0.145458495',
    },
  ],
  usd: { ETH: '2486.47', POL: '0.100652', SOL: '131.2', USDC: '0.99987' },
  circle: {
    overall: 'operational',
    base: 'operational',
    polygon: 'operational',
    arbitrum: 'operational',
    solana: 'operational',
    ethereum: 'degraded',
  },
}

/** The market as one process knows it. */
export const MarketView = strict(
  {
    at: Timestamp,
    sources: Type.Array(SourceState, { description: 'All of them, those that are not asked too' }),
    fx: strict({
      fiat_per_usd: FiatPerUsd,
      source: Source,
      doubts: Type.Array(oneOf(DOUBTS), { description: 'Why the rates are doubted; none when empty' }),
    }),
    gas: Type.Array(Gas),
    usd: strict({ ETH: Usd, POL: Usd, SOL: Usd, USDC: Usd }, { description: 'What one coin is worth' }),
    circle: strict(
      {
        overall: Health,
        base: Health,
        polygon: Health,
        arbitrum: Health,
        solana: Health,
        ethereum: Health,
      },
      { description: 'What the issuer of USDC says of its service, and of each chain' },
    ),
  },
  { title: 'Market', examples: [EXAMPLE] },
)

export type MarketView = Static<typeof MarketView>

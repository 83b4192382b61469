import { type Static, Type } from '@sinclair/typebox'
import { t } from 'elysia'
import { oneOf, strict } from '../core/schema.ts'
import { RATE_SOURCES } from '../market/facts.ts'
import { KEPT_DAYS } from '../market/lock-price.ts'
import { CurrencyCode } from '../quotes/model.ts'

const MinorUnits = (description: string) => Type.Integer({ description })

/** How many days back the realised results and the share of late payments go, unless the caller says. */
export const DEFAULT_DAYS = 30

export const ExposureQuery = strict({
  days: t.Optional(
    // A query parameter is text, which only Elysia's own numbers are read out of.
    t.Numeric({
      minimum: 1,
      maximum: 366,
      multipleOf: 1,
      default: DEFAULT_DAYS,
      description: 'Days back, today included',
    }),
  ),
})

const OpenLock = strict({
  from_currency: Type.String(),
  to_currency: Type.String(),
  payments: MinorUnits('Payments whose payout is promised and not yet made'),
  locked_payout: MinorUnits('What they were promised, minor units of to_currency'),
  present_payout: MinorUnits(
    'What the same money would pay out at the present mid, minor units of to_currency',
  ),
  unrealised: MinorUnits('present_payout less locked_payout: a gain of ours when positive'),
  rate_source: oneOf(RATE_SOURCES, { description: 'Where the present mid comes from' }),
  oldest_settle_by: Type.String({ format: 'date-time' }),
})

const Realised = strict({
  day: Type.String({ format: 'date', description: 'UTC' }),
  payments: MinorUnits('Payments that were completed'),
  fx_spread: MinorUnits('What the quotes had planned to keep, minor units of USDC'),
  fx_gain_loss: MinorUnits('What the locks gained or, when negative, lost; minor units of USDC'),
})

export const Exposure = strict(
  {
    open: Type.Array(OpenLock),
    realised: Type.Array(Realised, {
      description: 'Newest day first; days without a completed payment are left out',
    }),
    late: strict({
      payments: MinorUnits('Payments created within these days that have ended or are past settle_by'),
      late: MinorUnits('Those that ended after settle_by, or are past it'),
      share: Type.Number({ minimum: 0, maximum: 1, description: '0 when there are none' }),
    }),
  },
  {
    examples: [
      {
        open: [
          {
            from_currency: 'USD',
            to_currency: 'EUR',
            payments: 2,
            locked_payout: 175_398,
            present_payout: 175_460,
            unrealised: 62,
            rate_source: 'live',
            oldest_settle_by: '2026-11-23T14:00:00.000Z',
          },
        ],
        realised: [{ day: '2026-11-23', payments: 41, fx_spread: 12_500, fx_gain_loss: -721_532 }],
        late: { payments: 43, late: 0, share: 0 },
      },
    ],
  },
)

/** How many days back the price of a lock is shown, unless the caller says. */
export const DEFAULT_LOCK_DAYS = 90

export const LockBufferQuery = strict({
  from_currency: CurrencyCode,
  to_currency: CurrencyCode,
  days: t.Optional(
    t.Numeric({
      minimum: 1,
      maximum: KEPT_DAYS,
      multipleOf: 1,
      default: DEFAULT_LOCK_DAYS,
      description: 'Days back from now',
    }),
  ),
})

const Bps = (description: string) => Type.Integer({ minimum: 0, description })

export const LockBuffer = strict(
  {
    from_currency: Type.String(),
    to_currency: Type.String(),
    current_bps: Bps('Hundredths of a percent that a quote is lowered by now, as in its lock_buffer_bps'),
    default_bps: Bps('What it is while too little has been published to measure'),
    min_bps: Bps('Least that is measured'),
    max_bps: Bps('Most that is measured'),
    points: Type.Array(
      strict({
        at: Type.String({ format: 'date-time', description: 'When the rate was published' }),
        bps: Bps('What was measured on everything published up to then'),
      }),
      { description: 'One for each publication within the days, oldest first' },
    ),
  },
  {
    title: 'LockBuffer',
    examples: [
      {
        from_currency: 'USD',
        to_currency: 'EUR',
        current_bps: 14,
        default_bps: 0,
        min_bps: 0,
        max_bps: 100,
        points: [
          { at: '2026-11-22T00:00:01.000Z', bps: 13 },
          { at: '2026-11-23T00:00:01.000Z', bps: 14 },
        ],
      },
    ],
  },
)

export type LockBufferQuery = Static<typeof LockBufferQuery>
export type LockBuffer = Static<typeof LockBuffer>
export type ExposureQuery = Static<typeof ExposureQuery>
export type Exposure = Static<typeof Exposure>

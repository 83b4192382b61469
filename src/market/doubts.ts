import { RATE_UNITS, type Rate } from '../core/rate.ts'

const BPS = 10_000n

/** How far off the market data may be before it is doubted, in hundredths of a percent. */
export interface Tolerances {
  /** Between the two exchange rate sources, for each currency by itself. */
  fxToleranceBps: number
  /** Between USDC and one US dollar. */
  usdcToleranceBps: number
}

/** Multiplied out rather than divided, so that nothing is rounded and exactly the tolerance still passes. */
const isBeyond = (value: bigint, reference: bigint, toleranceBps: number): boolean => {
  const difference = value > reference ? value - reference : reference - value
  return difference * BPS > reference * BigInt(toleranceBps)
}

/** Whether |first / second - 1| of one currency's mids from the two sources is beyond the tolerance. */
export const ratesDisagree = (first: Rate, second: Rate, { fxToleranceBps }: Tolerances): boolean =>
  isBeyond(first, second, fxToleranceBps)

/** Whether US dollars for one USDC are further from 1 than the tolerance, above or below. */
export const usdcOffPeg = (usdPerUsdc: Rate, { usdcToleranceBps }: Tolerances): boolean =>
  isBeyond(usdPerUsdc, RATE_UNITS, usdcToleranceBps)

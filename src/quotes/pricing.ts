import type { Fiat } from '../core/currency.ts'
import { AppError } from '../core/errors.ts'
import { convertDown, formatAmount } from '../core/money.ts'
import { lessBps, multiplyDown, type Rate } from '../core/rate.ts'
import { assertNotTooLarge } from '../fees/limits.ts'
import { type Fees, feesFor } from '../fees/schedule.ts'

export interface PricingInput {
  /** Minor units of `from`. */
  amount: bigint
  from: Fiat
  to: Fiat
  /** Mid of the source currency, which values the fee schedule's USD figures. */
  fromPerUsd: Rate
  /** USDC for one unit of `from`, and units of `to` for one USDC, as the chosen providers offer them. */
  onrampRate: Rate
  offrampRate: Rate
  /** Hundredths of a percent that the rate is lowered by, because the market is doubted and because it moves. */
  bufferBps?: bigint
  /** Fees that were promised for exactly this amount; without them the schedule's. */
  promised?: Fees
}

/** The terms that a quote promises. */
export interface Terms {
  rate: Rate
  fees: Fees
  /** Minor units of the target currency: floor(net x rate). */
  payout: bigint
  /** USDC minor units that the net amount should buy. */
  usdcAmount: bigint
}

const feesOn = (input: PricingInput, amount: bigint): Fees =>
  input.promised ?? feesFor(amount, input.from, input.fromPerUsd)

const payoutOf = (input: PricingInput, amount: bigint, rate: Rate): bigint => {
  const net = amount - feesOn(input, amount).total
  return net > 0n ? convertDown(net, input.from, input.to, rate) : 0n
}

/** The smallest amount found that pays out at least one minor unit; it is always one that works. */
const minimumAmount = (input: PricingInput, rate: Rate): bigint => {
  let low = 0n
  let high = 1n
  while (payoutOf(input, high, rate) < 1n) high *= 2n
  while (high - low > 1n) {
    const middle = (low + high) / 2n
    if (payoutOf(input, middle, rate) >= 1n) high = middle
    else low = middle
  }
  return high
}

/**
 * Prices an amount. Throws AMOUNT_TOO_LARGE above 10,000,000 USD in value and AMOUNT_TOO_SMALL when nothing
 * would be paid out, each naming the bound in minor units of the source currency.
 */
export const priceQuote = (input: PricingInput): Terms => {
  const { amount, from, onrampRate, offrampRate } = input
  const rate = lessBps(multiplyDown(onrampRate, offrampRate), input.bufferBps ?? 0n)
  assertNotTooLarge(amount, from, input.fromPerUsd)
  const payout = payoutOf(input, amount, rate)
  const fees = feesOn(input, amount)
  const usdcAmount = amount > fees.total ? convertDown(amount - fees.total, from, 'USDC', onrampRate) : 0n
  if (payout < 1n || usdcAmount < 1n) {
    const minimum = minimumAmount(input, rate)
    const message = `Fees leave nothing to pay out; the smallest amount is ${formatAmount(minimum, from)} ${from}`
    throw new AppError('AMOUNT_TOO_SMALL', message, [
      { path: '/amount', message: `must be at least ${minimum}` },
    ])
  }
  return { rate, fees, payout, usdcAmount }
}

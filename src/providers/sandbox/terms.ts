import type { Fiat } from '../../core/currency.ts'
import { convertDown, costOf } from '../../core/money.ts'
import { lessBps, multiplyDown, RATE_UNITS, type Rate, ratioDown } from '../../core/rate.ts'
import type { Operation, Settled } from '../port.ts'
import { drawInteger } from './draw.ts'

/** Before that nothing settles, at a time scale of 1. */
export const EARLIEST_MS = 90_000
const LATEST_MS = 120_000
const RETURNED_AFTER_MS = 86_400_000
/** However fast time runs, it is done first. */
const RETURNED_AFTER_LEAST_MS = 2_000
const SLOW_FACTOR = 5
/** 27 bps in units of a rate. */
const DRIFT_UNITS = Number((RATE_UNITS * 27n) / 10_000n)

const ONE = RATE_UNITS as Rate

/** A sandbox's price from the mid in fiat per USD: USDC per fiat, or fiat per USDC less the spread; rounded down. */
export const priceOf = (
  leg: 'onramp' | 'offramp',
  currency: Fiat,
  fiatPerUsd: Rate,
  spreadBps: bigint,
): Rate => {
  if (leg === 'offramp') return lessBps(fiatPerUsd, spreadBps)
  return currency === 'USD' ? ONE : ratioDown(ONE, fiatPerUsd)
}

/**
 * The rate at which a leg is carried out: drawn by key from 27 bps around the provider's own price now. A refund
 * is 1, and USD has no market to drift in: its price stands. Throws what `mid` throws.
 */
export const executedRate = (
  operation: Operation,
  mid: (currency: Fiat) => Rate,
  seed: string,
  spreadBps: bigint,
): Rate => {
  const { leg, currency, key } = operation
  if (leg === 'refund') return ONE
  if (currency === 'USD') return priceOf(leg, currency, ONE, spreadBps)
  const drift = RATE_UNITS + BigInt(drawInteger(seed, key, 'drift', -DRIFT_UNITS, DRIFT_UNITS))
  return multiplyDown(priceOf(leg, currency, mid(currency), spreadBps), drift as Rate)
}

/** What an operation comes to at a rate: USDC received rounded down, USDC spent rounded up, or the fiat returned. */
export const settledAt = ({ leg, amount, currency }: Operation, rate: Rate): Settled => {
  if (leg === 'refund') return { amount, currency, fiat: amount, rate }
  const usdc =
    leg === 'onramp' ? convertDown(amount, currency, 'USDC', rate) : costOf(amount, 'USDC', currency, rate)
  return { amount: usdc, currency: 'USDC', fiat: amount, rate }
}

/** Milliseconds from acceptance to settlement: 90 to 120 s times the scale, five times that when slow. */
export const settlementMs = (seed: string, key: string, timeScale: number, slow: boolean): number =>
  Math.ceil(
    drawInteger(seed, key, 'settlement', EARLIEST_MS, LATEST_MS) * timeScale * (slow ? SLOW_FACTOR : 1),
  )

/** Milliseconds from settlement until a payout that does not stay comes back: a day times the scale, 2 s at the least. */
export const returnedAfterMs = (timeScale: number): number =>
  Math.max(RETURNED_AFTER_MS * timeScale, RETURNED_AFTER_LEAST_MS)

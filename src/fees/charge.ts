import { divCeil, portion } from '../core/money.ts'
import { FEE_BPS } from './policy.ts'
import { type Fees, withTotal } from './schedule.ts'

const BPS = 10_000n

/** The least minor units of which every percentage takes at least one: below, truncation would make a fee free. */
export const LEAST_AMOUNT = Object.values(FEE_BPS)
  .map((bps) => divCeil(BPS, bps))
  .reduce((most, each) => (each > most ? each : most))

/**
 * What a recommendation charges for `amount` minor units: seed.md's percentages, each truncated, the gas, and a risk
 * premium in hundredths of a percent of the amount. `gas` is in the same minor units.
 */
export const chargeFor = (amount: bigint, gas: bigint, riskPremiumBps: number): Fees =>
  withTotal({
    platform: portion(amount, FEE_BPS.platform),
    onramp: portion(amount, FEE_BPS.onramp),
    offramp: portion(amount, FEE_BPS.offramp),
    gas,
    riskPremium: portion(amount, BigInt(riskPremiumBps)),
  })

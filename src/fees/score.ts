import type { Health } from '../market/facts.ts'
import type { Chain } from '../providers/port.ts'
import type { ExactUsd } from './gas.ts'
import type { Priority } from './model.ts'
import {
  AMOUNT_RISK,
  BUSY_POINTS,
  CHAIN_POLICY,
  DEGRADED_POINTS,
  GAS_POINTS_MOST,
  GAS_POINTS_PER_BPS,
  MINUTE_POINTS,
} from './policy.ts'

const BEST = 1000

interface Scored {
  chain: Chain
  priority: Priority
  usdCents: bigint
  gas: ExactUsd
  health: Health
  congestion: 'calm' | 'busy' | 'jammed'
}

/** Hundredths of a percent of the amount that gas takes, to the hundredth, bounded by what can matter. */
const gasBps = ({ units, scale }: ExactUsd, usdCents: bigint): number => {
  const hundredths = (units * 100n * 10_000n * 100n) / (10n ** BigInt(scale) * usdCents)
  const most = BigInt((GAS_POINTS_MOST / GAS_POINTS_PER_BPS) * 100)
  return Number(hundredths < most ? hundredths : most) / 100
}

/**
 * How good a chain is for an amount, 0 to 1000: what gas, waiting, risk, its issuer's health and congestion cost in
 * points of the policy. Points are no money; they only put chains in an order.
 */
export const scoreOf = ({ chain, priority, usdCents, gas, health, congestion }: Scored): number => {
  const { minutes, riskWeight, handicap } = CHAIN_POLICY[chain]
  const risk = AMOUNT_RISK.findLast(({ from }) => usdCents >= from)?.points ?? 0
  const lost = [
    gasBps(gas, usdCents) * GAS_POINTS_PER_BPS,
    ((minutes[0] + minutes[1]) / 2) * MINUTE_POINTS[priority],
    risk * riskWeight,
    handicap,
    health === 'degraded' ? DEGRADED_POINTS : 0,
    congestion === 'calm' ? 0 : BUSY_POINTS,
  ]
  return Math.max(0, Math.round(lost.reduce((left, points) => left - points, BEST)))
}

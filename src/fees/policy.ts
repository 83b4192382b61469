import type { Chain } from '../providers/port.ts'
import type { Priority } from './model.ts'

/** seed.md's default fees: 2 % platform, 0.7 % on-ramp, 0.5 % off-ramp, in hundredths of a percent. */
export const FEE_BPS = { platform: 200n, onramp: 70n, offramp: 50n } as const

/** Gas of one USDC transfer: 65,000 on the EVM chains (the budget for a new holder), as the original had it. */
export const EVM_TRANSFER_GAS = 65_000n
/** One signature, and the compute units of a token transfer with its compute budget instructions. */
export const SOLANA_SIGNATURE_LAMPORTS = 5_000n
export const SOLANA_TRANSFER_UNITS = 1_000n

/** Up to so many USD cents Base carries everything while it is calm and healthy: nothing is cheaper or sooner. */
export const SMALL_USD_CENTS = 50_000n

/** USD cents from which only a chain that settles on its own consensus, with the deepest security, may carry it. */
export const LARGE_USD_CENTS = 50_000_000n

/** A policy of ours, not a measurement: what each chain stands for when the rules weigh it. */
interface ChainPolicy {
  /** Usual minutes from the first step to the last, as seed.md tells its callers. */
  minutes: readonly [number, number]
  /** Whether it may carry LARGE_USD_CENTS and more. */
  carriesLarge: boolean
  /** Points lost per step of AMOUNT_RISK, because more is at stake than the chain's own security should bear. */
  riskWeight: number
  /** Points lost whatever the amount; it orders chains that are otherwise alike. */
  handicap: number
}

export const CHAIN_POLICY: Record<Chain, ChainPolicy> = {
  base: { minutes: [3, 5], carriesLarge: false, riskWeight: 1, handicap: 0 },
  arbitrum: { minutes: [4, 6], carriesLarge: false, riskWeight: 1, handicap: 5 },
  polygon: { minutes: [4, 6], carriesLarge: false, riskWeight: 1.5, handicap: 5 },
  solana: { minutes: [3, 5], carriesLarge: false, riskWeight: 1.25, handicap: 10 },
  ethereum: { minutes: [10, 15], carriesLarge: true, riskWeight: 0, handicap: 0 },
}

/** Points lost per usual minute: what waiting is worth. */
export const MINUTE_POINTS: Record<Priority, number> = { economy: 2, standard: 5, express: 10 }

/** Points at stake for an amount of at least so many USD cents, times a chain's riskWeight. */
export const AMOUNT_RISK: readonly { from: bigint; points: number }[] = [
  { from: 0n, points: 0 },
  { from: 100_000n, points: 10 },
  { from: 1_000_000n, points: 30 },
  { from: 10_000_000n, points: 60 },
]

/** Points lost for each hundredth of a percent of the amount that gas takes, and at most in all. */
export const GAS_POINTS_PER_BPS = 10
export const GAS_POINTS_MOST = 500
/** Points lost by a chain that its issuer calls degraded, and by one that is busier than usual. */
export const DEGRADED_POINTS = 150
export const BUSY_POINTS = 40

import type { Static, TObject } from '@sinclair/typebox'
import type { Charge } from '../price.ts'
import type { bridgeEnvironment } from './environment.ts'

type BridgeConfig = Static<TObject<typeof bridgeEnvironment>>

export interface BridgeSettings {
  apiKey: string
  /** Without a slash at its end. */
  baseUrl: string
  statusUrl: string | null
  sandbox: boolean
  usdDepositRail: 'ach_push' | 'wire'
  /** Null when it makes neither payouts nor refunds. */
  payouts: { walletId: string; usdRail: 'ach' | 'ach_same_day' | 'wire' } | null
  charge: Charge
  leastUsdCents: bigint
  mostUsdCents: bigint
}

const KEY = /^sk[-_](test|live)[-_]/

const isSandboxUrl = (url: string): boolean => new URL(url).hostname.split('.').includes('sandbox')

/** One line for each setting of Bridge that is missing or contradicts another; none when Bridge is left out. */
const conflictsOf = (config: BridgeConfig): string[] => {
  const { BRIDGE_API_KEY: key, BRIDGE_WALLET_ID: wallet } = config
  if (!key) return []
  const [, mode] = KEY.exec(key) ?? []
  const payouts = config.BRIDGE_FIXED_OUTPUTS === 'on'
  return [
    ...(mode ? [] : ['BRIDGE_API_KEY must start with sk-test- or sk-live-']),
    ...(mode === 'live' && isSandboxUrl(config.BRIDGE_URL)
      ? ['BRIDGE_URL is the sandbox, and BRIDGE_API_KEY is a live key']
      : []),
    ...(payouts && !wallet ? ['BRIDGE_FIXED_OUTPUTS=on needs BRIDGE_WALLET_ID'] : []),
    ...(config.BRIDGE_LEAST_USD_CENTS > config.BRIDGE_MOST_USD_CENTS
      ? ['BRIDGE_LEAST_USD_CENTS must not be above BRIDGE_MOST_USD_CENTS']
      : []),
  ]
}

/** The adapter's settings, null when it is not in use; `problems` are lines for people, one for each bad variable. */
export const bridgeSettings = (
  config: BridgeConfig,
): { settings: BridgeSettings | null; problems: readonly string[] } => {
  const { BRIDGE_API_KEY: apiKey, BRIDGE_WALLET_ID: walletId } = config
  const problems = conflictsOf(config)
  if (!apiKey || problems.length > 0) return { settings: null, problems }
  return {
    settings: {
      apiKey,
      baseUrl: config.BRIDGE_URL.replace(/\/+$/, ''),
      statusUrl: config.BRIDGE_STATUS_URL ?? null,
      sandbox: KEY.exec(apiKey)?.[1] !== 'live',
      usdDepositRail: config.BRIDGE_USD_DEPOSIT_RAIL,
      payouts:
        config.BRIDGE_FIXED_OUTPUTS === 'on' && walletId
          ? { walletId, usdRail: config.BRIDGE_USD_PAYOUT_RAIL }
          : null,
      charge: {
        bps: BigInt(config.BRIDGE_FEE_BPS),
        flatUsdCents: BigInt(config.BRIDGE_FEE_USD_CENTS),
      },
      leastUsdCents: BigInt(config.BRIDGE_LEAST_USD_CENTS),
      mostUsdCents: BigInt(config.BRIDGE_MOST_USD_CENTS),
    },
    problems,
  }
}

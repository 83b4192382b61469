import { type Static, type TObject, Type } from '@sinclair/typebox'
import { oneOf } from '../../core/schema.ts'
import type { Charge } from '../price.ts'

const optionalText = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

const cents = (value: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 10 ** 12, default: value, description })

/** The environment variables of Bridge. */
export const bridgeEnvironment = {
  BRIDGE_API_KEY: optionalText('Key for Bridge (sk-test-… or sk-live-…); unset leaves Bridge out'),
  BRIDGE_URL: Type.String({
    format: 'http-url',
    default: 'https://api.bridge.xyz/v0',
    description: 'Where Bridge is asked, its version included',
  }),
  BRIDGE_STATUS_URL: Type.Optional(
    Type.String({
      format: 'http-url',
      description:
        'Full URL of a status.json of Bridge in the format of Statuspage; unset leaves its health unknown',
    }),
  ),
  BRIDGE_USD_DEPOSIT_RAIL: oneOf(['ach_push', 'wire'], {
    default: 'wire',
    description: 'How payers send dollars to Bridge',
  }),
  BRIDGE_FIXED_OUTPUTS: oneOf(['on', 'off'], {
    default: 'off',
    description: 'on once Bridge has enabled fixed outputs; without them it makes no payouts and no refunds',
  }),
  BRIDGE_WALLET_ID: optionalText('The Bridge wallet whose USDC pays for payouts and refunds'),
  BRIDGE_USD_PAYOUT_RAIL: oneOf(['ach', 'ach_same_day', 'wire'], {
    default: 'wire',
    description: 'How Bridge pays out dollars',
  }),
  BRIDGE_FEE_BPS: Type.Integer({
    minimum: 0,
    maximum: 2_000,
    default: 0,
    description: 'Hundredths of a percent of each leg that Bridge invoices by contract',
  }),
  BRIDGE_FEE_USD_CENTS: cents(0, 'US cents for each leg that Bridge invoices by contract'),
  BRIDGE_LEAST_USD_CENTS: cents(100, 'Least that one leg through Bridge may be worth, in US cents'),
  BRIDGE_MOST_USD_CENTS: cents(100_000_000, 'Most that one leg through Bridge may be worth, in US cents'),
}

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
export const bridgeConflicts = (config: BridgeConfig): string[] => {
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

/** The settings of a configuration without conflicts; null when Bridge is left out. */
export const bridgeSettings = (config: BridgeConfig): BridgeSettings | null => {
  const { BRIDGE_API_KEY: apiKey, BRIDGE_WALLET_ID: walletId } = config
  if (!apiKey) return null
  return {
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
  }
}

import type { Clock } from '../../core/clock.ts'
import { scaled } from '../../core/decimal.ts'
import { RATE_SCALE, RATE_UNITS, type Rate } from '../../core/rate.ts'
import type { Ask, ProviderHealth } from '../port.ts'
import { type Charge, chargedRate } from '../price.ts'
import { allHeard, type Said, youngBy } from '../said.ts'
import { healthOfPage } from '../status-page.ts'
import type { CoinbaseClient } from './client.ts'
import { isFit, type Order, requestOf } from './order.ts'

/** A rate older than this is none; the API names no life for what it previews. */
const RATE_LIFE_MS = 60_000
const HEALTH_LIFE_MS = 300_000

/** EUR minor units of the payout that is priced: 100.00. */
const SAMPLE = 10_000n

const ONE = RATE_UNITS as Rate

export interface PricesDeps {
  client: CoinbaseClient
  clock: Clock
  /** Our account, which payouts are priced from. */
  accountId: string
  charge: Charge
}

/** Coinbase's prices and health, as it last said; answers come from memory. */
export const createPrices = ({ client, clock, accountId, charge }: PricesDeps) => {
  let euro: Said<Rate> | null = null
  let health: Said<ProviderHealth> | null = null

  const young = youngBy(clock)

  /** A bank of ours in EUR, to price a payout to; null when there is none. */
  const euroMethod = async (signal: AbortSignal): Promise<string | null> => {
    let pageToken: string | null = null
    do {
      const page = await client.paymentMethods(pageToken, signal)
      const found = page.paymentMethods.find(
        ({ active, sepa, swift }) => active && (sepa ?? swift)?.asset === 'eur',
      )
      if (found) return found.paymentMethodId
      pageToken = page.nextPageToken || null
    } while (pageToken)
    return null
  }

  const refreshEuro = async (signal: AbortSignal): Promise<void> => {
    const target = await euroMethod(signal)
    if (target === null) return
    const ends = { source: accountId, target }
    // A price is only looked at, so that any will do.
    const order: Order = {
      ...{ ends, from: 'USDC', to: 'EUR', exact: 'target', amount: SAMPLE },
      most: BigInt(Number.MAX_SAFE_INTEGER),
    }
    const atMs = clock.now()
    // A bank is on no chain, so that any will do.
    const quote = await client.preview(requestOf(order, 'base'), signal)
    const { sourceAsset, targetAsset, rate = '0' } = quote.exchangeRate ?? {}
    const value =
      isFit(quote, order) && sourceAsset === 'usdc' && targetAsset === 'eur' ? scaled(rate, RATE_SCALE) : 0n
    euro = value > 0n ? { value: value as Rate, atMs } : null
  }

  const refreshHealth = async (signal: AbortSignal): Promise<void> => {
    const atMs = clock.now()
    const indicator = await client.statusIndicator(signal)
    health = { value: healthOfPage(indicator), atMs }
  }

  return {
    /** Dollars are one to one with USDC, as documented; euros as in the last preview, if it was no mere estimate. */
    quote: ({ leg, currency, usdCents }: Ask): Rate | null => {
      if (currency === 'USD') return chargedRate(ONE, charge, usdCents)
      const rate = leg === 'offramp' && currency === 'EUR' ? young(euro, RATE_LIFE_MS) : null
      return rate && chargedRate(rate, charge, usdCents)
    },
    health: (): ProviderHealth => young(health, HEALTH_LIFE_MS) ?? 'unknown',
    /** Asks for both, and throws when either failed; what was known of that one grows old. */
    refresh: async (signal: AbortSignal): Promise<void> => {
      await allHeard([refreshEuro(signal), refreshHealth(signal)])
    },
  }
}

import type { Clock } from '../core/clock.ts'
import { convertDown, toJsonInteger } from '../core/money.ts'
import { currencyPair } from '../core/pair.ts'
import { RATE_UNITS, type Rate } from '../core/rate.ts'
import { worstOf } from '../market/facts.ts'
import type { LockPrice } from '../market/lock-price.ts'
import type { Market } from '../market/service.ts'
import {
  DEFAULT_DAYS,
  DEFAULT_LOCK_DAYS,
  type Exposure,
  type LockBuffer,
  type LockBufferQuery,
} from './model.ts'
import type { OpenLock, TreasuryStore } from './store.ts'

const DAY_MS = 86_400_000

export interface TreasuryDeps {
  store: TreasuryStore
  market: Pick<Market, 'mid'>
  lockPrice: Pick<LockPrice, 'history'>
  clock: Clock
}

/** What our promises would cost now, what they have cost, and what they are priced at. */
export const createTreasuryService = ({ store, market, lockPrice, clock }: TreasuryDeps) => {
  /** The money of open locks at the present mids: what has arrived as USDC, and what has not, each rounded down. */
  const presentPayout = ({ from, to, net, usdc }: OpenLock): bigint => {
    const [source, target] = [market.mid(from).fiatPerUsd, market.mid(to).fiatPerUsd]
    const cross = ((target * RATE_UNITS) / source) as Rate
    return convertDown(BigInt(net), from, to, cross) + convertDown(BigInt(usdc), 'USDC', to, target)
  }

  const openLock = (lock: OpenLock): Exposure['open'][number] => {
    const present = presentPayout(lock)
    const sources = [market.mid(lock.from).source, market.mid(lock.to).source]
    return {
      from_currency: lock.from,
      to_currency: lock.to,
      payments: lock.payments,
      locked_payout: toJsonInteger(BigInt(lock.payout)),
      present_payout: toJsonInteger(present),
      unrealised: toJsonInteger(present - BigInt(lock.payout)),
      rate_source: worstOf(sources),
      oldest_settle_by: lock.oldest,
    }
  }

  return {
    exposure: async (accountId: string, days = DEFAULT_DAYS): Promise<Exposure> => {
      const { open, realised, payments, late } = await store.read(accountId, days)
      return {
        open: open.map(openLock),
        realised: realised.map((each) => ({
          day: each.day,
          payments: each.payments,
          fx_spread: toJsonInteger(BigInt(each.spread)),
          fx_gain_loss: toJsonInteger(BigInt(each.gain)),
        })),
        late: { payments, late, share: payments === 0 ? 0 : late / payments },
      }
    },

    /** The open locks of all accounts by currency pair. */
    openLocks: async (): Promise<Exposure['open']> => (await store.openOfAll()).map(openLock),

    /** The price of a pair's lock, now and after each publication of `days`. Throws UNSUPPORTED_CURRENCY_PAIR. */
    lockBuffer: (query: LockBufferQuery): LockBuffer => {
      const { from, to } = currencyPair(query)
      const { days = DEFAULT_LOCK_DAYS } = query
      const { currentBps, defaultBps, minBps, maxBps, points } = lockPrice.history(
        from,
        to,
        clock.now() - days * DAY_MS,
      )
      return {
        from_currency: from,
        to_currency: to,
        current_bps: currentBps,
        default_bps: defaultBps,
        min_bps: minBps,
        max_bps: maxBps,
        points: points.map(({ at, bps }) => ({ at: new Date(at).toISOString(), bps })),
      }
    },
  }
}

export type TreasuryService = ReturnType<typeof createTreasuryService>

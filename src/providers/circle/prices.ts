import type { Clock } from '../../core/clock.ts'
import { RATE_UNITS, type Rate } from '../../core/rate.ts'
import { stepKey } from '../keys.ts'
import type { Ask, ProviderHealth } from '../port.ts'
import { chargedRate } from '../price.ts'
import { allHeard, type Said, youngBy } from '../said.ts'
import { executedRate, unitsOf } from './amounts.ts'
import type { CircleClient } from './client.ts'
import type { CircleSettings } from './settings.ts'
import { createStatusPage } from './status-page.ts'

/** What was said longer ago is no price; the API names no life for a reference quote. */
const PRICE_LIFE_MS = 60_000
const HEALTH_LIFE_MS = 300_000

/** USDC that the reference quote is for, large enough that its cents give a rate of seven digits. */
const SAMPLE = '100000.00'

const ONE = RATE_UNITS as Rate

/** Circle's prices and health, as it last said; answers come from memory. */
export const createPrices = (client: CircleClient, settings: CircleSettings, clock: Clock) => {
  const askPage = settings.statusUrl === null ? null : createStatusPage(settings.statusUrl, clock)
  let answered: Said<true> | null = null
  let silent = false
  let euro: Said<Rate> | null = null
  let page: Said<ProviderHealth> | null = null

  const young = youngBy(clock)

  const refreshReach = async (signal: AbortSignal): Promise<void> => {
    const atMs = clock.now()
    silent = true
    await client.ping(signal)
    silent = false
    answered = { value: true, atMs }
  }

  const refreshEuro = async (signal: AbortSignal): Promise<void> => {
    if (!settings.exchange) return
    const atMs = clock.now()
    const { from, to } = await client.quote(
      stepKey(`reference/${atMs}`, 'quote'),
      {
        type: 'reference',
        from: { currency: 'USDC', amount: SAMPLE },
        to: { currency: 'EURC', amount: null },
      },
      signal,
    )
    // Both coins have the same six places.
    const [spent, bought] = [unitsOf(from, 'USDC', 'USDC'), unitsOf(to, 'EURC', 'USDC')]
    euro = { value: executedRate([bought, 'USDC'], [spent, 'USDC']), atMs }
  }

  const refreshPage = async (signal: AbortSignal): Promise<void> => {
    if (!askPage) return
    const atMs = clock.now()
    page = { value: await askPage(signal), atMs }
  }

  return {
    /** Dollars are one to one with USDC, as documented, while Circle answers; euros as in the last reference quote. */
    quote: ({ leg, currency, usdCents }: Ask): Rate | null => {
      const charge = settings.charges[leg]
      if (currency === 'USD')
        return young(answered, PRICE_LIFE_MS) ? chargedRate(ONE, charge, usdCents) : null
      const rate = leg === 'offramp' && currency === 'EUR' ? young(euro, PRICE_LIFE_MS) : null
      return rate && chargedRate(rate, charge, usdCents)
    },
    /** Worse than its page says while its API does not answer. */
    health: (): ProviderHealth => (silent ? 'outage' : (young(page, HEALTH_LIFE_MS) ?? 'unknown')),
    /** Asks for all three, and throws when one failed; what was known of that one grows old. */
    refresh: async (signal: AbortSignal): Promise<void> => {
      await allHeard([refreshReach(signal), refreshEuro(signal), refreshPage(signal)])
    },
  }
}

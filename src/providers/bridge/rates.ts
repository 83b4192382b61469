import type { Clock } from '../../core/clock.ts'
import type { Fiat } from '../../core/currency.ts'
import { parseRate, RATE_UNITS, type Rate, ratioDown } from '../../core/rate.ts'
import type { Ask } from '../port.ts'
import { type Charge, chargedRate } from '../price.ts'
import { allHeard } from '../said.ts'
import { WireError } from '../wire.ts'
import { type Client, NAME, type Rates } from './client.ts'

/** Rates are renewed about every 30 s; one that is older than two of these is no price. */
export const RATE_LIFE_MS = 60_000

const ONE = RATE_UNITS as Rate

interface Known {
  /** USDC for one unit of the currency. */
  onramp: Rate
  /** Units of the currency for one USDC. */
  offramp: Rate
  atMs: number
}

export interface RateBook {
  /** The rate for the leg, charge included; null while none is known that is young enough. */
  quote(ask: Ask): Rate | null
  /** Asks for the rates of all currencies. Throws the first error after it has kept what the others answered. */
  refresh(signal: AbortSignal): Promise<void>
}

/**
 * `sell_rate` is what one dollar sold brings, `buy_rate` what one dollar bought costs, both in the currency. The sides
 * are only believed when each is the worse one for us: the mid between them.
 */
const read = ({ sell_rate, midmarket_rate, buy_rate }: Rates, atMs: number): Known => {
  const [sell, mid, buy] = [parseRate(sell_rate), parseRate(midmarket_rate), parseRate(buy_rate)]
  if (sell > mid || mid > buy) throw new WireError('unreadable', `${NAME} gave rates in the wrong order`)
  return { onramp: ratioDown(ONE, buy), offramp: sell, atMs }
}

/** The rates of the currencies, in memory. USDC is a dollar. */
export const createRateBook = (
  client: Pick<Client, 'rates'>,
  clock: Clock,
  currencies: readonly Fiat[],
  charge: Charge,
): RateBook => {
  const known = new Map<Fiat, Known>()

  const ask = async (currency: Fiat, signal: AbortSignal): Promise<void> => {
    const rates = await client.rates(currency.toLowerCase(), signal)
    if (rates) known.set(currency, read(rates, clock.now()))
  }

  return {
    quote: ({ leg, currency, usdCents }) => {
      if (currency === 'USD') return chargedRate(ONE, charge, usdCents)
      const rates = known.get(currency)
      if (!rates || clock.now() - rates.atMs > RATE_LIFE_MS) return null
      return chargedRate(rates[leg], charge, usdCents)
    },
    refresh: async (signal) => {
      const foreign = currencies.filter((currency) => currency !== 'USD')
      await allHeard(foreign.map((currency) => ask(currency, signal)))
    },
  }
}

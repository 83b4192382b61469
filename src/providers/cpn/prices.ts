import type { X509Certificate } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { type Fiat, minorUnitsPerMajor } from '../../core/currency.ts'
import { divCeil, divFloor } from '../../core/money.ts'
import { RATE_UNITS, type Rate } from '../../core/rate.ts'
import type { Ask, ProviderHealth } from '../port.ts'
import { type Charge, chargedRate } from '../price.ts'
import { allHeard } from '../said.ts'
import type { Book } from './book.ts'
import { type CpnClient, CpnError } from './client.ts'
import type { CpnChain, Network } from './networks.ts'
import { type Offer, offersIn } from './offers.ts'

/** CPN's quotes live for half a minute to a minute, so that an older price says little. */
const PRICE_LIFE_MS = 60_000

/** What prices are asked for, major units of USDC. */
const SAMPLE_USDC = '1000'

interface Price {
  /** Fiat for one USDC that is left after the fees. */
  rate: Rate
  /** The fees of the quote, which are taken for flat: most of them are. */
  feeUsdCents: bigint
  atMs: number
}

export interface PricesDeps {
  client: CpnClient
  book: Book
  networks: Readonly<Partial<Record<CpnChain, Network>>>
  authorities: readonly X509Certificate[]
  /** What our contract with CPN costs beside its quotes. */
  charge: Charge
  clock: Clock
}

const priceOf = ({ usdc, fees, fiat }: Offer, currency: Fiat, atMs: number): Price => ({
  rate: divFloor(
    fiat * RATE_UNITS * minorUnitsPerMajor('USDC'),
    (usdc - fees) * minorUnitsPerMajor(currency),
  ) as Rate,
  feeUsdCents: divCeil(fees * minorUnitsPerMajor('USD'), minorUnitsPerMajor('USDC')),
  atMs,
})

/** What CPN's payouts cost, as it was last told for one payee of each currency; and whether CPN is there. */
export const createPrices = ({ client, book, networks, authorities, charge, clock }: PricesDeps) => {
  const prices = new Map<string, Price>()
  let health: ProviderHealth = 'unknown'
  let healthAtMs = 0

  const [originator] = Object.values(book.originators)
  const samples = [
    ...new Map(Object.values(book.beneficiaries).map((each) => [each.currency, each])).values(),
  ]
  const corridors = samples.flatMap((beneficiary) =>
    Object.entries(networks).map(([chain, { blockchain }]) => ({ beneficiary, chain, blockchain })),
  )
  const keyOf = (currency: string, chain: string): string => `${currency} ${chain}`

  const ask = async (
    { beneficiary, chain, blockchain }: (typeof corridors)[number],
    signal: AbortSignal,
  ): Promise<void> => {
    const { currency, paymentMethodType, country, type } = beneficiary
    try {
      const quotes = await client.quotes(
        {
          paymentMethodType,
          senderCountry: originator?.country ?? country,
          destinationCountry: country,
          senderType: originator?.type ?? type,
          recipientType: type,
          blockchain,
          sourceAmount: { amount: SAMPLE_USDC, currency: 'USDC' },
          destinationAmount: { currency },
        },
        signal,
      )
      const nowMs = clock.now()
      const offers = offersIn(quotes, { currency, blockchain, paymentMethodType }, authorities, nowMs)
      const best = offers.reduce<Offer | null>(
        (most, each) => (most && most.fiat >= each.fiat ? most : each),
        null,
      )
      if (best) prices.set(keyOf(currency, chain), priceOf(best, currency, nowMs))
      else prices.delete(keyOf(currency, chain))
    } catch (error) {
      // A corridor that is closed has no price; the others have theirs.
      if (!(error instanceof CpnError)) throw error
      prices.delete(keyOf(currency, chain))
    }
  }

  const look = async (signal: AbortSignal): Promise<void> => {
    try {
      await client.ping(signal)
      health = 'operational'
    } catch (error) {
      signal.throwIfAborted()
      health = 'outage'
      throw error
    } finally {
      healthAtMs = clock.now()
    }
  }

  return {
    /** Asks for all prices and for CPN itself. Throws the first error once everything was asked. */
    refresh: async (signal: AbortSignal): Promise<void> => {
      await allHeard([look(signal), ...corridors.map((each) => ask(each, signal))])
    },

    /** The rate of a payout of that size, all charges included; null without a price that is young enough. */
    rate: ({ currency, chain, usdCents }: Ask): Rate | null => {
      const price = prices.get(keyOf(currency, chain))
      if (!price || clock.now() - price.atMs > PRICE_LIFE_MS) return null
      const flatUsdCents = price.feeUsdCents + charge.flatUsdCents
      return chargedRate(price.rate, { bps: charge.bps, flatUsdCents }, usdCents)
    },

    health: (): ProviderHealth => (clock.now() - healthAtMs > PRICE_LIFE_MS ? 'unknown' : health),
  }
}

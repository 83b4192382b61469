import { FIAT_CURRENCIES, type Fiat } from '../core/currency.ts'
import { parseRate, type Rate } from '../core/rate.ts'

/**
 * Units of each currency for one US dollar when no market source has ever answered. Sample values, not
 * market data: a quote made from them says `rate_source: "fallback"`. EUR is the one at which seed.md's
 * sample quote comes out to the cent.
 */
const SAMPLE_MIDS: Readonly<Record<Fiat, string>> = {
  AUD: '1.51',
  BRL: '5.12',
  CAD: '1.365',
  CHF: '0.889',
  EUR: '0.92049',
  GBP: '0.785',
  JPY: '155.2',
  MXN: '17.05',
  SGD: '1.348',
  USD: '1',
}

const parsedMids = Object.fromEntries(
  FIAT_CURRENCIES.map((code) => [code, parseRate(SAMPLE_MIDS[code])]),
) as Record<Fiat, Rate>

export const fallbackMid = (currency: Fiat): Rate => parsedMids[currency]

/** The sample mids as decimal text, to be shown with `source: "fallback"`. */
export const fallbackMids: Readonly<Record<Fiat, string>> = SAMPLE_MIDS

/**
 * Gas per chain when its source never answered: wei for one unit of gas, on Solana micro-lamports for one compute unit.
 * Sample values of the size that Blockscout and Beaconcha.in showed in October 2026; Solana's is the default of
 * Circle's own adapter.
 */
export const fallbackGas = {
  base: '10000000',
  polygon: '369900000000',
  arbitrum: '10000000',
  solana: '2000',
  ethereum: '900000000',
} as const

/**
 * What each chain usually costs at most, in the same units; how busy a chain is goes by multiples of this. Ethereum,
 * Base and Arbitrum: a tenth of the lowest price that the original of this service called busy (20, 1 and 0.5 gwei),
 * for its thresholds still fit what these chains cost. Polygon: the fast price of October 2026, far above the
 * original's. Solana: where the price of computing is first felt beside the 5,000 lamports of a signature.
 */
export const usualGas = {
  base: '100000000',
  polygon: '470960000000',
  arbitrum: '50000000',
  solana: '100000',
  ethereum: '2000000000',
} as const

/** US dollars for one coin when its source never answered: sample values of October 2026, and USDC at par. */
export const fallbackUsd = { ETH: '2486.47', POL: '0.100652', SOL: '131.2', USDC: '1' } as const

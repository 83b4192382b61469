import { parseRate } from '../../core/rate.ts'
import type { SourceName } from '../source.ts'
import { plausible } from './answer.ts'

/** The coins whose price matters: those that pay for gas, and the one that is moved. */
export const COINS = ['ETH', 'SOL', 'POL', 'USDC'] as const
export type Coin = (typeof COINS)[number]

/**
 * US dollars between which a price can be believed: wide, because coins do move tenfold in a year, and yet notices most
 * mix-ups of coin or unit. A USDC off its peg must get through, since that is what its price is watched for.
 */
const BELIEVED = {
  ETH: ['50', '100000'],
  SOL: ['1', '10000'],
  POL: ['0.001', '100'],
  USDC: ['0.5', '1.5'],
} as const satisfies Record<Coin, readonly [string, string]>

/** US dollars for one coin as a `Decimal`. Throws SourceError `absurd` for a price that cannot be. */
export const coinUsd = (name: SourceName, coin: Coin, numeral: string): string => {
  const [least, most] = BELIEVED[coin]
  return plausible(name, `price of ${coin}`, numeral, [parseRate(least), parseRate(most)])
}

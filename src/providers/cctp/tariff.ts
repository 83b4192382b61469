import type { Clock } from '../../core/clock.ts'
import { DOMAINS, PACES, type RailChain } from './chains.ts'
import type { FeeBps } from './fees.ts'
import type { Iris, RailFees } from './iris.ts'

/** Older fees are quoted no more. */
const OLDEST_MS = 60_000
/** Several providers may share the rail, and one question answers them all. */
const FRESH_MS = 15_000

/** What passages cost, kept in memory. */
export interface Tariff {
  /**
   * The dearest that a passage may be, because a quote does not say how fast it will have to go. Null while that is not
   * known, or too old.
   */
  fee(from: RailChain, to: RailChain): FeeBps | null
  /** Asks what passages cost now, unless that was asked a moment ago. Throws what Iris does; what was known grows old. */
  refresh(from: RailChain, to: readonly RailChain[], signal: AbortSignal): Promise<void>
}

const dearest = ({ fast, standard }: RailFees, from: RailChain): FeeBps =>
  PACES[from].fast !== null && fast !== null && fast > standard ? fast : standard

/** The tariff that Iris publishes. */
export const createTariff = (iris: Iris, clock: Clock): Tariff => {
  const known = new Map<string, { fee: FeeBps; atMs: number }>()
  const ageOf = (way: string) => clock.now() - (known.get(way)?.atMs ?? Number.NEGATIVE_INFINITY)
  return {
    fee: (from, to) => {
      const way = `${from}/${to}`
      return ageOf(way) <= OLDEST_MS ? (known.get(way)?.fee ?? null) : null
    },
    refresh: async (from, to, signal) => {
      const due = to.filter((chain) => chain !== from && ageOf(`${from}/${chain}`) > FRESH_MS)
      await Promise.all(
        due.map(async (chain) => {
          const fees = await iris.fees(DOMAINS[from], DOMAINS[chain], signal)
          known.set(`${from}/${chain}`, { fee: dearest(fees, from), atMs: clock.now() })
        }),
      )
    },
  }
}

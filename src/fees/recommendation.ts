import type { Fiat } from '../core/currency.ts'
import { isUuid } from '../core/ids.ts'
import type { Chain } from '../providers/port.ts'
import type { Priority } from './model.ts'
import type { Fees } from './schedule.ts'

/** How long a recommendation can be turned into a quote, in seconds. */
export const RECOMMENDATION_SECONDS = 120

/** A route and its fees, promised for one amount of one currency pair. */
export interface Recommendation {
  id: string
  from: Fiat
  to: Fiat
  /** Minor units of `from`. */
  amount: bigint
  fees: Fees
  chain: Chain
  priority: Priority
  onramp: string
  offramp: string
}

const PREFIX = 'rec_'

/** The public form of a recommendation's UUID. */
export const recommendationIdOf = (id: string): string => PREFIX + id

/** The UUID in a public recommendation id, or null when it cannot be one of ours. */
export const parseRecommendationId = (recommendationId: string): string | null => {
  const id = recommendationId.startsWith(PREFIX) ? recommendationId.slice(PREFIX.length) : ''
  return isUuid(id) ? id : null
}

/** Finds what was promised. Throws RECOMMENDATION_NOT_FOUND or RECOMMENDATION_EXPIRED. */
export interface Recommendations {
  find(accountId: string, recommendationId: string): Promise<Recommendation>
}

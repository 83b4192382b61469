import type { Logger } from '../telemetry/logger.ts'

/** Runs a query about shared readings; answers null when it fails, for the market goes on with what is in memory. */
export type Share = <T>(query: () => Promise<T>) => Promise<T | null>

/** Tells of an outage once, and of its end. */
export const createShare = (log: Logger): Share => {
  let out = false
  return async (query) => {
    try {
      const answer = await query()
      if (out) log.info('market readings are shared and stored again')
      out = false
      return answer
    } catch (err) {
      if (!out) log.warn({ err }, 'market readings are neither shared nor refreshed: a query failed')
      out = true
      return null
    }
  }
}

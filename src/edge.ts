import type { Edge } from './app.ts'
import type { Config } from './config.ts'
import { parseRanges } from './http/address.ts'
import { parseOrigins } from './http/cors.ts'
import { createRateLimits } from './http/rate-limits.ts'
import { type Board, createBoard } from './limits/board.ts'
import { createExchange } from './limits/exchange.ts'
import { createLimiter } from './limits/limiter.ts'
import { createUsageStore } from './limits/store.ts'
import type { Foundation } from './services.ts'

/** How the configuration wants the API to meet the network. */
export const edgeOf = (config: Config): Edge => ({
  bodyDeadlineMs: config.REQUEST_BODY_MS,
  corsOrigins: config.CORS_ORIGINS === undefined ? [] : (parseOrigins(config.CORS_ORIGINS) ?? []),
  hstsSeconds: config.HSTS_SECONDS,
})

/**
 * The rate limits that the configuration wants, shared with the other processes on the database once `exchange` is
 * started.
 */
export const limitsOf = (
  config: Config,
  { database, clock, log }: Pick<Foundation, 'database' | 'clock' | 'log'>,
) => {
  const boards = { account: createBoard(), key: createBoard(), address: createBoard() }
  const exchange = createExchange({
    boards: Object.values(boards),
    store: createUsageStore(database.sql),
    clock,
    log,
  })
  const limiter = (limit: number, board: Board) =>
    limit > 0 ? createLimiter({ limit, board, exchange, clock }) : null
  const limits = createRateLimits({
    account: limiter(config.RATE_LIMIT_PER_ACCOUNT, boards.account),
    key: limiter(config.RATE_LIMIT_PER_KEY, boards.key),
    address: limiter(config.RATE_LIMIT_PER_ADDRESS, boards.address),
    trusted: config.TRUSTED_PROXIES === undefined ? [] : (parseRanges(config.TRUSTED_PROXIES) ?? []),
  })
  return { limits, exchange }
}

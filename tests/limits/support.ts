import { createBoard, ofAccount } from '../../src/limits/board.ts'
import { createExchange } from '../../src/limits/exchange.ts'
import { createLimiter } from '../../src/limits/limiter.ts'
import { createUsageStore, type UsageStore } from '../../src/limits/store.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import type { TestDatabase } from '../support/database.ts'

/** The start of a minute. */
const START = 1_795_418_400_000

export const virtualClock = (nowMs = START) => {
  const clock = { nowMs, now: () => clock.nowMs }
  return clock
}

export const log = createLogger({ level: 'silent', pretty: false })

/** What one process has of the limits: its own counts, and an exchange that runs only when it must. */
export const startProcessOf = (
  { sql }: Pick<TestDatabase, 'sql'>,
  clock: { now(): number },
  limit: number,
  store: UsageStore = createUsageStore(sql),
) => {
  const board = createBoard()
  const asked = { exchanges: 0 }
  const counted: UsageStore = {
    ...store,
    exchange: (usages) => {
      asked.exchanges++
      return store.exchange(usages)
    },
  }
  const exchange = createExchange({ boards: [board], store: counted, clock, log })
  const limiter = createLimiter({ limit, board, exchange, clock })
  const take = (accountId: string, weight = 1) => limiter.take(ofAccount(accountId), weight)
  return { board, exchange, limiter, take, asked }
}

export type Counting = ReturnType<typeof startProcessOf>

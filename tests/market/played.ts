import pino from 'pino'
import { fetchSource } from '../../src/market/fetch.ts'
import { createMarket, type MarketDeps } from '../../src/market/service.ts'
import type { SourceName } from '../../src/market/source.ts'
import { createSources } from '../../src/market/sources/index.ts'
import { testDatabase } from '../support/database.ts'
import { startMarketServer } from '../support/market-server.ts'

export const DEADLINE_MS = 5_000

/** A played market and a database for the processes of one test file, with time that passes only when told. */
export const playMarket = async () => {
  const database = await testDatabase()
  const { sql } = database
  let now = 1_795_418_400_000
  const clock = { now: () => now }
  const server = startMarketServer({ now: clock.now })
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'debug', base: null }, { write: (line) => void lines.push(JSON.parse(line)) })

  return {
    server,
    database,
    clock,
    /** What has been logged, levels as pino's numbers. */
    lines,
    log,
    /** Another process; nothing about it is started. */
    process: (changes: Partial<MarketDeps> = {}) =>
      createMarket({
        sources: createSources({ urls: server.urls }),
        fetch: fetchSource,
        sql,
        clock,
        log,
        fxToleranceBps: 100,
        usdcToleranceBps: 50,
        deadlineMs: DEADLINE_MS,
        ...changes,
      }),
    /** A process that knows of one source only. */
    only: (name: SourceName) => createSources({ urls: server.urls }).filter((source) => source.name === name),
    /** Moves the clock of the processes alone. */
    tick: (ms: number): void => {
      now += ms
    },
    /**
     * Moves the clock of the processes and that of the database, for which what is stored gets older: a millisecond
     * more, because its times are rounded to that.
     */
    pass: async (ms: number): Promise<void> => {
      now += ms
      await sql`
        update market_readings set fetched_at = fetched_at - ${ms + 1} * interval '1 millisecond',
          held_until = held_until - ${ms + 1} * interval '1 millisecond'`
    },
    reset: async (): Promise<void> => {
      server.reset()
      lines.length = 0
      await sql`truncate market_readings, market_mids`
    },
    stop: async (): Promise<void> => {
      await server.stop()
      await database.drop()
    },
  }
}

export type PlayedMarket = Awaited<ReturnType<typeof playMarket>>
export type Process = ReturnType<PlayedMarket['process']>

/** What a process says of one source. */
export const statusIn = (market: Pick<Process, 'facts'>, name: SourceName) =>
  market.facts().sources.find((source) => source.name === name)?.status

export const reportOf = (market: Pick<Process, 'report'>, name: SourceName) =>
  market.report().find((source) => source.name === name)

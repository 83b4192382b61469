import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../core/clock.ts'
import { sharedFor } from '../core/sharing.ts'
import type { Logger } from './logger.ts'
import { OF_PROCESS } from './metrics.ts'

/** Prometheus gives up after 10 seconds, and would then have nothing at all. */
const PATIENCE_MS = 3_000

/** What a scrape sees of a reading; null when the database could not be read, or not in time. */
export type Reading<Value> = () => Promise<Value | null>

interface State {
  read: Reading<unknown>
  failed: boolean
  /** Seconds that the newest one took; null before the first was done. */
  took: number | null
}

const orNullAfter = async <Value>(ms: number, work: Promise<Value | null>): Promise<Value | null> => {
  const { promise, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(() => resolve(null), ms)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * What metrics read from the database. Scrapes share a reading, so that however many there are the database is read once
 * in a while; one that fails or hangs costs the scrape its own metrics alone, and a gauge says so.
 */
export const createReadings = (
  registry: Registry,
  { clock, log, patienceMs = PATIENCE_MS }: { clock: Clock; log: Logger; patienceMs?: number },
) => {
  const states = new Map<string, State>()

  const all = async (show: (reading: string, state: State) => void): Promise<void> => {
    await Promise.all([...states.values()].map(({ read }) => read()))
    for (const [reading, state] of states) show(reading, state)
  }
  const failed = new Gauge({
    name: 'ratelock_database_reading_failed',
    help: `1 while the metrics of this reading are missing because the database could not be read, else 0. ${OF_PROCESS}`,
    labelNames: ['reading'],
    registers: [registry],
    collect: () => all((reading, state) => failed.set({ reading }, Number(state.failed))),
  })
  const took = new Gauge({
    name: 'ratelock_database_reading_seconds',
    help: `Seconds that the newest such reading took, with the wait for a connection of the pool. ${OF_PROCESS}`,
    labelNames: ['reading'],
    registers: [registry],
    collect: () => all((reading, state) => state.took !== null && took.set({ reading }, state.took)),
  })

  /** A reading that all scrapes within `forMs` share. */
  return <Value>(name: string, forMs: number, read: () => Promise<Value>): Reading<Value> => {
    const timed = async (): Promise<Value> => {
      const begun = performance.now()
      try {
        return await read()
      } catch (err) {
        log.warn({ err, reading: name }, 'the database could not be read for the metrics')
        throw err
      } finally {
        state.took = (performance.now() - begun) / 1000
      }
    }
    const shared = sharedFor(forMs, clock, timed)
    const orNull = async (): Promise<Value | null> => {
      const found = await orNullAfter(
        patienceMs,
        shared(name).catch(() => null),
      )
      state.failed = found === null
      return found
    }
    const state: State = { read: orNull, failed: false, took: null }
    states.set(name, state)
    return orNull
  }
}

export type Readings = ReturnType<typeof createReadings>

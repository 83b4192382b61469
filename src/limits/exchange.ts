import type { Clock } from '../core/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Board } from './board.ts'
import type { UsageStore } from './store.ts'
import { minuteOf } from './window.ts'

/** How often a process tells the others what it has counted, and hears what they have. */
const EVERY_MS = 1_000
/** Minutes before the present one whose sums are kept: one that counts, and one for clocks that are behind. */
const KEPT_MINUTES = 2
/** Longest that a request waits for an exchange. */
const PATIENCE_MS = 500

export interface Exchange {
  /** Exchanges now, or waits for the exchange that is under way. Never rejects and never takes long. */
  now(): Promise<void>
  /** False after an exchange that failed: each process then limits by what it knows. */
  works(): boolean
  start(): void
  /** Sends what is left. */
  stop(): Promise<void>
}

export interface ExchangeDeps {
  boards: readonly Board[]
  store: UsageStore
  clock: Clock
  log: Logger
}

/** Swaps sums with the other processes, every second and when a caller is in a hurry. */
export const createExchange = ({ boards, store, clock, log }: ExchangeDeps): Exchange => {
  let flight: Promise<void> | null = null
  let working = true
  let swept = 0
  let timer: ReturnType<typeof setInterval> | null = null

  const swap = async (): Promise<void> => {
    const outgoing = boards.map((board) => board.outgoing())
    const minute = minuteOf(clock.now())
    try {
      if (outgoing.some(({ length }) => length > 0)) {
        const totals = await store.exchange(outgoing.flat())
        for (const board of boards) board.learn(totals)
      }
      if (minute > swept) await store.sweep(minute - KEPT_MINUTES)
      swept = minute
      working = true
    } catch (err) {
      if (working) log.warn({ err }, 'rate limits: the database did not answer, each process counts alone')
      working = false
    }
  }

  const fly = (): Promise<void> => {
    flight ??= swap().finally(() => {
      flight = null
    })
    return flight
  }

  const now = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const patience = setTimeout(() => {
      working = false
      resolve()
    }, PATIENCE_MS)
    await Promise.race([fly(), promise])
    clearTimeout(patience)
  }

  return {
    now,
    works: () => working,
    start: () => {
      timer = setInterval(() => void fly(), EVERY_MS)
      timer.unref()
    },
    stop: async () => {
      if (timer) clearInterval(timer)
      await now()
    },
  }
}

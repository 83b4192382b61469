import type { Clock } from '../core/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { AccountStore, Use } from './store.ts'

const MINUTE_MS = 60_000

/** Keys that are remembered between two writes; of more than these some uses are not written down. */
export const MOST_REMEMBERED = 10_000

/**
 * Remembers when keys were used and writes it down once a minute, all keys in one statement, so that a request costs no
 * write. What a killed process remembered is lost; the next use tells almost the same.
 */
export const createLastUsed = ({
  store,
  clock,
  log,
}: {
  store: Pick<AccountStore, 'recordUse'>
  clock: Clock
  log: Logger
}) => {
  const uses = new Map<string, Use>()
  let timer: ReturnType<typeof setInterval> | undefined

  const flush = async (): Promise<void> => {
    if (uses.size === 0) return
    const written = [...uses]
    try {
      await store.recordUse(written.map(([, use]) => use))
    } catch (err) {
      // They stay remembered, and the next minute tries again.
      log.warn({ err }, 'the last use of keys could not be written down')
      return
    }
    for (const [key, use] of written) if (uses.get(key) === use) uses.delete(key)
  }

  return {
    /** Remembers that the key was used now. */
    note: ({ accountId, id }: { accountId: string; id: string }): void => {
      const key = `${accountId}/${id}`
      const start = clock.now() - (clock.now() % MINUTE_MS)
      const known = uses.get(key)
      if (known?.minute.getTime() === start || (!known && uses.size >= MOST_REMEMBERED)) return
      uses.set(key, { accountId, id, minute: new Date(start) })
    },

    /** Writes down what is remembered. */
    flush,

    /** Writes once a minute from now on. */
    start: (): void => {
      timer ??= setInterval(() => void flush(), MINUTE_MS).unref()
    },

    /** Writes a last time. */
    stop: async (): Promise<void> => {
      clearInterval(timer)
      timer = undefined
      await flush()
    },
  }
}

export type LastUsed = ReturnType<typeof createLastUsed>

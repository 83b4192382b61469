import type { Logger } from '../../telemetry/logger.ts'

/** How often the database is asked when nothing here says that something has changed. */
const LOOK_MS = 500
/** After a look there is none for so many times as long as it took, so that looking costs a tenth of the time. */
const REST = 9
/** Longest rest, after a look that had to wait for the database. */
const MOST_REST_MS = 10_000

export interface LooksDeps {
  log: Logger
  /** Whether anybody wants to know. */
  wanted(): boolean
  /** Asks the database once, for everybody, and hands on what it says. */
  ask(): Promise<void>
  /** Milliseconds of a clock that nobody sets. */
  now?(): number
}

/** Asks the database again and again, one question at a time, while anybody wants to know. */
export const createLooks = ({ log, wanted, ask, now = () => performance.now() }: LooksDeps) => {
  let timer: ReturnType<typeof setTimeout> | null = null
  let looking = false
  let again = false
  let closed = false
  /** When the next look may begin. */
  let restedAt = 0

  const schedule = (ms: number) => {
    if (timer) clearTimeout(timer)
    timer = closed ? null : setTimeout(begin, Math.max(ms, restedAt - now()))
  }

  const begin = () => {
    timer = null
    if (closed || !wanted()) return
    looking = true
    again = false
    const began = now()
    ask()
      .catch((error: unknown) => log.warn({ err: error }, 'payment feed: the database did not answer'))
      .finally(() => {
        looking = false
        const ended = now()
        restedAt = ended + Math.min(MOST_REST_MS, REST * (ended - began))
        schedule(again ? 0 : LOOK_MS)
      })
  }

  return {
    /** Looks as soon as it may, instead of at the next turn. */
    look: () => {
      again = looking
      if (!looking && wanted()) schedule(0)
    },
    close: () => {
      closed = true
      if (timer) clearTimeout(timer)
    },
  }
}

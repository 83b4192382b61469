import { AppError } from '../../core/errors.ts'

/** Silence after which a stream says that it is still there. */
const HEARTBEAT_MS = 15_000

/** Streams that may be open here at once. */
export interface MostStreams {
  perAccount: number
  perProcess: number
}

/** Where a stream has from what it says. Whoever gives it something nudges the stream. */
export interface Source<T> {
  /** What comes next, undefined while nothing has arrived. */
  take(): T | undefined
  /** Whether nothing will arrive any more. */
  over(): boolean
  /** What is said after a long silence. */
  heartbeat(): T
  leave(): void
}

/** Each stream holds a connection, and a heartbeat is what notices one whose client has vanished. */
const tooMany = (whose: string, most: number): AppError =>
  new AppError(
    'RATE_LIMITED',
    `${whose} may have ${most} event streams open at once; end one first`,
    undefined,
    {
      retryAfterSeconds: HEARTBEAT_MS / 1000,
    },
  )

/** Counts the streams of this process, keeps them alive, and ends them. */
export const createStreams = (most: MostStreams) => {
  const open = { all: 0, byAccount: new Map<string, number>() }
  const nudges = new Set<() => void>()
  let closed = false

  /** Counts a stream, or throws when there are too many; the returned function ends the count. */
  const enter = (accountId: string): (() => void) => {
    const own = open.byAccount.get(accountId) ?? 0
    if (own >= most.perAccount) throw tooMany('an account', most.perAccount)
    if (open.all >= most.perProcess) throw tooMany('this process', most.perProcess)
    open.all++
    open.byAccount.set(accountId, own + 1)
    return () => {
      open.all--
      const left = (open.byAccount.get(accountId) ?? 1) - 1
      if (left > 0) open.byAccount.set(accountId, left)
      else open.byAccount.delete(accountId)
    }
  }

  return {
    /**
     * What the source says, until it is over, the signal is set or the streams are closed. Throws RATE_LIMITED before
     * anything else when the account or this process has as many streams open as it may.
     */
    stream: async function* <T>(
      accountId: string,
      signal: AbortSignal,
      join: (nudge: () => void) => Source<T>,
    ): AsyncGenerator<T> {
      const exit = enter(accountId)
      let wake = () => {}
      const nudge = () => wake()
      const source = join(nudge)
      nudges.add(nudge)
      signal.addEventListener('abort', nudge)
      try {
        while (!signal.aborted && !closed) {
          const next = source.take()
          if (next !== undefined) {
            yield next
            continue
          }
          if (source.over()) return
          const silent = await new Promise<boolean>((resolve) => {
            const heartbeat = setTimeout(() => resolve(true), HEARTBEAT_MS)
            wake = () => {
              clearTimeout(heartbeat)
              resolve(false)
            }
          })
          if (silent) yield source.heartbeat()
        }
      } finally {
        signal.removeEventListener('abort', nudge)
        nudges.delete(nudge)
        source.leave()
        exit()
      }
    },
    /** How many are open. */
    count: () => open.all,
    /** Ends all of them, and every later one at once. */
    close: () => {
      closed = true
      for (const nudge of nudges) nudge()
    },
  }
}

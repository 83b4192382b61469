import { ExponentialBackoff, handleWhen, retry } from 'cockatiel'
import type { Logger } from '../telemetry/logger.ts'

/** Runs something again with backoff while the database is away. */
export type Patience = <T>(work: () => Promise<T>) => Promise<T>

export interface PatienceOptions {
  /** From now on, for everything that is run together. */
  forMs: number
  /** Tells an error that passes by itself from one that stays. */
  isAway(error: unknown): boolean
  /** Ends the waiting. */
  signal: AbortSignal
  log: Logger
}

/** Patience for a start: the program may come up before its database does. Each try is a line in the log. */
export const createPatience = ({ forMs, isAway, signal, log }: PatienceOptions): Patience => {
  const deadline = performance.now() + forMs
  const passes = (error: unknown) => isAway(error) && !signal.aborted && performance.now() < deadline
  const policy = retry(handleWhen(passes), {
    maxAttempts: Number.POSITIVE_INFINITY,
    backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 3_000 }),
  })
  policy.onRetry((retried) => {
    const err = 'error' in retried ? retried.error : undefined
    log.warn({ err, attempt: retried.attempt }, 'the database is away, trying again')
  })
  return (work) => policy.execute(work, signal)
}

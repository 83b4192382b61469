import {
  bulkhead,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import { soundOutcome } from './outcome.ts'
import type { Operation, Outcome } from './port.ts'

/**
 * Calls to one provider at a time; more wait their turn. The deadline does not cover that wait, so this stays above
 * what the queue's four loops of 200 jobs can ask at once.
 */
const MOST_CALLS = 1_000
const FAILURES_TO_OPEN = 10
const REST_MS = 5_000
/** What the share of failures is taken over: the newest calls, as far as they are young. */
const NEWEST_CALLS = 50
const YOUNG_MS = 60_000
const LEAST_CALLS = 10
const MOST_LOGGED = 2_000

/** `open` refuses every call; `half_open` lets the next one through, by whose outcome it closes or opens again. */
export const BREAKER_STATES = ['closed', 'open', 'half_open'] as const
export type BreakerState = (typeof BREAKER_STATES)[number]

/** Bounds every call to one provider: a deadline, a limit on calls at once, and a breaker. */
export interface Guard {
  /**
   * Runs the call about the operation and never throws. A throw, a passed deadline and a lost reply come out as
   * `unknown`, their cause in the log alone; a call that was never begun, as behind an open breaker, as `not_sent`.
   */
  run(operation: Operation, call: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome>
  /** Whether the breaker is open, so that no new operation should be sent there. */
  resting(): boolean
  breaker(): BreakerState
  /** Whether half of the newest calls or more have failed, so that another provider is the better choice. */
  failing(): boolean
}

/**
 * A provider that says that it cannot serve now counts like one that throws. Neither a no for a reason of the payment's
 * own does, nor an answer that makes no sense: one payment's bad data must not keep others from its provider.
 */
const isFailure = (outcome: unknown): boolean => {
  const { kind, reason } = outcome as Outcome & { reason?: string }
  return kind === 'refused' && reason === 'temporary'
}

/** The share of failures among the newest calls. */
const createErrorRate = (clock: Clock) => {
  const calls: { at: number; failed: boolean }[] = []
  return {
    add: (failed: boolean): void => {
      calls.push({ at: clock.now(), failed })
      if (calls.length > NEWEST_CALLS) calls.shift()
    },
    isHigh: (): boolean => {
      const young = calls.filter(({ at }) => clock.now() - at <= YOUNG_MS)
      return young.length >= LEAST_CALLS && young.filter(({ failed }) => failed).length * 2 >= young.length
    },
  }
}

/** What the log may need to know of a call whose outcome is unknown. */
export interface UnknownCause {
  name?: string
  message: string
  stack?: string
}

/** Logs why an outcome is unknown. The cause may hold a provider's secrets, so it goes nowhere else. */
export const logUnknown = (log: Logger, provider: string, operation: Operation, err: UnknownCause): void => {
  const { leg, attempt, accountId, paymentId, key } = operation
  log.warn(
    { provider, leg, attempt, account_id: accountId, payment_id: paymentId, key, err },
    'the outcome of a provider operation is unknown',
  )
}

const bounded = (text: unknown): string => String(text).slice(0, MOST_LOGGED)

/** Only the words of what was thrown: its own fields may hold a whole request. Never throws, whatever it is given. */
const causeOf = (thrown: unknown): UnknownCause => {
  try {
    if (!(thrown instanceof Error)) return { name: typeof thrown, message: bounded(thrown) }
    const { name, message, stack } = thrown
    return { name: bounded(name), message: bounded(message), stack: bounded(stack ?? '') }
  } catch {
    return { name: typeof thrown, message: 'it has no text' }
  }
}

/** Guards the provider of that name. `deadlineMs` bounds one call from the moment it is sent. */
export const createGuard = (provider: string, clock: Clock, deadlineMs: number, log: Logger): Guard => {
  const errorRate = createErrorRate(clock)
  const breaker = circuitBreaker(handleAll.orWhenResult(isFailure), {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: REST_MS,
  })
  let openUntil = 0
  breaker.onBreak(() => {
    openUntil = clock.now() + REST_MS
  })
  // The library itself goes on saying open until a call comes that it lets through.
  const state = (): BreakerState => {
    if (breaker.state === CircuitState.Closed) return 'closed'
    return breaker.state === CircuitState.Open && clock.now() < openUntil ? 'open' : 'half_open'
  }
  const policy = wrap(
    bulkhead(MOST_CALLS, Number.POSITIVE_INFINITY),
    breaker,
    timeout(deadlineMs, TimeoutStrategy.Aggressive),
  )
  return {
    run: async (operation, call) => {
      // Not told from the error: an adapter may have a breaker of its own, whose errors look the same.
      let sent = false
      try {
        const outcome = await policy.execute(async ({ signal }) => {
          sent = true
          return soundOutcome(await call(signal), operation)
        })
        errorRate.add(isFailure(outcome))
        if (outcome.kind === 'unknown') logUnknown(log, provider, operation, { message: outcome.message })
        return outcome
      } catch (error) {
        if (!sent) return { kind: 'not_sent' }
        errorRate.add(true)
        const cause = causeOf(error)
        logUnknown(log, provider, operation, cause)
        return { kind: 'unknown', message: cause.message }
      }
    },
    resting: () => state() === 'open',
    breaker: state,
    failing: errorRate.isHigh,
  }
}

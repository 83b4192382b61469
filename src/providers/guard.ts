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
import { soundOutcome } from './outcome.ts'
import type { Outcome } from './port.ts'

/** Calls to one provider at a time; more wait their turn. */
const MOST_CALLS = 400
const FAILURES_TO_OPEN = 10
const REST_MS = 5_000

/** Bounds every call to one provider: a deadline, a limit on calls at once, and a breaker. */
export interface Guard {
  /** Runs the call; a throw, a passed deadline, a lost reply and an open breaker all come out as `unknown`. */
  run(call: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome>
  /** Whether the breaker is open, so that no new operation should be sent there. */
  resting(): boolean
}

/** `deadlineMs` bounds one call from the moment it is sent. */
export const createGuard = (deadlineMs: number, clock: Clock): Guard => {
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
    halfOpenAfter: REST_MS,
  })
  let openUntil = 0
  breaker.onBreak(() => {
    openUntil = clock.now() + REST_MS
  })
  const policy = wrap(
    bulkhead(MOST_CALLS, Number.POSITIVE_INFINITY),
    breaker,
    timeout(deadlineMs, TimeoutStrategy.Aggressive),
  )
  return {
    run: async (call) => {
      try {
        return soundOutcome(await policy.execute(({ signal }) => call(signal)))
      } catch (error) {
        return soundOutcome({
          kind: 'unknown',
          message: error instanceof Error ? error.message : 'it failed without a reason',
        })
      }
    },
    resting: () => breaker.state === CircuitState.Open && clock.now() < openUntil,
  }
}

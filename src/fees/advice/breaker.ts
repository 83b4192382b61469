import type { Clock } from '../../core/clock.ts'

const FAILURES_TO_OPEN = 5
const REST_MS = 30_000

/** Spares a model that gives nothing usable, and those who would wait for it. */
export interface Breaker {
  /** Whether the model should not be asked now. */
  resting(): boolean
  /** To be called when a call begins: after a rest one call tries, and the others wait for what comes of it. */
  begins(): void
  /** To be called when a call ends: a usable choice, or anything else. */
  ends(usable: boolean): void
}

/**
 * Opens after five calls in a row without a usable choice and lets one try every 30 seconds from then on. A model that
 * answers nonsense counts like one that does not answer. cockatiel's breaker reads the system's clock; this one must
 * follow the given one.
 */
export const createBreaker = (clock: Clock): Breaker => {
  let failures = 0
  let restsUntil = 0
  const rest = () => {
    if (failures >= FAILURES_TO_OPEN) restsUntil = clock.now() + REST_MS
  }
  return {
    resting: () => failures >= FAILURES_TO_OPEN && clock.now() < restsUntil,
    begins: rest,
    ends: (usable) => {
      failures = usable ? 0 : failures + 1
      rest()
    },
  }
}

import type { Clock } from '../core/clock.ts'

/** What a provider once said of its prices or its health. */
export interface Said<T> {
  value: T
  atMs: number
}

/** Reads what was said no longer ago than its life, in milliseconds; anything older is null. */
export const youngBy =
  (clock: Clock) =>
  <T>(said: Said<T> | null, lifeMs: number): T | null =>
    said && clock.now() - said.atMs <= lifeMs ? said.value : null

/** Waits for all of them, and throws what the first one threw that failed: the others have been heard all the same. */
export const allHeard = async (asked: readonly Promise<unknown>[]): Promise<void> => {
  for (const result of await Promise.allSettled(asked)) if (result.status === 'rejected') throw result.reason
}

/** Source of time for domain code, in epoch milliseconds. Quote expiry is judged by the database instead. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

import type { Clock } from '../../core/clock.ts'

/** Iris cuts off whoever asks more than 35 times in a second; several processes may share one address. */
const MOST_PER_SECOND = 10
/** How long it cuts off. */
export const BLOCK_MS = 300_000

/** Keeps a client within a service's limit of requests. It never waits; whoever is told to comes back later. */
export interface Limiter {
  /** Counts a request that is about to be sent: 0, or the milliseconds after which it may be. */
  take(): number
  /** Nothing may be sent for that many milliseconds, because the service has said so. */
  block(ms: number): void
}

/** A limiter that all clients of one service in this process share. */
export const createLimiter = (clock: Clock): Limiter => {
  let sent: number[] = []
  let blockedUntil = 0
  return {
    take: () => {
      const now = clock.now()
      if (now < blockedUntil) return blockedUntil - now
      sent = sent.filter((at) => at > now - 1_000)
      if (sent.length >= MOST_PER_SECOND) return (sent[0] ?? now) + 1_000 - now
      sent.push(now)
      return 0
    },
    block: (ms) => {
      blockedUntil = Math.max(blockedUntil, clock.now() + ms)
    },
  }
}

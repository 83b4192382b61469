import type { Timing } from './lifecycle.ts'

/** Retries never spin, however fast the sandbox is told to be. */
const LEAST_MS = 20

/** Pauses between steps in milliseconds; `scale` speeds them up together with the sandbox. */
export const timingOf = (firstPollSeconds: number, scale: number): Timing => {
  const scaled = (ms: number) => Math.max(ms * scale, LEAST_MS)
  return {
    firstPollMs: scaled(firstPollSeconds * 1000),
    pollMinMs: scaled(5_000),
    pollMaxMs: scaled(300_000),
    retryMinMs: scaled(1_000),
    retryMaxMs: scaled(60_000),
    restMs: scaled(5_000),
    reviewMs: scaled(600_000),
  }
}

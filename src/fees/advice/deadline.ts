/** A point in real time by which something must have ended. */
export interface Deadline {
  /** Aborted when it passes. */
  signal: AbortSignal
  /** Resolves when it passes, and never when it is ended before. */
  passed: Promise<void>
  /** Stops the timer. */
  end(): void
}

export const startDeadline = (ms: number): Deadline => {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(() => {
    controller.abort()
    resolve()
  }, ms)
  return { signal: controller.signal, passed: promise, end: () => clearTimeout(timer) }
}

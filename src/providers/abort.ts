/** Starts the work unless the signal is set, and rejects with the signal's reason as soon as it is. */
export const untilAborted = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work(), promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Never answers: rejects when the signal is set. */
export const hang = (signal: AbortSignal): Promise<never> =>
  untilAborted(signal, () => new Promise<never>(() => {}))

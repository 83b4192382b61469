import type { Logger } from '../telemetry/logger.ts'
import type { Provider } from './port.ts'

/** How often each provider is asked for its rates and its health; a quote of theirs is good for about a minute. */
const EVERY_MS = 20_000

/** Keeps what providers say of themselves up to date, so that a quote is answered from memory. */
export interface Freshness {
  /** Asks every provider once, side by side; never throws. One that does not answer keeps nobody waiting past the deadline. */
  refresh(): Promise<void>
  /** Asks them now and from now on; resolves when they have answered for the first time, or not. */
  start(): Promise<void>
  /** Ends that, and waits for what is under way. */
  stop(): Promise<void>
}

/** `deadlineMs` bounds each provider's answer. The log gets one line when a provider falls silent, and one when it is back. */
export const createFreshness = (
  providers: readonly Provider[],
  deadlineMs: number,
  log: Logger,
): Freshness => {
  const silent = new Set<string>()
  const ended = new AbortController()
  let running = Promise.resolve()
  let timer: ReturnType<typeof setTimeout> | undefined

  const ask = async (provider: Provider): Promise<void> => {
    const { name } = provider
    try {
      await provider.refresh(AbortSignal.any([ended.signal, AbortSignal.timeout(deadlineMs)]))
      if (silent.delete(name)) log.info({ provider: name }, 'a provider tells its rates again')
    } catch (error) {
      if (ended.signal.aborted || silent.has(name)) return
      silent.add(name)
      // Only the words: an error's own fields may hold a whole request.
      const { name: kind, message } = error instanceof Error ? error : { name: typeof error, message: '' }
      log.warn({ provider: name, err: { name: kind, message } }, 'a provider does not tell its rates')
    }
  }

  const refresh = async (): Promise<void> => {
    await Promise.all(providers.map(ask))
  }

  const loop = (): Promise<void> => {
    running = refresh().finally(() => {
      if (!ended.signal.aborted) timer = setTimeout(loop, EVERY_MS).unref()
    })
    return running
  }

  return {
    refresh,
    start: loop,
    stop: async () => {
      clearTimeout(timer)
      ended.abort()
      await running
    },
  }
}

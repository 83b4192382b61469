import type { Provider, ProviderRecord } from '../providers/port.ts'

/** Milliseconds. */
export interface Window {
  fromMs: number
  toMs: number
}

const withinDeadline = async <T>(work: Promise<T>, deadlineMs: number): Promise<T> => {
  const passed = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => passed.reject(new Error(`no page of records within ${deadlineMs} ms`)),
    deadlineMs,
  )
  try {
    return await Promise.race([work, passed.promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The provider's records of the window, page by page, each within the deadline (milliseconds). Throws what the provider
 * throws, and Error after a passed deadline or more than `most` records, so that a listing without an end has one.
 */
export async function* listRecords(
  provider: Provider,
  window: Window,
  deadlineMs: number,
  most: number,
): AsyncGenerator<readonly ProviderRecord[]> {
  const stop = new AbortController()
  try {
    const pages = provider.records(window, stop.signal)[Symbol.asyncIterator]()
    for (let listed = 0; ; ) {
      const page = await withinDeadline(pages.next(), deadlineMs)
      if (page.done) return
      listed += page.value.length
      if (listed > most) throw new Error(`more than ${most} records`)
      yield page.value
    }
  } finally {
    // Ends a request that is still under way; the provider's own iteration ends with it.
    stop.abort()
  }
}

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { ApiError, call, Unreachable } from './api.ts'
import { reachable } from './session.ts'

/** What is known of something that the API was asked for. */
export interface Loaded<T> {
  data: T | null
  /** Why the newest attempt failed; the data of an earlier one stays. */
  error: Error | null
  reload(): void
}

interface LoadOptions<T> {
  /** Loads again this often while the page is looked at, milliseconds; how often may depend on what came. */
  everyMs?: number | null | ((data: T | null) => number | null)
  /** Makes it a POST. */
  body?: unknown
  /** Loads again when this is another number, such as the sequence of what it belongs to. */
  changes?: number
}

/** Loads a path, and again when path or body change, and on `reload`. Null loads nothing. */
export const useLoad = <T>(path: string | null, options: LoadOptions<T> = {}): Loaded<T> => {
  const { body, changes } = options
  const [found, setFound] = useState<Omit<Loaded<T>, 'reload'>>({ data: null, error: null })
  const [turn, setTurn] = useState(0)
  const reload = useCallback(() => setTurn((before) => before + 1), [])
  const asked = path === null ? null : JSON.stringify([path, body])
  const shown = useRef(asked)
  const running = useRef(false)

  // A turn is the wish to load the same once more.
  useEffect(() => {
    if (path === null) return
    const stopped = new AbortController()
    const isOther = shown.current !== asked
    shown.current = asked
    running.current = true
    if (isOther) setFound({ data: null, error: null })
    call<T>(path, { signal: stopped.signal, ...(body === undefined ? {} : { method: 'POST', body }) })
      .then(
        (data) => setFound({ data, error: null }),
        (error: Error) => {
          if (!stopped.signal.aborted) setFound((before) => ({ ...before, error }))
        },
      )
      .finally(() => {
        if (!stopped.signal.aborted) running.current = false
      })
    return () => stopped.abort()
  }, [asked, turn, changes])

  // What could not be loaded while the service was away is loaded as soon as it is back.
  const back = reachable.value === true
  const failed = found.error instanceof Unreachable
  useEffect(() => {
    if (back && failed) reload()
  }, [back, failed, reload])

  const everyMs = typeof options.everyMs === 'function' ? options.everyMs(found.data) : options.everyMs
  // What is refused for good is not asked for again and again, nor what is still under way.
  const hopeless = found.error instanceof ApiError && [401, 403, 404].includes(found.error.status)
  useEffect(() => {
    if (!everyMs || asked === null || hopeless) return
    const timer = setInterval(() => document.hidden || running.current || reload(), everyMs)
    return () => clearInterval(timer)
  }, [everyMs, asked, hopeless, reload])

  return { ...found, reload }
}

/** A request that the user asks for, with what became of it. */
export const useAction = <A extends unknown[], T>(act: (...args: A) => Promise<T>) => {
  const [state, setState] = useState<{ busy: boolean; error: Error | null }>({ busy: false, error: null })
  const run = async (...args: A): Promise<T | null> => {
    setState({ busy: true, error: null })
    try {
      const result = await act(...args)
      setState({ busy: false, error: null })
      return result
    } catch (error) {
      setState({ busy: false, error: error instanceof Error ? error : new Error(String(error)) })
      return null
    }
  }
  return { ...state, run, clear: () => setState({ busy: false, error: null }) }
}

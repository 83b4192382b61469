import { EventSourceParserStream } from 'eventsource-parser/stream'
import { ApiError, send } from './api.ts'
import { heard, reachable } from './session.ts'

/** The API sends a heartbeat every 15 seconds; a stream that is silent for longer than two is dead. */
const SILENT_MS = 35_000
/** Browsers open only six connections to a host: a page that nobody looks at gives its one back after this. */
const HIDDEN_MS = 30_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

export interface StreamEvent {
  event: string
  data: unknown
}

export type StreamState = 'connecting' | 'live' | 'waiting' | 'ended'

export interface Following {
  onEvent(event: StreamEvent): void
  onState?(state: StreamState): void
  /** Whether nothing is left to wait for when the API ends the stream; otherwise it is opened again. */
  isOver?(): boolean
}

/** Resolves after the time, or earlier when the signal is set, the network is back or the page is looked at again. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const woken = new AbortController()
    const end = () => {
      clearTimeout(timer)
      woken.abort()
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { signal: woken.signal })
    addEventListener('online', end, { signal: woken.signal })
    document.addEventListener('visibilitychange', () => document.hidden || end(), { signal: woken.signal })
  })

/** Calls back once the page has been hidden for long; the returned function calls it off. */
const whenHidden = (act: () => void): (() => void) => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    clearTimeout(timer)
    if (document.hidden) timer = setTimeout(act, HIDDEN_MS)
  }
  look()
  document.addEventListener('visibilitychange', look)
  return () => {
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', look)
  }
}

const shown = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return
      document.removeEventListener('visibilitychange', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
    signal.addEventListener('abort', look)
    look()
  })

/**
 * Follows an event stream until it is stopped, over whatever breaks it: it is opened again after the last event that was
 * seen, so that nothing is missed. Not an `EventSource`, which can send no key and gives up at the first refusal.
 */
export const follow = (path: string, { onEvent, onState, isOver }: Following): (() => void) => {
  const stopped = new AbortController()
  let lastId: string | null = null
  let waitMs = FIRST_WAIT_MS

  /** Reads until the stream ends; answers true when it was given back because nobody looks. */
  const read = async (): Promise<boolean> => {
    const silent = new AbortController()
    const rested = new AbortController()
    const signal = AbortSignal.any([stopped.signal, silent.signal, rested.signal])
    const stay = whenHidden(() => rested.abort())
    let timer = setTimeout(() => silent.abort(), SILENT_MS)
    try {
      const headers = lastId === null ? {} : { 'last-event-id': lastId }
      const { body } = await send(path, { headers, signal })
      if (!body) return false
      const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      onState?.('live')
      for (const reader = events.getReader(); ; ) {
        const { done, value } = await reader.read()
        if (done) return false
        clearTimeout(timer)
        timer = setTimeout(() => silent.abort(), SILENT_MS)
        waitMs = FIRST_WAIT_MS
        heard()
        if (value.id !== undefined) lastId = value.id
        if (value.event === 'heartbeat') continue
        try {
          onEvent({ event: value.event ?? 'message', data: JSON.parse(value.data) })
        } catch (error) {
          // A fault of the page's own is no reason to take the connection for lost.
          reportError(error)
        }
      }
    } catch (error) {
      if (rested.signal.aborted) return true
      throw error
    } finally {
      stay()
      clearTimeout(timer)
      silent.abort()
    }
  }

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      onState?.('connecting')
      let askedMs = 0
      try {
        const rests = await read()
        if (isOver?.()) return onState?.('ended')
        if (rests) {
          onState?.('waiting')
          await shown(stopped.signal)
          continue
        }
      } catch (error) {
        if (error instanceof ApiError && [401, 403, 404].includes(error.status)) return onState?.('ended')
        // A stream that breaks off is how a page notices first that the service has gone.
        if (error instanceof ApiError) askedMs = error.retryAfterMs ?? 0
        else if (!stopped.signal.aborted) reachable.value = false
      }
      if (stopped.signal.aborted) return
      onState?.('waiting')
      // Spread, so that the pages that a restart has cut off do not all come back at once.
      await pause(Math.max(askedMs, waitMs * (0.5 + Math.random())), stopped.signal)
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
  }

  void run()
  return () => stopped.abort()
}

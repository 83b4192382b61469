import type { KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'

const MINUTE_MS = 60_000

/** Keys that are remembered; those not used for longest are forgotten, and asked for again. */
const MOST_KEYS = 1_000
/** A key that the provider withdraws is believed no longer than this. */
const KEY_MS = 24 * 60 * MINUTE_MS
/** Short, because a key that nobody knows now may be one that has just been made. */
const UNKNOWN_MS = MINUTE_MS

/** Whoever makes up key ids gets us to ask the provider no more often than this. */
const MOST_FETCHES_A_MINUTE = 120

/** Public keys that a provider publishes by id. */
export interface PublishedKeys {
  /** The key of that id, null when the provider has none. Throws when it cannot be told now. */
  find(id: string): Promise<KeyObject | null>
}

/**
 * Asks for a key when it is first needed, once however many messages need it, and remembers it; also, for a minute, that
 * there is none. `fetchKey` answers null for an id that the provider does not know; `deadlineMs` bounds it.
 */
export const createPublishedKeys = (
  fetchKey: (id: string, signal: AbortSignal) => Promise<KeyObject | null>,
  clock: Clock,
  deadlineMs: number,
): PublishedKeys => {
  // Apart, so that made-up ids push no key out.
  const keys = new LRUCache<string, KeyObject>({ max: MOST_KEYS, ttl: KEY_MS, ttlResolution: 0, perf: clock })
  const unknown = new LRUCache<string, true>({
    max: MOST_KEYS,
    ttl: UNKNOWN_MS,
    ttlResolution: 0,
    perf: clock,
  })
  const pending = new Map<string, Promise<KeyObject | null>>()
  let asked: number[] = []

  const countFetch = (): void => {
    const now = clock.now()
    // What lies ahead was counted before the clock was set back.
    asked = asked.filter((at) => at > now - MINUTE_MS && at <= now)
    if (asked.length >= MOST_FETCHES_A_MINUTE) throw new Error('too many new signing keys within a minute')
    asked.push(now)
  }

  const ask = async (id: string): Promise<KeyObject | null> => {
    countFetch()
    const key = await fetchKey(id, AbortSignal.timeout(deadlineMs))
    if (key) keys.set(id, key)
    else unknown.set(id, true)
    return key
  }

  const askOnce = (id: string): Promise<KeyObject | null> => {
    const asking = pending.get(id) ?? ask(id).finally(() => pending.delete(id))
    pending.set(id, asking)
    return asking
  }

  return {
    find: async (id) => keys.get(id) ?? (unknown.has(id) ? null : await askOnce(id)),
  }
}

import { LRUCache } from 'lru-cache'
import type { Clock } from '../../core/clock.ts'
import type { Advice, FallbackReason } from './adviser.ts'

/** More questions than this are forgotten, those not asked for longest first. */
const MOST_QUESTIONS = 1_000
/** An outage costs one call per question in so many milliseconds, and is over as soon for those who ask. */
const OUTAGE_MS = 5_000
/** What the model made a mess of it will hardly make better at once, and every try is paid for. */
const MESS_MS = 30_000
const OUTAGES: ReadonlySet<FallbackReason> = new Set([
  'deadline',
  'unauthorized',
  'rate_limited',
  'overloaded',
  'http_error',
  'connection_lost',
  'internal_error',
])

/** What was answered a moment ago, by the key of the question. */
export interface Memory {
  recall(key: string): Advice | null
  keep(key: string, advice: Advice): void
}

/** Keeps choices for `choiceMs` and failures for a little while, by the clock. */
export const createMemory = (clock: Clock, choiceMs: number): Memory => {
  const answers = new LRUCache<string, Advice>({ max: MOST_QUESTIONS, ttlResolution: 0, perf: clock })
  const keepMs = (advice: Advice): number => {
    if (advice.kind === 'choice') return choiceMs
    return Math.min(choiceMs, OUTAGES.has(advice.reason) ? OUTAGE_MS : MESS_MS)
  }
  return {
    recall: (key) => answers.get(key) ?? null,
    keep: (key, advice) => {
      // A ttl of 0 would mean for ever.
      if (choiceMs > 0) answers.set(key, { ...advice, shared: true }, { ttl: keepMs(advice) })
    },
  }
}

import type { RateSource } from './facts.ts'
import type { SourceName } from './source.ts'

const MINUTE_MS = 60_000

/** A value is live while it is younger than this. */
export const TTL_MS = 2 * MINUTE_MS

/** A source is asked again at 80 % of that, so that an answer may take its time and no value stops being live. */
export const REFRESH_AFTER_MS = 0.8 * TTL_MS

/** A claim outlasts the deadline of the request by this, the time to store the answer. */
export const CLAIM_SLACK_MS = 2_000

/** Another process is asking, or has just asked: how soon to look for its answer at the earliest. */
export const LOOK_AGAIN_MS = 1_000

/** The database is away: how soon to try again. Nobody waits for it, for values are served from memory. */
export const DATABASE_REST_MS = 5_000

const FIRST_REST_MS = 30_000
const LONGEST_REST_MS = 10 * MINUTE_MS
/** A source may ask for more rest than ours, but a slip of its clock must not silence it for days. */
const LONGEST_ASKED_REST_MS = 60 * MINUTE_MS

/**
 * Milliseconds for which a source is left alone after so many failures in a row, the last included: 30 seconds,
 * doubled each time up to 10 minutes, or what the source asked for when that is longer, up to an hour.
 */
export const restMs = (failures: number, askedForMs = 0): number =>
  Math.max(
    Math.min(FIRST_REST_MS * 2 ** (failures - 1), LONGEST_REST_MS),
    Math.min(askedForMs, LONGEST_ASKED_REST_MS),
  )

/** Exchange rates are published once a day, so what is younger than a day misses one publication at most. */
const USABLE_MS = 24 * 60 * MINUTE_MS
/** Outages begin within minutes: what a status page said longer ago says nothing of now. */
const HEALTH_USABLE_MS = 30 * MINUTE_MS

const usableMs = (name: SourceName): number => (name === 'circle_status' ? HEALTH_USABLE_MS : USABLE_MS)

/** What a value of that age in milliseconds counts as; one too old to be used, like none at all, as the fallback. */
export const statusAt = (name: SourceName, ageMs: number): RateSource => {
  if (ageMs < TTL_MS) return 'live'
  return ageMs < usableMs(name) ? 'cached' : 'fallback'
}

/** The age in milliseconds at which that status ends; infinite when it never does. */
export const statusEndsAt = (name: SourceName, ageMs: number): number => {
  if (ageMs < TTL_MS) return TTL_MS
  return ageMs < usableMs(name) ? usableMs(name) : Number.POSITIVE_INFINITY
}

import { parseRetryAfter } from '../../core/retry-after.ts'
import type { SourceName } from '../source.ts'

/** Who asked exchangerate-api too often is blocked for about that long, and its answer does not say so. */
const BLOCKED_MS: Partial<Record<SourceName, number>> = { exchangerate_api: 20 * 60_000 }

/** The rest of a source that limits its callers without saying for how long; undefined when ours will do. */
export const blockedFor = (name: SourceName): number | undefined => BLOCKED_MS[name]

/** No source can ask for a longer rest. */
const MOST_MS = 24 * 3_600_000

// In milliseconds, as Blockscout documents it; the same header means other things elsewhere.
const resetOf = (name: SourceName, headers: Headers): number | undefined => {
  const reset = name.startsWith('blockscout_') ? (headers.get('x-ratelimit-reset')?.trim() ?? '') : ''
  return /^\d{1,10}$/.test(reset) ? Number(reset) : undefined
}

/**
 * Milliseconds until the source may be asked again, from 0 to a day; undefined where its headers do not say so in a way
 * that can be understood.
 */
export const retryAfterOf = (name: SourceName, headers: Headers, nowMs: number): number | undefined => {
  const ms = parseRetryAfter(headers.get('retry-after'), nowMs) ?? resetOf(name, headers)
  return ms === undefined ? undefined : Math.min(ms, MOST_MS)
}

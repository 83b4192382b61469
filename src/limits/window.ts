/** The span that a limit is about. */
export const WINDOW_MS = 60_000

/** Units that somebody has used: in the minute that runs, and in the whole minute before it. */
export interface Used {
  current: number
  previous: number
}

/** The minute that a time is in, counted since the epoch. */
export const minuteOf = (nowMs: number): number => Math.floor(nowMs / WINDOW_MS)

/** Milliseconds of the running minute that have passed. */
export const elapsedOf = (nowMs: number): number => nowMs - minuteOf(nowMs) * WINDOW_MS

/**
 * Whole units of `limit` that are free so far into the minute; negative when too many were used. The window slides:
 * of the minute before counts the share that the last 60 seconds still reach into. Two sums are all it needs, and sums
 * of several processes add up, which the fill levels of token buckets do not.
 */
export const freeUnits = (limit: number, { current, previous }: Used, elapsedMs: number): number =>
  limit - current - Math.ceil((previous * (WINDOW_MS - elapsedMs)) / WINDOW_MS)

/** Milliseconds into a minute at which at most `room` of the `previous` units still count. */
const fadedTo = (room: number, previous: number): number =>
  previous <= room ? 0 : WINDOW_MS - Math.floor((room * WINDOW_MS) / previous)

/** Milliseconds until `weight` units, at most `limit`, are free, if nobody uses any in the meantime. */
export const waitMs = (
  limit: number,
  { current, previous }: Used,
  elapsedMs: number,
  weight: number,
): number => {
  const room = limit - current - weight
  const fadedAt = room < 0 ? WINDOW_MS : fadedTo(room, previous)
  if (fadedAt < WINDOW_MS) return Math.max(0, fadedAt - elapsedMs)
  return WINDOW_MS - elapsedMs + fadedTo(limit - weight, current)
}

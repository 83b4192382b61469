import type { Chance } from './chance.ts'

const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** How busy each hour of the day is, UTC: the working days of Europe and of the Americas lie over each other. */
const HOURS = [2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 11, 12, 13, 13, 12, 10, 8, 6, 5, 4, 3, 2]
const BUSIEST = Math.max(...HOURS)

/** How busy each day of the week is, from Sunday on. */
const WEEKDAYS = [0.25, 1, 1, 1, 1, 0.9, 0.4]

const busyness = (ms: number, byWeekday: boolean): number => {
  const at = new Date(ms)
  return ((HOURS[at.getUTCHours()] ?? 1) / BUSIEST) * (byWeekday ? (WEEKDAYS[at.getUTCDay()] ?? 1) : 1)
}

const drawIn = (chance: Chance, from: number, to: number, byWeekday: boolean): number => {
  for (;;) {
    const at = chance.integer(from, to - 1)
    if (chance.unit() < busyness(at, byWeekday)) return at
  }
}

/** So many times within a span of epoch milliseconds, more of them where there is more business, in their order. */
export const drawTimes = (chance: Chance, count: number, from: number, to: number): number[] =>
  Array.from({ length: count }, () => drawIn(chance, from, to, to - from > DAY_MS)).sort((a, b) => a - b)

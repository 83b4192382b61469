import type { Clock } from '../../core/clock.ts'
import type { Ids } from '../../core/ids.ts'
import type { Chance } from './chance.ts'

/** What the twelve bits behind the time can count. */
const MOST_PER_MS = 4_096

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')

/** Version 7 UUIDs of the time that `clock` tells, in the order in which they were asked for; the rest is drawn. */
export const createDrawnIds = (clock: Clock, chance: Chance): Ids => {
  let last = 0
  let count = 0
  return {
    uuid: () => {
      const now = clock.now()
      count = now === last ? (count + 1) % MOST_PER_MS : 0
      last = now
      const time = hex(now, 12)
      const [variant, low, high] = [
        chance.integer(0x8000, 0xbfff),
        chance.integer(0, 2 ** 24 - 1),
        chance.integer(0, 2 ** 24 - 1),
      ]
      return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(count, 3)}-${hex(variant, 4)}-${hex(high, 6)}${hex(low, 6)}`
    },
  }
}

import type { Clock } from './clock.ts'

interface Reading<Value> {
  begunAt: number
  underWay: boolean
  value: Promise<Value>
}

/**
 * A reading that all who ask for the same key share: while it is under way, and for `forMs` from its beginning. However
 * many ask, it is made once in that time. One that failed is made anew for the next who asks.
 */
export const sharedFor = <Key, Value>(
  forMs: number,
  clock: Clock,
  read: (key: Key) => Promise<Value>,
): ((key: Key) => Promise<Value>) => {
  const readings = new Map<Key, Reading<Value>>()

  const begin = (key: Key): Promise<Value> => {
    const reading: Reading<Value> = { begunAt: clock.now(), underWay: true, value: read(key) }
    readings.set(key, reading)
    reading.value.then(
      () => {
        reading.underWay = false
      },
      () => readings.delete(key),
    )
    return reading.value
  }

  return (key) => {
    const last = readings.get(key)
    if (!last) return begin(key)
    const age = clock.now() - last.begunAt
    // A clock that was set back must not keep an old reading alive.
    return last.underWay || (age >= 0 && age < forMs) ? last.value : begin(key)
  }
}

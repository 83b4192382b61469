import { afterEach, beforeEach, describe, expect, jest, test } from 'bun:test'
import { createLooks } from '../../src/payments/feed/looks.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

/** Looks that end when the test says so, on a clock of its own. */
const watched = () => {
  const state = { now: 0, wanted: true, begun: [] as number[] }
  let finish = (_error?: Error) => {}
  const looks = createLooks({
    log: createLogger({ level: 'silent', pretty: false }),
    wanted: () => state.wanted,
    now: () => state.now,
    ask: () => {
      state.begun.push(state.now)
      return new Promise((resolve, reject) => {
        finish = (error) => (error ? reject(error) : resolve())
      })
    },
  })
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed++) {
      state.now++
      jest.advanceTimersByTime(1)
    }
  }
  /** Ends the look that is under way after so many milliseconds. */
  const end = async (ms: number, error?: Error) => {
    pass(ms)
    finish(error)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
  }
  return { looks, state, pass, end }
}

describe('the database is asked', () => {
  test('every half second, and at once when something has changed', async () => {
    const { looks, state, pass, end } = watched()
    looks.look()
    pass(1)
    await end(1)
    pass(500)
    await end(1)
    pass(100)
    looks.look()
    pass(1)
    expect(state.begun).toEqual([1, 502, 604])
  })

  test('never twice at the same time; what changes during a look is looked for after it', async () => {
    const { looks, state, pass, end } = watched()
    looks.look()
    pass(1)
    looks.look()
    looks.look()
    pass(300)
    expect(state.begun).toHaveLength(1)
    await end(0)
    pass(9 * 300)
    expect(state.begun).toHaveLength(2)
    await end(0)
    pass(400)
    expect(state.begun).toHaveLength(2)
  })

  test('a tenth of the time at most, however often something changes and however long a look takes', async () => {
    const { looks, state, pass, end } = watched()
    looks.look()
    pass(1)
    let busy = 0
    for (const ms of [1, 30, 80, 200]) {
      await end(ms)
      busy += ms
      const before = state.begun.length
      while (state.begun.length === before) {
        looks.look()
        pass(1)
      }
      expect(busy / state.now).toBeLessThanOrEqual(0.1)
    }
  })

  test('again after ten seconds at the latest, and after it did not answer', async () => {
    const { looks, state, pass, end } = watched()
    looks.look()
    pass(1)
    await end(60_000, new Error('away'))
    pass(9_999)
    expect(state.begun).toHaveLength(1)
    pass(1)
    expect(state.begun).toHaveLength(2)
  })

  test('no more when nobody wants to know, or it is over', async () => {
    const { looks, state, pass, end } = watched()
    looks.look()
    pass(1)
    state.wanted = false
    await end(1)
    looks.look()
    pass(2_000)
    expect(state.begun).toHaveLength(1)
    state.wanted = true
    looks.close()
    looks.look()
    pass(2_000)
    expect(state.begun).toHaveLength(1)
  })
})

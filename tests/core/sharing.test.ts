import { describe, expect, test } from 'bun:test'
import { sharedFor } from '../../src/core/sharing.ts'

/** Readings that end when told, numbered by key in the order in which they began. */
const start = (forMs = 1_000) => {
  const clock = { nowMs: 5_000, now: () => clock.nowMs }
  const begun: PromiseWithResolvers<string>[] = []
  const read = sharedFor(forMs, clock, (key: string) => {
    const reading = Promise.withResolvers<string>()
    begun.push({ ...reading, resolve: () => reading.resolve(`${key} ${begun.length}`) })
    return reading.promise
  })
  return { clock, begun, read, end: (index: number) => begun[index]?.resolve('') }
}

describe('a shared reading', () => {
  test('is one for all who ask while it is under way, however long that takes', async () => {
    const { clock, begun, read, end } = start()
    const asked = [read('a'), read('a')]
    clock.nowMs += 60_000
    asked.push(read('a'))
    for (const index of begun.keys()) end(index)
    expect(await Promise.all(asked)).toEqual(['a 1', 'a 1', 'a 1'])
    expect(begun).toHaveLength(1)
  })

  test('is the same until its time is over, and then another one', async () => {
    const { clock, begun, read, end } = start()
    const first = read('a')
    end(0)
    await first
    clock.nowMs += 999
    expect(await read('a')).toBe('a 1')
    clock.nowMs += 1
    const second = read('a')
    end(1)
    expect(await second).toBe('a 2')
    expect(begun).toHaveLength(2)
  })

  test('is not kept when it failed: who waits is told, and the next one asks anew', async () => {
    const { begun, read, end } = start()
    const asked = [read('a'), read('a')]
    begun[0]?.reject(new Error('away'))
    for (const each of asked) await expect(each).rejects.toThrow('away')
    const again = read('a')
    end(1)
    expect(await again).toBe('a 2')
  })

  test('is its own for each key', async () => {
    const { read, end } = start()
    const asked = [read('a'), read('b')]
    end(0)
    end(1)
    expect(await Promise.all(asked)).toEqual(['a 2', 'b 2'])
  })

  test('is made anew when the clock was set back behind it', async () => {
    const { clock, read, end } = start()
    const first = read('a')
    end(0)
    await first
    clock.nowMs -= 3_600_000
    const second = read('a')
    end(1)
    expect(await second).toBe('a 2')
  })
})

import { describe, expect, test } from 'bun:test'
import { percentile } from '../../load/figures.ts'

describe('a percentile is a value that was measured, by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)

  test.each([
    [50, 50],
    [99, 99],
    [100, 100],
    [0, 1],
  ])('the %d. of 1 to 100 is %d, in whatever order they came', (percent, value) => {
    expect(percentile(values, percent)).toBe(value)
  })

  test('of one value it is that value, and of none there is none', () => {
    expect(percentile([7], 99)).toBe(7)
    expect(() => percentile([], 50)).toThrow(RangeError)
  })
})

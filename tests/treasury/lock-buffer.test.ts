import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { LockBuffer } from '../../src/treasury/model.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness({
    env: { LOCK_BUFFER_DEFAULT_BPS: '7', LOCK_BUFFER_MIN_BPS: '2', LOCK_BUFFER_MAX_BPS: '60' },
  })
})
afterAll(() => harness.stop())
beforeEach(async () => {
  await harness.database.sql`truncate market_mids`
  await harness.services.lockPrice.load()
})

/** Publishes a euro rate in the middle of each of the last `days` days but the newest `quiet` ones, each swing larger. */
const publish = async (days: number, quiet = 0) => {
  await harness.database.sql`
    insert into market_mids (currency, source, published_at, fiat_per_usd)
    select 'EUR', 'exchangerate_api', now() - (day + 0.5) * interval '1 day',
      0.9 + (${days}::int - day) * 0.0001 * (day % 2)
    from generate_series(${quiet}::int, ${days}::int - 1) as day`
  await harness.services.lockPrice.load()
}

const read = async (query: string): Promise<LockBuffer> => {
  const { status, body } = await harness.call('GET', `/treasury/lock-buffer?${query}`)
  expect(status).toBe(200)
  return body
}
const PAIR = 'from_currency=USD&to_currency=EUR'

describe('GET /treasury/lock-buffer', () => {
  test('has no points while nothing is recorded, and the default is what a quote takes', async () => {
    expect(await read(PAIR)).toEqual({
      from_currency: 'USD',
      to_currency: 'EUR',
      current_bps: 7,
      default_bps: 7,
      min_bps: 2,
      max_bps: 60,
      points: [],
    })
  })

  test('has a point for each publication within the days, oldest first', async () => {
    await publish(120)
    expect((await read(`${PAIR}&days=180`)).points).toHaveLength(120)
    expect((await read(PAIR)).points).toHaveLength(90)
    const { points } = await read(`${PAIR}&days=30`)
    const times = points.map(({ at }) => Date.parse(at))
    expect(times).toHaveLength(30)
    expect(times.every((at, index) => index === 0 || at - (times[index - 1] ?? 0) === 86_400_000)).toBe(true)
  })

  test('ends with what a quote takes off now', async () => {
    await publish(60)
    const { current_bps, points } = await read(PAIR)
    const request = { from_currency: 'USD', to_currency: 'EUR', amount: 100_000 }
    const { body: quote } = await harness.call('POST', '/quotes', request)
    expect(current_bps).toBeGreaterThan(7)
    expect([points.at(-1)?.bps, quote.lock_buffer_bps]).toEqual([current_bps, current_bps])
  })

  test('shows what stood at the time: the default until twenty were known, and nothing of what came later', async () => {
    await publish(60)
    const { points } = await read(PAIR)
    expect(points.slice(0, 19).every(({ bps }) => bps === 7)).toBe(true)
    await harness.database.sql`delete from market_mids where published_at > now() - interval '30 days'`
    await harness.services.lockPrice.load()
    const earlier = await read(PAIR)
    expect(earlier.points).toEqual(points.slice(0, 30))
    expect(earlier.current_bps).toBe(earlier.points.at(-1)?.bps ?? 0)
  })

  test('of a pair that was published long ago has no points within few days, and still its price', async () => {
    await publish(60, 10)
    const { current_bps, points } = await read(`${PAIR}&days=5`)
    expect(points).toEqual([])
    expect(current_bps).toBe((await read(PAIR)).points.at(-1)?.bps ?? 0)
  })

  test.each([
    ['from_currency=USD&to_currency=USD', 'UNSUPPORTED_CURRENCY_PAIR', '/to_currency'],
    ['from_currency=USD&to_currency=XAU', 'UNSUPPORTED_CURRENCY_PAIR', '/to_currency'],
    ['from_currency=XAU&to_currency=USD', 'UNSUPPORTED_CURRENCY_PAIR', '/from_currency'],
    ['from_currency=usd&to_currency=EUR', 'VALIDATION_ERROR', '/from_currency'],
    ['to_currency=EUR', 'VALIDATION_ERROR', '/from_currency'],
    [`${PAIR}&days=0`, 'VALIDATION_ERROR', '/days'],
    [`${PAIR}&days=181`, 'VALIDATION_ERROR', '/days'],
    [`${PAIR}&days=1.5`, 'VALIDATION_ERROR', '/days'],
    [`${PAIR}&since=1`, 'VALIDATION_ERROR', '/since'],
  ])('%s is refused with %s at %s, as a quote would be', async (query, error, path) => {
    const { status, body } = await harness.call('GET', `/treasury/lock-buffer?${query}`)
    expect([status, body.error]).toEqual([400, error])
    expect(body.details[0].path).toBe(path)
  })
})

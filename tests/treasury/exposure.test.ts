import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { systemClock } from '../../src/core/clock.ts'
import { FIAT_CURRENCIES, type Fiat } from '../../src/core/currency.ts'
import { parseRate, type Rate } from '../../src/core/rate.ts'
import { fallbackMid } from '../../src/market/fallback.ts'
import { createTreasuryService } from '../../src/treasury/service.ts'
import type { OpenLock, TreasuryRow } from '../../src/treasury/store.ts'
import { drive, pay } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'

const LOCK: OpenLock = {
  from: 'USD',
  to: 'EUR',
  payments: 1,
  net: '95275',
  usdc: '0',
  payout: '87699',
  oldest: '2026-11-24T12:00:00.000Z',
}

const exposureOf = async (lock: Partial<OpenLock>, mids: Partial<Record<Fiat, string>> = {}) => {
  const row: TreasuryRow = { open: [{ ...LOCK, ...lock }], realised: [], payments: 0, late: 0 }
  const market = {
    mid: (currency: Fiat) => ({
      fiatPerUsd: mids[currency] ? parseRate(mids[currency]) : fallbackMid(currency),
      source: 'live' as const,
      doubts: [],
    }),
  }
  const lockPrice = {
    history: () => {
      throw new Error('an exposure is not about the price of locks')
    },
  }
  const store = { read: async () => row, openOfAll: async () => row.open }
  const service = createTreasuryService({ store, market, lockPrice, clock: systemClock })
  const [open] = (await service.exposure('demo')).open
  if (!open) throw new Error('there is no open lock')
  return open
}

describe('an open lock is worth what its money would pay out now', () => {
  test('at the locked rate, nothing is gained or lost', async () => {
    expect(await exposureOf({})).toMatchObject({
      locked_payout: 87_699,
      present_payout: 87_699,
      unrealised: 0,
    })
  })

  test('a weaker euro is a gain of ours, a stronger one a loss, to the cent', async () => {
    // floor(95275 x 0.93) and floor(95275 x 0.91)
    expect(await exposureOf({}, { EUR: '0.93' })).toMatchObject({ present_payout: 88_605, unrealised: 906 })
    expect(await exposureOf({}, { EUR: '0.91' })).toMatchObject({ present_payout: 86_700, unrealised: -999 })
  })

  test('money that has arrived as USDC no longer depends on the source currency', async () => {
    const arrived = { from: 'GBP' as const, net: '0', usdc: '952750000' }
    const [calm, moved] = [await exposureOf(arrived), await exposureOf(arrived, { GBP: '0.5' })]
    expect(calm.present_payout).toBe(87_699)
    expect(moved.present_payout).toBe(87_699)
  })

  test('and money that has not does: half as many pounds to the dollar are twice the euros', async () => {
    const pounds = { from: 'GBP' as const, net: '100000' }
    const before = (await exposureOf(pounds, { GBP: '0.8' })).present_payout
    expect((await exposureOf(pounds, { GBP: '0.4' })).present_payout).toBe(2 * before)
  })

  test('always rounded down, for any pair and amount', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FIAT_CURRENCIES),
        fc.constantFrom(...FIAT_CURRENCIES),
        fc.bigInt({ min: 1n, max: 10n ** 11n }),
        async (from, to, usdc) => {
          const { present_payout: present } = await exposureOf({ from, to, net: '0', usdc: usdc.toString() })
          const mid: Rate = fallbackMid(to)
          const minor = to === 'JPY' ? 1n : 100n
          // present / minor <= usdc / 10^6 x mid / 10^10 < (present + 1) / minor
          const exact = usdc * mid * minor
          expect(BigInt(present) * 10n ** 16n <= exact).toBe(true)
          expect(exact < (BigInt(present) + 1n) * 10n ** 16n).toBe(true)
        },
      ),
    ))
})

describe('GET /treasury/exposure', () => {
  let harness: Harness
  beforeAll(async () => {
    harness = await startHarness()
  })
  afterAll(() => harness.stop())
  const exposure = async (query = '') => (await harness.call('GET', `/treasury/exposure${query}`)).body

  test('an account without payments has nothing open, nothing realised and nothing late', async () => {
    expect(await exposure()).toEqual({ open: [], realised: [], late: { payments: 0, late: 0, share: 0 } })
  })

  test('an accepted payment is open until it is paid out; then its result is realised that day', async () => {
    const id = await pay(harness)
    const before = await exposure()
    expect(before.open).toMatchObject([
      {
        from_currency: 'USD',
        to_currency: 'EUR',
        payments: 1,
        locked_payout: 87_699,
        rate_source: 'fallback',
      },
    ])
    const { body: open } = await harness.call('GET', `/payments/${id}`)
    expect(before.open[0].oldest_settle_by).toBe(open.settle_by)
    await drive(harness, [id])
    const after = await exposure()
    expect(after.open).toEqual([])
    const { body: ended } = await harness.call('GET', `/payments/${id}`)
    expect(ended.status).toBe('COMPLETED')
    const [day] = after.realised
    expect(day).toMatchObject({ day: ended.completed_at.slice(0, 10), payments: 1 })
    expect(day.fx_spread + day.fx_gain_loss).toBe(ended.usdc.difference)
    expect(after.late).toEqual({ payments: 1, late: 0, share: 0 })
  })

  test('a payment past its settle_by counts as late, ended or not', async () => {
    const id = await pay(harness)
    await harness.database.sql`
      update payments set settle_by = now() - interval '1 second' where id = ${id}`
    expect((await exposure()).late).toEqual({ payments: 2, late: 1, share: 0.5 })
  })

  test('nobody sees another account’s', async () => {
    const other = await startHarness({ account: 'other' })
    try {
      expect((await other.call('GET', '/treasury/exposure')).body.open).toEqual([])
    } finally {
      await other.stop()
    }
  })

  test.each(['1', '7', '366'])('days=%s is as many days', async (days) => {
    const { status, body } = await harness.call('GET', `/treasury/exposure?days=${days}`)
    expect([status, body.realised]).toEqual([200, expect.any(Array)])
  })

  test.each(['0', '367', '1.5', 'x'])('days=%s is refused, naming the field', async (days) => {
    const { status, body } = await harness.call('GET', `/treasury/exposure?days=${days}`)
    expect([status, body.error]).toEqual([400, 'VALIDATION_ERROR'])
  })
})

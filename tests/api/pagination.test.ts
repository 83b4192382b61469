import { afterAll, describe, expect, test } from 'bun:test'
import type { PaymentSummary } from '../../src/payments/model.ts'
import { startApi } from './support.ts'

const api = await startApi()
afterAll(() => api.stop())
const { send, keys, pay } = api

const ids = (payments: readonly PaymentSummary[]) => payments.map(({ payment_id }) => payment_id)

/** All pages of a query, one after the other; `between` runs after each of them. */
const walk = async (query: string, between: () => Promise<unknown> = async () => {}, key = keys.own) => {
  const pages: PaymentSummary[][] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const { status, body } = await send(
      'GET',
      `/payments?${new URLSearchParams(query)}${cursor && `&cursor=${cursor}`}`,
      { key },
    )
    expect(status).toBe(200)
    // A cursor that does not move on would never end.
    expect(pages.length).toBeLessThan(500)
    pages.push(body.data)
    cursor = body.next_cursor
    await between()
  }
  return { pages, all: pages.flat() }
}

const made: string[] = []
for (let n = 0; n < 24; n++) {
  const id = await pay()
  if (n % 3 === 0) await send('POST', `/payments/${id}/cancel`)
  made.unshift(id)
}
const theirs = [await pay(keys.stranger), await pay(keys.stranger)].reverse()

describe('pages of payments', () => {
  test.each([1, 5, 8, 23, 24, 25, 200])(
    'cover every payment once, newest first, %d at a time',
    async (limit) => {
      const { pages, all } = await walk(`limit=${limit}`)
      expect(ids(all)).toEqual(made)
      expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true)
      expect(pages).toHaveLength(Math.ceil(made.length / limit))
      const times = all.map(({ created_at }) => created_at)
      expect(times).toEqual(times.toSorted().reverse())
    },
  )

  test('hold 50 unless asked otherwise', async () => {
    const many = await Promise.all(Array.from({ length: 51 }, () => pay()))
    const { pages, all } = await walk('')
    expect(pages.map(({ length }) => length)).toEqual([50, 25])
    expect(ids(all).toSorted()).toEqual([...many, ...made].toSorted())
    made.unshift(...ids(all).slice(0, 51))
  })

  test('neither lose nor repeat a payment while others are accepted', async () => {
    const before = [...made]
    const later: string[] = []
    const { all } = await walk('limit=7', async () => {
      later.unshift(await pay())
    })
    expect(ids(all)).toEqual(before)
    made.unshift(...later)
    expect(ids((await walk('limit=200')).all)).toEqual(made)
  })

  test('keep their place when a payment changes meanwhile', async () => {
    const { all } = await walk('limit=9', () => send('POST', `/payments/${made[20]}/cancel`))
    expect(ids(all)).toEqual(made)
  })
})

describe('filters', () => {
  test.each(['PENDING', 'CANCELLED', 'COMPLETED'] as const)('by status: %s, across pages', async (status) => {
    const expected = (await walk('limit=200')).all.filter((payment) => payment.status === status)
    const { all } = await walk(`status=${status}&limit=4`)
    expect(ids(all)).toEqual(ids(expected))
    expect(all.length > 0).toBe(status !== 'COMPLETED')
  })

  test('by creation: from is inclusive, before is exclusive, in any time zone', async () => {
    const { all } = await walk('limit=200')
    const [newest, oldest] = [all[10]?.created_at ?? '', all[30]?.created_at ?? '']
    const between = ids(all.filter(({ created_at }) => created_at >= oldest && created_at < newest))
    expect(between.length).toBeGreaterThan(5)
    const range = (from: string, before: string) =>
      walk(new URLSearchParams({ created_from: from, created_before: before, limit: '3' }).toString())
    expect(ids((await range(oldest, newest)).all)).toEqual(between)
    const shifted = (time: string) =>
      new Date(Date.parse(time) + 7_200_000).toISOString().replace('Z', '+02:00')
    expect(ids((await range(shifted(oldest), shifted(newest))).all)).toEqual(between)
    expect((await range(newest, oldest)).all).toEqual([])
  })

  test('together: status and creation', async () => {
    const { all } = await walk('limit=200')
    const from = all[40]?.created_at ?? ''
    const expected = all.filter(({ created_at, status }) => created_at >= from && status === 'CANCELLED')
    const { all: found } = await walk(`status=CANCELLED&created_from=${from}&limit=2`)
    expect(ids(found)).toEqual(ids(expected))
  })
})

describe('another account', () => {
  test('sees its own payments only, also behind a cursor or filter of ours', async () => {
    expect(ids((await walk('limit=1', undefined, keys.stranger)).all)).toEqual(theirs)
    expect(ids((await walk('status=CANCELLED', undefined, keys.stranger)).all)).toEqual([])
    const behind = await send('GET', `/payments?cursor=${made[0]}`, { key: keys.stranger })
    expect(ids(behind.body.data).every((id) => theirs.includes(id))).toBe(true)
  })
})

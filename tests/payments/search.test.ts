import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { SCANNED } from '../../src/payments/search.ts'
import { createPaymentStore } from '../../src/payments/store.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { copyId, copyPayment } from './copies.ts'
import { pay, quoted } from './support.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())

const page = async (parameters: Record<string, string>) => {
  const { status, body } = await harness.call('GET', `/payments?${new URLSearchParams(parameters)}`)
  expect([status, body.message]).toEqual([200, undefined])
  const data: { payment_id: string; quote_id: string }[] = body.data
  return { data, ids: data.map(({ payment_id }) => payment_id), next: body.next_cursor as string | null }
}
const find = async (search: string, more: Record<string, string> = {}) =>
  (await page({ search, ...more })).ids

describe('a search finds a payment', () => {
  test('by its own id and by its quote’s, with or without the prefix, and no other', async () => {
    const id = await pay(harness)
    await pay(harness, `${id.slice(0, 8)} payer`)
    const [{ quote_id = '' } = {}] = (await page({ search: id })).data
    for (const text of [id, quote_id, quote_id.slice('quote_'.length), id.toUpperCase(), ` ${id}\n`])
      expect([text, await find(text)]).toEqual([text, [id]])
    // What only a quote can be called is not looked for among the payments.
    for (const text of [`quote_${id}`, crypto.randomUUID(), `quote_${crypto.randomUUID()}`])
      expect([text, await find(text)]).toEqual([text, []])
  })

  test('by a part of either account’s name, in either case of its letters', async () => {
    const payer = await pay(harness, 'Søren Kierkegaard & Sons')
    const payee = await pay(harness, 'someone else', 'søren KIERKEGAARD')
    for (const text of ['kierkegaard', 'SØREN', 'øren k', ' Kierke '])
      expect([text, await find(text)]).toEqual([text, [payee, payer]])
    expect(await find('& sons')).toEqual([payer])
    expect(await find('Kierkegaarden')).toEqual([])
  })

  test('by characters that patterns are made of, which stand for themselves', async () => {
    const percent = await pay(harness, 'rebate 15% off')
    const line = await pay(harness, 'under_score')
    const slash = await pay(harness, 'back\\slash')
    await pay(harness, 'underXscore')
    const expected = {
      '%': [percent],
      '5% o': [percent],
      r_s: [line],
      '\\': [slash],
      '\\s': [slash],
      '%_': [],
    }
    for (const [text, ids] of Object.entries(expected)) expect([text, await find(text)]).toEqual([text, ids])
    for (const text of ["' or '1'='1", '{"a":1}', '[1]', '15', 'null']) await find(text)
    expect(await find('15')).toEqual([percent])
  })

  test('together with status and creation, page by page', async () => {
    const ids = [
      await pay(harness, 'combined'),
      await pay(harness, 'combined'),
      await pay(harness, 'combined'),
    ]
    const [first = '', second = '', third = ''] = ids
    await harness.call('POST', `/payments/${second}/cancel`)
    await harness.database.sql`update payments set created_at = '2025-01-01' where id = ${first}`
    const created_from = '2025-06-01T00:00:00Z'
    expect(await find('combined', { status: 'CANCELLED' })).toEqual([second])
    expect(await find('combined', { created_from })).toEqual([third, second])
    expect(await find('combined', { created_from, status: 'PENDING' })).toEqual([third])
    expect(await find(first, { created_from })).toEqual([])
    expect(await find(second, { status: 'PENDING' })).toEqual([])
    const { ids: newest, next } = await page({ search: 'combined', limit: '2' })
    expect([newest, next]).toEqual([[third, second], second])
    expect(await page({ search: 'combined', limit: '2', cursor: second })).toMatchObject({
      ids: [first],
      next: null,
    })
  })

  test('of one’s own account only', async () => {
    const caller = { accountId: 'stranger', requestId: null }
    const request = await quoted(harness, { source_account: 'secretive' }, 'stranger')
    const { payment_id } = (await harness.services.payments.accept(caller, request, undefined)).body
    for (const text of [payment_id, request.quote_id, 'secretive']) expect(await find(text)).toEqual([])
  })
})

describe('an account of more payments than a page looks at', () => {
  const COPIES = 2 * SCANNED + 500
  let oldest: string
  beforeAll(async () => {
    oldest = await pay(harness, 'needle')
    await copyPayment(harness.database.sql, oldest, 1, COPIES)
  })

  test('is searched to its end over pages that may be empty, and no row comes twice or is left out', async () => {
    const seen: string[] = []
    const cursors: (string | null)[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { ids, next } = await page({ search: 'needle', ...(cursor ? { cursor } : {}) })
      seen.push(...ids)
      cursors.push(next)
      cursor = next
    }
    expect(seen).toEqual([oldest])
    expect(cursors).toEqual([copyId(COPIES - SCANNED + 1), copyId(COPIES - 2 * SCANNED + 1), null])
  })

  test('ends a page at its limit where there is plenty', async () => {
    const { ids, next } = await page({ search: 'COPY', limit: '3' })
    expect([ids, next]).toEqual([[COPIES, COPIES - 1, COPIES - 2].map(copyId), copyId(COPIES - 2)])
  })

  test('has its last payment of a full page found, and goes on behind it', async () => {
    const last = COPIES - SCANNED + 1
    expect(await page({ search: `copy ${last}` })).toMatchObject({ ids: [copyId(last)], next: copyId(last) })
    const behind = await page({ search: `copy ${last - 1}` })
    expect(behind).toMatchObject({ ids: [], next: copyId(last) })
    const after = await page({ search: `copy ${last - 1}`, cursor: copyId(last) })
    expect(after.ids).toEqual([copyId(last - 1)])
  })

  test('has a next page exactly when there is a payment that was not looked at', async () => {
    const store = createPaymentStore(harness.database)
    const behind = async (n: number) =>
      (await store.listAmong('demo', { after: copyId(n), limit: 1 }, SCANNED)).until
    const others =
      (await harness.database.sql`select from payments where account_id = 'demo'`).length - COPIES
    // Behind copy n there are n - 1 copies and all the others.
    expect(await behind(SCANNED + 1 - others)).toBeUndefined()
    expect(await behind(SCANNED + 2 - others)).toBeDefined()
  })

  test('finds an id at once, however old it is', async () => {
    expect(await page({ search: oldest })).toMatchObject({ ids: [oldest], next: null })
  })
})

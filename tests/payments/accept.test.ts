import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { acceptPayments } from '../../src/payments/sql/accept.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import {
  addEndpoint,
  atTheSameTime,
  BREAKABLE,
  expireQuote,
  inputOf,
  post,
  whileBroken,
  withoutQueue,
  written,
} from './accept-support.ts'
import { ACCOUNT, auditOf, drive, quoted } from './support.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
  await addEndpoint(harness)
})
afterAll(() => harness.stop())

const paymentsOf = async (quoteId: string) =>
  harness.database.sql<
    { id: string }[]
  >`select id from payments where quote_id = ${quoteId.replace('quote_', '')}`

describe('accepting is all or nothing', () => {
  test('payment, first audit row, event, delivery and both jobs are written together', async () => {
    const before = await written(harness)
    const { status, body } = await post(harness, await quoted(harness))
    expect(status).toBe(202)
    const after = await written(harness)
    for (const [name, count] of Object.entries(before ?? {}))
      expect([name, after?.[name]]).toEqual([name, count + 1])
    expect(await auditOf(harness, body.payment_id)).toMatchObject([
      { version: 1, from_status: null, to_status: 'PENDING' },
    ])
    const events = await harness.database.sql`
      select type, sequence from webhook_events where payment_id = ${body.payment_id}`
    expect([...events]).toEqual([{ type: 'payment.created', sequence: 1 }])
    const jobs = await harness.database.sql`
      select data, state::text, start_after <= now() as due from pgboss.job where singleton_key = ${body.payment_id}`
    expect([...jobs]).toEqual([
      { data: { account_id: ACCOUNT, payment_id: body.payment_id }, state: 'created', due: true },
    ])
  })

  for (const table of Object.keys(BREAKABLE) as (keyof typeof BREAKABLE)[])
    test(`nothing is written when ${table} cannot be, and the quote stays payable`, async () => {
      const request = await quoted(harness)
      const before = await written(harness)
      await whileBroken(harness, table, async () => {
        expect(await post(harness, request, table)).toMatchObject({
          status: 500,
          body: { error: 'INTERNAL_ERROR' },
        })
      })
      expect(await written(harness)).toEqual(before)
      expect((await post(harness, request, table)).status).toBe(202)
    })

  for (const queue of ['payment', 'webhook'] as const)
    test(`nothing is written when the ${queue} queue is missing, for what is accepted must have its job`, async () => {
      const request = await quoted(harness)
      const before = await written(harness)
      await withoutQueue(harness, queue, async () => {
        expect((await post(harness, request)).status).toBe(500)
      })
      expect(await written(harness)).toEqual(before)
    })

  test('nothing of a whole batch is written when one of its payments cannot be', async () => {
    const inputs = await Promise.all([1, 2, 3].map(async () => inputOf(await quoted(harness), null)))
    const taken = inputs[0]?.event_id ?? ''
    const before = await written(harness)
    const twice = inputs.map((input, index) => (index === 2 ? { ...input, event_id: taken } : input))
    await expect(acceptPayments(harness.database.sql, twice)).rejects.toThrow('webhook_events')
    expect(await written(harness)).toEqual(before)
  })
})

describe('a quote pays once', () => {
  test('of 50 requests at once with different keys one is accepted and 49 learn that it is used', async () => {
    const request = await quoted(harness)
    const answers = await atTheSameTime(harness, [request.quote_id], () =>
      Array.from({ length: 50 }, (_, index) => post(harness, request, `different-${index}`)),
    )
    const refused = answers.filter(({ body }) => body.error === 'QUOTE_ALREADY_USED')
    expect(refused.map(({ status }) => status)).toEqual(Array.from({ length: 49 }, () => 409))
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1)
    expect(await paymentsOf(request.quote_id)).toHaveLength(1)
  })

  test('50 equal requests at once under one key make one payment and 50 equal answers, all but one replayed', async () => {
    const request = await quoted(harness)
    const answers = await atTheSameTime(harness, [request.quote_id], () =>
      Array.from({ length: 50 }, () => post(harness, request, 'equal')),
    )
    const [{ id } = { id: '' }, ...others] = await paymentsOf(request.quote_id)
    expect(others).toHaveLength(0)
    const expected = { payment_id: id, status: 'PENDING', message: 'Payment accepted for processing' }
    expect(answers.map(({ status, body }) => ({ status, body }))).toEqual(
      answers.map(() => ({ status: 202, body: expected })),
    )
    const replayed = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')
    expect(replayed).toHaveLength(49)
  })

  test('without a key, the second request learns that the quote is used', async () => {
    const request = await quoted(harness)
    await post(harness, request)
    expect(await post(harness, request)).toMatchObject({ status: 409, body: { error: 'QUOTE_ALREADY_USED' } })
  })

  test('another account’s quote does not exist', async () => {
    const request = await quoted(harness, {}, 'somebody_else')
    expect(await post(harness, request)).toMatchObject({ status: 404, body: { error: 'QUOTE_NOT_FOUND' } })
  })
})

describe('an idempotency key', () => {
  test('with another body is a conflict, also for another quote, and accepts nothing', async () => {
    const request = await quoted(harness)
    await post(harness, request, 'conflict')
    const other = await quoted(harness)
    for (const changed of [{ ...request, source_account: 'someone' }, other]) {
      const answer = await post(harness, changed, 'conflict')
      expect(answer).toMatchObject({ status: 409, body: { error: 'IDEMPOTENCY_CONFLICT' } })
    }
    expect(await paymentsOf(other.quote_id)).toHaveLength(0)
  })

  test('makes one payment, however many quotes are paid under it at once', async () => {
    const requests = await Promise.all(Array.from({ length: 20 }, () => quoted(harness)))
    const quotes = requests.map(({ quote_id }) => quote_id)
    const answers = await atTheSameTime(harness, quotes, () =>
      requests.map((request) => post(harness, request, 'one for many')),
    )
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.error === 'IDEMPOTENCY_CONFLICT')).toHaveLength(19)
  })

  test('answers as the first time after the payment has ended and its quote expired', async () => {
    const request = await quoted(harness)
    const first = await post(harness, request, 'later')
    await drive(harness, [first.body.payment_id])
    await expireQuote(harness, request.quote_id, '-1 day')
    const again = await post(harness, request, 'later')
    expect(again.body).toEqual(first.body)
    expect(again.status).toBe(202)
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect(first.headers.get('idempotent-replayed')).toBeNull()
  })

  test('belongs to its account: the same key of another one makes a payment of its own', async () => {
    const request = await quoted(harness)
    const first = await post(harness, request, 'scoped')
    const caller = { accountId: 'somebody_else', requestId: null }
    const theirs = await quoted(harness, {}, 'somebody_else')
    const second = await harness.services.payments.accept(caller, theirs, 'scoped')
    expect(second.replayed).toBe(false)
    expect(second.body.payment_id).not.toBe(first.body.payment_id)
  })
})

describe('expiry', () => {
  test('is judged by the database’s clock at the moment of acceptance', async () => {
    const request = await quoted(harness)
    await expireQuote(harness, request.quote_id, '0 seconds')
    expect(await post(harness, request)).toMatchObject({ status: 400, body: { error: 'QUOTE_EXPIRED' } })
    await expireQuote(harness, request.quote_id, '1 minute')
    expect((await post(harness, request)).status).toBe(202)
  })

  test('of the quote does not matter any more once the payment is accepted', async () => {
    const request = await quoted(harness)
    const { body } = await post(harness, request)
    await expireQuote(harness, request.quote_id, '-1 hour')
    await drive(harness, [body.payment_id])
    expect((await harness.call('GET', `/payments/${body.payment_id}`)).body).toMatchObject({
      status: 'COMPLETED',
      guaranteed_payout: 87_699,
    })
  })

  test('comes after use: a used quote that expired is reported as used', async () => {
    const request = await quoted(harness)
    await post(harness, request)
    await expireQuote(harness, request.quote_id)
    expect((await post(harness, request)).body.error).toBe('QUOTE_ALREADY_USED')
  })
})

describe('a request that does not match its quote', () => {
  for (const { change, path } of [
    { change: { amount: 100_001 }, path: '/amount' },
    { change: { currency: 'GBP' }, path: '/currency' },
  ])
    test(`is refused naming ${path}, and leaves the quote payable`, async () => {
      const request = await quoted(harness)
      const answer = await post(harness, { ...request, ...change })
      expect(answer).toMatchObject({ status: 400, body: { error: 'QUOTE_MISMATCH', details: [{ path }] } })
      expect((await post(harness, request)).status).toBe(202)
    })

  test('is refused as invalid, not as our failure, when a name cannot be stored', async () => {
    for (const name of ['abc\ud800', '\udc00abc', 'ab\u0000c']) {
      const request = await quoted(harness, { source_account: name })
      expect(await post(harness, request)).toMatchObject({ status: 400, body: { error: 'VALIDATION_ERROR' } })
    }
  })
})

describe('many requests in one statement', () => {
  test('are each answered in order, as if they had come alone', async () => {
    const { sql } = harness.database
    const [open, used, expired, keyed] = await Promise.all([1, 2, 3, 4].map(() => quoted(harness)))
    if (!open || !used || !expired || !keyed) throw new Error('no quotes')
    await post(harness, used)
    await expireQuote(harness, expired.quote_id)
    await acceptPayments(sql, [inputOf(keyed, 'batch-key')])
    const results = await acceptPayments(sql, [
      inputOf(open, 'batch-a'),
      inputOf(used, null),
      inputOf(expired, null),
      inputOf(keyed, 'batch-key'),
      inputOf({ ...keyed, source_account: 'other' }, 'batch-key'),
      inputOf({ ...open, quote_id: crypto.randomUUID() }, null),
      { ...inputOf(await quoted(harness), null), amount: '5' },
    ])
    expect(results.map(({ kind }) => kind)).toEqual([
      'accepted',
      'used',
      'expired',
      'replayed',
      'conflict',
      'not_found',
      'mismatch',
    ])
  })

  test('of which some are duplicates accept each quote once; the others look again and then know', async () => {
    const { sql } = harness.database
    const requests = await Promise.all(Array.from({ length: 30 }, () => quoted(harness)))
    const inputs = requests.flatMap((request, index) => [
      inputOf(request, `twin-${index}`),
      inputOf(request, `twin-${index}`),
      inputOf(request, null),
    ])
    const first = await acceptPayments(sql, inputs)
    expect(first.filter(({ kind }) => kind === 'accepted')).toHaveLength(30)
    expect(first.filter(({ kind }) => kind === 'raced')).toHaveLength(60)
    const second = await acceptPayments(sql, inputs)
    expect(second.map(({ kind }) => kind)).toEqual(
      requests.flatMap((_, index) => {
        const winner = first.slice(index * 3, index * 3 + 3).findIndex(({ kind }) => kind === 'accepted')
        return winner === 2 ? ['used', 'used', 'used'] : ['replayed', 'replayed', 'used']
      }),
    )
  })
})

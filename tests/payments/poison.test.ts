import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { RATE_UNITS } from '../../src/core/rate.ts'
import type { Operation } from '../../src/providers/port.ts'
import { operationWith } from '../providers/sandbox-fixtures.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { fakeProvider } from './fake-provider.ts'
import { drive, expectSound, operationsOf, pay, paySeveral, snapshot, statusOf, turn } from './support.ts'

const throwing = (value: unknown) => () => {
  throw value
}
const settled =
  (change: object) =>
  ({ amount }: Operation) => ({
    kind: 'done',
    reference: 'ref',
    settled: { amount: 1n, currency: 'USDC', fiat: amount, rate: RATE_UNITS, ...change },
  })

/** Answers that no provider should give, none of which says what became of the money. */
const UNUSABLE: Record<string, (operation: Operation) => unknown> = {
  'throws undefined': throwing(undefined),
  'throws null': throwing(null),
  'throws a symbol': throwing(Symbol('no')),
  'throws an object that has no text': throwing(Object.create(null)),
  'throws an error with a NUL': throwing(new Error('a\u0000b')),
  'throws an error with half a character': throwing(new Error('a\ud800')),
  'throws an error of a megabyte': throwing(new Error('x'.repeat(1_000_000))),
  'answers nothing': () => undefined,
  'answers null': () => null,
  'answers a text': () => 'ok',
  'answers an empty object': () => ({}),
  'answers an unknown kind': () => ({ kind: 'perhaps', reference: 'ref' }),
  'accepts without a reference': () => ({ kind: 'accepted' }),
  'accepts with a number for a reference': () => ({ kind: 'accepted', reference: 7 }),
  'accepts with a NUL in the reference': () => ({ kind: 'accepted', reference: 'a\u0000' }),
  'is done without amounts': () => ({ kind: 'done', reference: 'ref' }),
  'is done with a float': settled({ amount: 1.5 }),
  'is done with an amount beyond 64 bits': settled({ amount: 2n ** 63n }),
  'is done with an amount that JSON cannot show': settled({ amount: 2n ** 53n }),
  'is done with a negative amount': settled({ amount: -1n }),
  'is done at no rate': settled({ rate: 0n }),
  'is done at a rate that no column holds': settled({ rate: 10n ** 24n }),
  'is done at a rate that JSON cannot show': settled({ rate: 1_234_567_890_123_456_789n }),
  'is done in another currency': settled({ currency: 'EUR' }),
  'is done for less than was asked': ({ amount, ...more }) =>
    settled({ fiat: amount - 1n })({ amount, ...more }),
  'answers with a getter that throws': () =>
    Object.defineProperty({}, 'kind', { get: throwing(new Error('no')) }),
}

const NAMES = Object.keys(UNUSABLE)
const accountOf = (call: 'initiate' | 'status', name: string) => `${call} ${name}`

const answer: Parameters<typeof fakeProvider>[1] = (call, books) => {
  const [kind, ...name] = call.operation.sourceAccount.split(' ')
  const weird = UNUSABLE[name.join(' ')]
  return weird && (kind === call.kind || kind === 'initiate') ? weird(call.operation) : books()
}

describe('a payment whose provider talks nonsense', () => {
  let harness: Harness
  const fake = fakeProvider('fake', answer)
  let good: string[]
  const weird: Record<string, string> = {}
  beforeAll(async () => {
    harness = await startHarness({ providers: [fake.provider] })
    good = await paySeveral(harness, 10)
    for (const call of ['initiate', 'status'] as const)
      for (const name of NAMES) weird[accountOf(call, name)] = await pay(harness, accountOf(call, name))
  })
  afterAll(() => harness.stop())

  test('does not stop the others of its batch: they complete in their four steps', async () => {
    for (let step = 0; step < 4; step++) expect(await turn(harness)).toBe(false)
    expect(await Promise.all(good.map((id) => statusOf(harness, id)))).toEqual(good.map(() => 'COMPLETED'))
  })

  for (const call of ['initiate', 'status'] as const)
    for (const name of NAMES)
      test(`when its ${call} ${name}: the outcome counts as unknown, and the payment lives`, async () => {
        const id = weird[accountOf(call, name)] ?? ''
        const payment = await harness.call('GET', `/payments/${id}`)
        expect(payment.body).toMatchObject({
          status: call === 'initiate' ? 'PENDING' : 'ONRAMP_PENDING',
          exception: 'provider_unknown',
        })
        expect(await operationsOf(harness, id)).toHaveLength(1)
        const jobs = await harness.database.sql`
          select id from pgboss.job where singleton_key = ${id} and state in ('created', 'retry')`
        expect(jobs).toHaveLength(1)
        await expectSound(harness, id)
      })
})

describe('a definite answer with a flaw in what does not matter', () => {
  let harness: Harness
  const refusing = fakeProvider('refusing', ({ operation }, books) => {
    if (operation.sourceAccount === 'odd refusal') return { kind: 'refused', message: 'no\u0000\ud800' }
    const checkAfterMs = { 'check NaN': Number.NaN, 'check never': 1e300, 'check before': -5 }[
      operation.sourceAccount
    ]
    return checkAfterMs === undefined ? books() : { kind: 'accepted', reference: 'ref', checkAfterMs }
  })
  beforeAll(async () => {
    harness = await startHarness({ providers: [refusing.provider] })
  })
  afterAll(() => harness.stop())

  test('a refusal whose reason cannot be stored is still a refusal', async () => {
    const id = await pay(harness, 'odd refusal')
    await turn(harness)
    expect(await statusOf(harness, id)).toBe('FAILED')
  })

  for (const source of ['check NaN', 'check never', 'check before'])
    test(`an acceptance that gives no usable time to ask again (${source}) is asked about within a day`, async () => {
      const id = await pay(harness, source)
      await turn(harness)
      expect(await statusOf(harness, id)).toBe('ONRAMP_PENDING')
      const jobs = await harness.database.sql<{ soon: boolean }[]>`
        select start_after <= now() + interval '1 day' as soon from pgboss.job
        where singleton_key = ${id} and state = 'created'`
      expect([...jobs]).toEqual([{ soon: true }])
    })
})

test('a change that the database itself refuses costs its neighbours nothing: they commit, it is retried', async () => {
  const harness = await startHarness()
  try {
    await harness.database.sql.unsafe(`
      create function refuse_poison() returns trigger language plpgsql as $$
      begin raise exception 'refused' using errcode = 'check_violation'; end $$;
      create trigger refuse_poison before update of status on payments
        for each row when (new.source_account = 'poison') execute function refuse_poison()`)
    const good = await paySeveral(harness, 6)
    const poison = await pay(harness, 'poison')
    const more = await paySeveral(harness, 6)

    expect(await turn(harness)).toBe(true)
    for (const id of [...good, ...more]) expect(await statusOf(harness, id)).toBe('ONRAMP_PENDING')
    expect(await statusOf(harness, poison)).toBe('PENDING')

    await harness.database.sql`drop trigger refuse_poison on payments`
    await drive(harness, [...good, poison, ...more])
    expect(await statusOf(harness, poison)).toBe('COMPLETED')
    await expectSound(harness, poison)
  } finally {
    await harness.stop()
  }
})

test('the cause of an unknown outcome stays in the log: nothing that a customer can read names it', async () => {
  const secret = 'sk_live_SECRET'
  const message = `fetch https://api.internal/v1?api_key=${secret} failed`
  const fake = fakeProvider('leaking', ({ operation }) => {
    if (operation.sourceAccount === 'throws') throw new Error(message)
    return { kind: 'unknown', message }
  })
  const harness = await startHarness({ providers: [fake.provider] })
  try {
    for (const source of ['throws', 'tells']) {
      const id = await pay(harness, source)
      await turn(harness)
      const [row] = await harness.database.sql<{ message: string }[]>`
        select message from payment_audit where payment_id = ${id} and exception = 'provider_unknown'`
      expect(row?.message).toBe('Outcome at leaking is not known yet; asking again')
      const shown = await harness.call('GET', `/payments/${id}`)
      expect(JSON.stringify(shown.body)).not.toContain(secret)
    }
    expect(await snapshot(harness.database.sql)).not.toContain(secret)
  } finally {
    await harness.stop()
  }
})

test('a payment whose submission an open breaker stops shows no trouble, and is tried again under its key', async () => {
  let breakIt = async () => {}
  const fake = fakeProvider('flaky', ({ operation }, books) => {
    if (operation.sourceAccount === 'breaks') throw new Error('down')
    return books()
  })
  const harness = await startHarness({
    providers: [fake.provider],
    checkpoint: (point) => (point === 'journalled' ? breakIt() : undefined),
  })
  try {
    const id = await pay(harness)
    // Only after the choice was made, so that the call itself meets the breaker open.
    breakIt = async () => {
      const operation = operationWith({ sourceAccount: 'breaks' })
      const call = { kind: 'submit', provider: 'flaky', operation } as const
      for (let n = 0; n < 10; n++) await harness.services.router.perform(call)
    }
    expect(await turn(harness)).toBe(false)

    expect(fake.calls.filter(({ operation }) => operation.paymentId === id)).toEqual([])
    const payment = await harness.call('GET', `/payments/${id}`)
    expect(payment.body).toMatchObject({ status: 'PENDING', exception: 'none' })
    const events = await harness.database.sql<{ type: string }[]>`
      select type from webhook_events where payment_id = ${id}`
    expect(events.map(({ type }) => type)).toEqual(['payment.created'])
    expect(await operationsOf(harness, id)).toMatchObject([{ attempt: 1, status: 'submitted' }])
    const jobs = await harness.database.sql`
      select id from pgboss.job where singleton_key = ${id} and state = 'created'`
    expect(jobs).toHaveLength(1)
    await expectSound(harness, id)
  } finally {
    await harness.stop()
  }
})

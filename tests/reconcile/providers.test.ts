import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Tx } from '../../src/db/client.ts'
import type { Provider, ProviderRecord } from '../../src/providers/port.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { expectFound, foundAfter, kindsOf, type Life, live, PATIENT, payUntil, sandboxes } from './support.ts'

let harness: Harness
let ids: Record<Life, string>
let pending: string
beforeAll(async () => {
  harness = await startHarness({ env: PATIENT })
  ids = await live(harness)
  pending = await payUntil(harness, 'ONRAMP_PENDING')
})
afterAll(() => harness.stop())

const foundIf = (damage: (tx: Tx) => PromiseLike<unknown>, providers?: (tx: Tx) => Provider[]) =>
  foundAfter(harness, damage, providers)

/** Does something to the provider's record of a payment's leg that was carried out. */
const theirs = (id: string, leg: string, statement: (where: string) => string) => (tx: Tx) =>
  tx.unsafe(
    statement(`key in (select key from provider_operations where payment_id = '${id}' and leg = '${leg}')
      and ending = 'settles'`),
  )
const altered = (id: string, leg: string, to: string) =>
  theirs(id, leg, (where) => `update sandbox.operations set ${to} where ${where}`)

const hourAgo = (id: string) => (tx: Tx) =>
  tx`
  with ours as (update provider_operations set submitted_at = now() - interval '61 minutes' where payment_id = ${id} returning key)
  update sandbox.operations set created_at = now() - interval '61 minutes', ends_at_ms = ends_at_ms - 3660000
  where key in (select key from ours)`

describe('what we have and the provider has not', () => {
  test('a leg that was carried out', async () => {
    const found = await foundIf(
      theirs(ids.completed, 'offramp', (where) => `delete from sandbox.operations where ${where}`),
    )
    expectFound(found, 'provider_missing', ids.completed, 'offramp attempt 1 at sandbox_a', '87699 EUR')
    expect(found).toHaveLength(1)
  })

  test('a request that never arrived there is no record', async () => {
    const found = await foundIf(altered(ids.completed, 'onramp', 'calls = 0'))
    expectFound(found, 'provider_missing', ids.completed, 'onramp attempt 1')
  })

  test('a leg in progress is a finding only after an hour', async () => {
    const lose = theirs(pending, 'onramp', (where) => `delete from sandbox.operations where ${where}`)
    expect(await foundIf(lose)).toEqual([])
    const found = await foundIf(async (tx) => {
      await hourAgo(pending)(tx)
      await lose(tx)
    })
    expectFound(found, 'provider_missing', pending, 'accepted')
    // A provider that waits for the payer's wire may have no record of it yet, however long that takes.
    const waiting = await foundIf(async (tx) => {
      await hourAgo(pending)(tx)
      await lose(tx)
      await tx`update provider_operations set instructions = '{"memo": "x"}' where payment_id = ${pending}`
    })
    expect(waiting).toEqual([])
  })
})

describe('what the provider has and we have not', () => {
  const insert = (ending: string) => (tx: Tx) =>
    tx`
    insert into sandbox.operations (provider, key, reference, leg, amount, currency, settled_amount, rate, ending, ends_at_ms)
    values ('sandbox_b', gen_random_uuid(), 'sbx_new', 'offramp', 500, 'EUR', 5500000, 0.9, ${ending}, 0)`

  test('an operation that nobody asked for', async () => {
    const found = await foundIf(insert('settles'))
    expectFound(
      found,
      'provider_unknown',
      null,
      'sandbox_b has under key',
      '500 EUR',
      'nothing is journalled',
    )
  })

  test('one that it refused moved no money', async () => {
    expect(await foundIf(insert('refused'))).toEqual([])
    expect(await foundIf(insert('fails'))).toEqual([])
  })

  test('an operation of another provider', async () => {
    const found = await foundIf(altered(ids.completed, 'onramp', "provider = 'sandbox_c'"))
    expectFound(
      found,
      'provider_unknown',
      ids.completed,
      'sandbox_c has',
      'the journal has onramp attempt 1 at sandbox_a',
    )
    expectFound(found, 'provider_missing', ids.completed)
  })

  test('an operation that is journalled while we look is none', async () => {
    const record = (key: string): ProviderRecord => ({
      ...{ key, reference: 'r', leg: 'offramp', state: 'done', changedMs: 0 },
      ...{ amount: 1n, currency: 'EUR', settledAmount: 1n },
    })
    const key = crypto.randomUUID()
    const journals = (tx: Tx): Provider => ({
      ...(sandboxes(tx)[0] as Provider),
      name: 'slow',
      async *records() {
        await tx`
          insert into provider_operations (account_id, payment_id, leg, attempt, provider, key, status, reference, amount,
            currency, settled_amount)
          values ('demo', ${ids.cancelled}, 'offramp', 1, 'slow', ${key}, 'done', 'r', 1, 'EUR', 1)`
        yield [record(key)]
      },
    })
    expect(
      await foundIf(
        async () => {},
        (tx) => [...sandboxes(tx), journals(tx)],
      ),
    ).toEqual([])
  })
})

describe('what differs', () => {
  test.each([
    ['amount = amount + 1', '95275 USD', '95276 USD'],
    ["currency = 'GBP'", '95275 USD', '95275 GBP'],
    ['settled_amount = settled_amount - 1', 'settled 952750000', 'settled 952749999'],
    ["reference = 'other'", 'reference sbx_onramp_', 'reference other'],
    ["leg = 'refund'", 'journalled onramp', 'the provider has refund'],
    ["ending = 'fails'", 'journalled onramp, done', 'the provider has onramp, refused'],
  ])('%s: both sides are named', async (to, ours, other) => {
    const found = await foundIf(altered(ids.completed, 'onramp', to))
    expectFound(found, 'provider_mismatch', ids.completed, 'onramp attempt 1 at sandbox_a', ours, other)
    expect(kindsOf(found)).toEqual(['provider_mismatch'])
  })

  const carriedOut = (id: string) => (tx: Tx) =>
    tx`
    update sandbox.operations set ending = 'settles'
    where ending <> 'settles' and key in (select key from provider_operations where payment_id = ${id})`

  test('we were refused, but it was carried out', async () => {
    const found = await foundIf(carriedOut(ids.failed))
    expectFound(
      found,
      'provider_mismatch',
      ids.failed,
      'journalled onramp, refused',
      'the provider has onramp, done',
    )
  })

  test('and the leg was carried out elsewhere too', async () => {
    const found = await foundIf(carriedOut(ids.failedOver))
    expectFound(found, 'provider_duplicate', ids.failedOver, 'another attempt stands for the leg')
  })

  test('the same key twice', async () => {
    const twice = (tx: Tx): Provider[] =>
      sandboxes(tx).map((provider) => ({
        ...provider,
        async *records(window, signal) {
          for await (const page of provider.records(window, signal)) {
            yield page
            yield page.slice(0, 1)
          }
        },
      }))
    const found = await foundIf(async () => {}, twice)
    expect(kindsOf(found)).toEqual(['provider_duplicate'])
    expect(found[0]?.detail).toContain('more than once')
    expect([...Object.values(ids), pending]).toContain(found[0]?.payment_id ?? '')
  })

  test('a side that is behind is a finding only after an hour', async () => {
    const behind = (at: (tx: Tx) => PromiseLike<unknown>) => async (tx: Tx) => {
      await at(tx)
      await altered(pending, 'onramp', 'ends_at_ms = ends_at_ms')(tx)
    }
    expect(await foundIf(behind(async () => {}))).toEqual([])
    expectFound(await foundIf(behind(hourAgo(pending))), 'provider_mismatch', pending, 'accepted', 'done')
  })
})

describe('a provider that cannot be asked', () => {
  const instead = (records: Provider['records']) => (tx: Tx) =>
    sandboxes(tx).map((provider, index) => (index === 1 ? { ...provider, records } : provider))
  const endless = async function* () {
    await Promise.withResolvers().promise
    yield []
  }

  test.each<[string, Provider['records']]>([
    [
      'throws at once',
      () => {
        throw new Error('key sk_live_1 is revoked')
      },
    ],
    [
      'throws later',
      async function* () {
        yield []
        throw new Error('key sk_live_1 is revoked')
      },
    ],
    [
      'lists without end',
      async function* () {
        for (;;)
          yield Array(100_000).fill({
            key: '',
            reference: '',
            leg: 'onramp',
            currency: '',
            amount: 0n,
            settledAmount: null,
            state: 'refused',
            changedMs: 0,
          })
      },
    ],
  ])('%s: is a finding without its words, and the others are asked', async (_how, records) => {
    const found = await foundIf(
      theirs(ids.completed, 'offramp', (where) => `delete from sandbox.operations where ${where}`),
      instead(records),
    )
    expectFound(found, 'provider_unreachable', null, 'sandbox_b could not be asked')
    expectFound(found, 'provider_missing', ids.completed)
    expect(JSON.stringify(found)).not.toContain('sk_live')
  })

  test('does not answer: each page has a deadline, and the request is ended', async () => {
    let signal: AbortSignal | undefined
    const hangs = startHarness({
      providers: sandboxes(harness.database.sql).map((provider) => ({
        ...provider,
        records: (_window, given) => {
          signal = given
          return endless()
        },
      })),
    })
    const other = await hangs
    const { findingsByKind, total } = await other.services.reconcile.run(2)
    await other.stop()
    expect([findingsByKind.provider_unreachable, total, signal?.aborted]).toEqual([3, 3, true])
  })

  test('is not configured any more', async () => {
    const found = await foundIf(
      async () => {},
      (tx) => sandboxes(tx).slice(1),
    )
    expectFound(found, 'provider_unreachable', null, 'sandbox_a is not configured')
    expect(kindsOf(found)).toEqual(['provider_unreachable'])
  })
})

test('a listing of many pages is read to its end, each record once', async () => {
  const found = await foundIf(
    (tx) => tx`
      insert into sandbox.operations (provider, key, reference, leg, amount, currency, settled_amount, rate, ending, ends_at_ms)
      select 'sandbox_a', gen_random_uuid(), n, 'onramp', n, 'EUR', 1, 1, 'settles', 0 from generate_series(1, 1203) n`,
    (tx) => sandboxes(tx),
  )
  expect(kindsOf(found)).toEqual(['provider_unknown'])
  const records = async () => {
    const seen: string[] = []
    for (const provider of sandboxes(harness.database.sql))
      for await (const page of provider.records(
        { fromMs: 0, toMs: Date.now() + 60_000 },
        new AbortController().signal,
      ))
        seen.push(...page.map(({ key }) => key))
    return seen
  }
  const listed = await records()
  const [row] = await harness.database
    .sql`select count(*)::int as count from sandbox.operations where calls > 0`
  expect([new Set(listed).size, listed.length]).toEqual([row?.count, row?.count])
})

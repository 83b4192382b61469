import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { LEDGER_ACCOUNTS } from '../../src/ledger/chart.ts'
import { drive, pay } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { entriesOf } from './support.ts'

type Line = readonly [account: string, currency: string, amount: number]

let harness: Harness
let id: string
beforeAll(async () => {
  harness = await startHarness()
  id = await pay(harness)
  await drive(harness, [id])
})
afterAll(() => harness.stop())

/** A version that no change of the payment has; each test takes one of its own. */
let version = 100

/** One transaction that writes each of the sets in a statement of its own, from line `from` on. */
const write = (sets: readonly (readonly Line[])[], at: number, from = 1) =>
  harness.database.sql.begin(async (tx) => {
    let line = from
    for (const set of sets) {
      const rows = set.map(([ledger_account, currency, amount]) => ({
        account_id: 'demo',
        payment_id: id,
        version: at,
        line: line++,
        ledger_account,
        currency,
        amount,
      }))
      await tx`insert into ledger_entries ${tx(rows)}`
    }
  })

const linesAt = async (at: number) => (await entriesOf(harness, id)).filter((entry) => entry.version === at)

const GOOD: readonly Line[] = [
  ['payer', 'USD', -100],
  ['customer_funds', 'USD', 100],
]

describe('at commit the database refuses', () => {
  const UNBALANCED: Record<string, [sets: (readonly Line[])[], off: string]> = {
    'a set that does not sum to zero': [[[...GOOD, ['liquidity', 'USD', 1]]], 'USD is 1 off'],
    'a single line': [[[['payer', 'USD', -5]]], 'USD is -5 off'],
    'a set without its first line': [[[], [['payee', 'EUR', 7]]], 'EUR is 7 off'],
    'a set that is zero in all but not in each currency': [
      [
        [
          ['liquidity', 'USD', -100],
          ['usdc_in_transit', 'USDC', 100],
        ],
      ],
      'USD is -100 off',
    ],
    'a set that one currency spoils': [
      [[...GOOD, ['payee', 'EUR', 2], ['liquidity', 'EUR', -1]]],
      'EUR is 1 off',
    ],
    'a set that a later statement spoils': [[GOOD, [['refunds', 'USD', 3]]], 'USD is 3 off'],
    'a set that a later statement does not complete': [
      [[['payer', 'USD', -9]], [['customer_funds', 'USD', 8]]],
      'USD is -1 off',
    ],
  }
  test.each(Object.entries(UNBALANCED))('%s, naming it', async (_name, [sets, off]) => {
    const at = version++
    await expect(
      write(
        sets.filter(({ length }) => length > 0),
        at,
      ),
    ).rejects.toMatchObject({
      code: '23514',
      message: `the ledger entries of payment ${id}, version ${at}, do not sum to zero: ${off}`,
    })
    expect(await linesAt(at)).toEqual([])
  })

  test('and not before: the statement itself goes through', async () => {
    const reached: string[] = []
    const writing = harness.database.sql.begin(async (tx) => {
      await tx`
        insert into ledger_entries (account_id, payment_id, version, line, ledger_account, currency, amount)
        values ('demo', ${id}, ${version++}, 1, 'payer', 'USD', -1)`
      reached.push('after the statement')
    })
    await expect(writing).rejects.toMatchObject({ code: '23514' })
    expect(reached).toEqual(['after the statement'])
  })

  test('lines that are added to a set that was committed, unless they balance', async () => {
    const at = version++
    await write([GOOD], at)
    await expect(write([[['liquidity', 'USD', 1]]], at, 3)).rejects.toMatchObject({ code: '23514' })
    expect(await linesAt(at)).toHaveLength(2)
    await write(
      [
        [
          ['liquidity', 'USD', 1],
          ['refunds', 'USD', -1],
        ],
      ],
      at,
      3,
    )
    expect(await linesAt(at)).toHaveLength(4)
  })

  test('one bad set among many good ones in the same statement', async () => {
    const at = version
    version += 50
    const rows = Array.from({ length: 50 }, (_, index) =>
      GOOD.map(([ledger_account, currency, amount], line) => ({
        account_id: 'demo',
        payment_id: id,
        version: at + index,
        line: line + 1,
        ledger_account,
        currency,
        amount: index === 31 ? Math.abs(amount) : amount,
      })),
    ).flat()
    await expect(
      harness.database.sql`insert into ledger_entries ${harness.database.sql(rows)}`,
    ).rejects.toThrow(`version ${at + 31}, do not sum to zero: USD is 200 off`)
  })

  test('a single line also in a session that has temporary tables of the same names', async () => {
    const writing = harness.database.sql.begin(async (tx) => {
      await tx`create temporary table ledger_unbalanced (like public.ledger_unbalanced) on commit drop`
      await tx`
        insert into public.ledger_entries (account_id, payment_id, version, line, ledger_account, currency, amount)
        values ('demo', ${id}, ${version++}, 1, 'payer', 'USD', -1)`
    })
    await expect(writing).rejects.toMatchObject({ code: '23514' })
  })

  test('what two transactions would only balance together', async () => {
    const at = version++
    const halves = [write([[['payer', 'USD', -4]]], at, 1), write([[['customer_funds', 'USD', 4]]], at, 2)]
    const results = await Promise.allSettled(halves)
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await linesAt(at)).toEqual([])
  })
})

describe('at commit the database takes', () => {
  test('a set that sums to zero in each of its currencies', async () => {
    const at = version++
    await write([[...GOOD, ['liquidity', 'USDC', -5], ['usdc_in_transit', 'USDC', 5]]], at)
    expect(await linesAt(at)).toHaveLength(4)
  })

  test('a set that is written in several statements, and keeps no note of it', async () => {
    const at = version++
    await write([[['payer', 'USD', -9]], [['customer_funds', 'USD', 8]], [['refunds', 'USD', 1]]], at)
    expect(await linesAt(at)).toHaveLength(3)
    expect(await harness.database.sql`select * from ledger_unbalanced`).toHaveLength(0)
  })
})

describe('the database itself refuses to', () => {
  const FORBIDDEN: Record<string, string> = {
    'update an entry': "update ledger_entries set ledger_account = 'payee' where line = 1",
    'update an entry without changing it': 'update ledger_entries set amount = amount',
    'delete an entry': 'delete from ledger_entries where line = 1',
    'delete a whole set': 'delete from ledger_entries where version = 2',
    'truncate the journal': 'truncate ledger_entries',
    'truncate payments and all that refers to them': 'truncate payments cascade',
    'rewrite an entry through an upsert': `
      insert into ledger_entries select * from ledger_entries
      on conflict (account_id, payment_id, version, line) do update set amount = excluded.amount + 1`,
  }
  test.each(Object.entries(FORBIDDEN))('%s', async (_name, statement) => {
    const before = await entriesOf(harness, id)
    await expect(harness.database.sql.unsafe(statement)).rejects.toMatchObject({
      code: '23001',
      message: expect.stringMatching(
        /^(UPDATE|DELETE|TRUNCATE) on \w+ is refused: its rows are append-only$/,
      ),
    })
    expect(await entriesOf(harness, id)).toEqual(before)
  })

  const row = (change: Record<string, unknown>) => ({
    account_id: 'demo',
    payment_id: id,
    version: version++,
    line: 1,
    ledger_account: 'payer',
    currency: 'USD',
    amount: 1,
    ...change,
  })
  const insert = (change: Record<string, unknown>) =>
    harness.database.sql`insert into ledger_entries ${harness.database.sql(row(change))}`

  test('hold a line of zero, a line before the first, or an account that is not in the chart', async () => {
    for (const change of [{ amount: 0 }, { line: 0 }, { ledger_account: 'somewhere' }])
      await expect(insert(change)).rejects.toMatchObject({ code: '23514' })
  })

  test('hold an entry of no payment, or of another account’s', async () => {
    for (const change of [{ payment_id: crypto.randomUUID() }, { account_id: 'somebody_else' }])
      await expect(insert(change)).rejects.toMatchObject({ code: '23503' })
  })

  test('hold the same line twice', async () => {
    await expect(insert({ version: 2 })).rejects.toMatchObject({ code: '23505' })
  })
})

test('the chart of accounts and the database know the same accounts', async () => {
  const [check] = await harness.database.sql<{ definition: string }[]>`
    select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'ledger_entries_account'`
  const known = [...(check?.definition ?? '').matchAll(/'(\w+)'/g)].map(([, name]) => name)
  expect(known.toSorted()).toEqual(LEDGER_ACCOUNTS.toSorted())
})

test('results by day over all payments are read from their own index', async () => {
  const plan = await harness.database.sql.begin(async (tx) => {
    await tx`set local enable_seqscan = off`
    await tx`set local enable_bitmapscan = off`
    return tx<{ 'QUERY PLAN': string }[]>`
      explain select date_trunc('day', at), sum(amount) from ledger_entries
      where account_id = 'demo' and ledger_account = 'fx_gain_loss' and at >= now() - interval '7 days' group by 1`
  })
  expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toContain('ledger_entries_results')
})

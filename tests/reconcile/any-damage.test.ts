import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Tx } from '../../src/db/client.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { foundAfter, live, PATIENT } from './support.ts'

const NOWHERE = "'01900000-0000-7000-8000-000000000000'"
const next = (column: string) => `${column} + 1`

/** What a column is changed to, and of which rows. */
type Damage = [change: string, rows?: string]

const STATUS = (values: readonly string[]): Damage[] =>
  values.map((value) => [`status = '${value}'`, `status <> '${value}'`])

/** Every column that holds an amount, a status or a key, in each table that another one can be held against. */
const COLUMNS: Record<string, Damage[]> = {
  payments: [
    ...STATUS([
      'PENDING',
      'ONRAMP_COMPLETE',
      'COMPLETED',
      'FAILED',
      'CANCELLED',
      'REFUND_PENDING',
      'REFUNDED',
    ]),
    ["exception = 'overdue'"],
    [`version = ${next('version')}`],
    ['version = version - 1'],
    [`attempt = ${next('attempt')}`],
    [`usdc_received = ${next('coalesce(usdc_received, 0)')}`],
    [`usdc_spent = ${next('coalesce(usdc_spent, 0)')}`],
    ['usdc_received = null', 'usdc_received is not null'],
    ['usdc_spent = null', 'usdc_spent is not null'],
    [`id = ${NOWHERE}`],
    ["account_id = 'other'"],
    [`quote_id = ${NOWHERE}`],
    ['ended_at = null'],
  ],
  provider_operations: [
    ...STATUS(['submitted', 'accepted', 'done', 'refused']),
    [`amount = ${next('amount')}`],
    ['amount = -amount'],
    ["currency = 'GBP'"],
    [`settled_amount = ${next('coalesce(settled_amount, 0)')}`],
    ['settled_amount = null', 'settled_amount is not null'],
    [`key = ${NOWHERE}`, "status <> 'refused'"],
    [`payment_id = ${NOWHERE}`],
    ["account_id = 'other'"],
    // Where the key is free.
    ["leg = 'refund'", "payment_id not in (select payment_id from provider_operations where leg = 'refund')"],
    [
      "leg = 'offramp'",
      "payment_id not in (select payment_id from provider_operations where leg = 'offramp')",
    ],
    ['attempt = attempt + 5'],
    ["reference = 'other'", 'reference is not null'],
    ["provider = 'nowhere'"],
  ],
  ledger_entries: [
    [`amount = ${next('amount')}`, 'amount <> -1'],
    ['amount = -amount'],
    ["ledger_account = 'refunds'", "ledger_account <> 'refunds'"],
    ["ledger_account = 'liquidity'", "ledger_account <> 'liquidity'"],
    ["currency = 'GBP'"],
    ['version = version + 40'],
    ['line = line + 40'],
    [`payment_id = ${NOWHERE}`],
    ["account_id = 'other'"],
  ],
  // What a provider refused came to nothing, so that only what it was asked for is held against it.
  'sandbox.operations': [
    [`amount = ${next('amount')}`],
    ["currency = 'GBP'"],
    [`settled_amount = ${next('settled_amount')}`, "ending = 'settles'"],
    [`key = ${NOWHERE}`, "ending = 'settles'"],
    ["reference = 'other'"],
    ["leg = 'refund'", "leg <> 'refund'"],
    ["provider = 'sandbox_c'", "provider <> 'sandbox_c' and ending = 'settles'"],
    ["ending = 'fails'", "ending = 'settles'"],
    ["ending = 'settles'", "ending <> 'settles'"],
    ['calls = 0', "ending = 'settles'"],
  ],
}

const damages = Object.entries(COLUMNS).flatMap(([table, some]) =>
  some.map(([change, rows = 'true']) => ({ table, change, rows })),
)

let harness: Harness
beforeAll(async () => {
  harness = await startHarness({ env: PATIENT })
  await live(harness)
})
afterAll(() => harness.stop())

type Row = (typeof damages)[number] & { pick: number }

const apply =
  ({ table, change, rows, pick }: Row) =>
  async (tx: Tx): Promise<void> => {
    const fit = await tx.unsafe<{ at: string }[]>(
      `select ctid::text as at from ${table} where ${rows} order by ctid`,
    )
    expect([table, rows, fit.length > 0]).toEqual([table, rows, true])
    await tx.unsafe(`update ${table} set ${change} where ctid = '${fit[pick % fit.length]?.at}'`)
  }

test('damage to any amount, status or key of any single row is found', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...damages), fc.nat({ max: 1_000 }), async (damage, pick) => {
      const found = await foundAfter(harness, apply({ ...damage, pick }))
      expect([damage, found.length > 0]).toEqual([damage, true])
    }),
    // Each kind of damage to the first row it fits, and then to rows at random.
    { numRuns: damages.length + 150, examples: damages.map((damage) => [damage, 0]) },
  )
}, 120_000)

test('a row that is gone, of any of these tables, is found', async () => {
  const tables = Object.entries({
    payments: 'true',
    payment_audit: 'true',
    provider_operations: "status <> 'refused'",
    ledger_entries: 'true',
    'sandbox.operations': "ending = 'settles'",
  })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...tables), fc.nat({ max: 1_000 }), async ([table, rows], pick) => {
      const found = await foundAfter(harness, async (tx) => {
        const fit = await tx.unsafe<{ at: string }[]>(
          `select ctid::text as at from ${table} where ${rows} order by ctid`,
        )
        await tx.unsafe(`delete from ${table} where ctid = '${fit[pick % fit.length]?.at}'`)
      })
      expect([table, found.length > 0]).toEqual([table, true])
    }),
    { numRuns: 60 },
  )
}, 120_000)

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Tx } from '../../src/db/client.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { expectFound, foundAfter, kindsOf, type Life, live, PATIENT, payUntil } from './support.ts'

const NOWHERE = '01900000-0000-7000-8000-000000000000'

let harness: Harness
let ids: Record<Life, string>
beforeAll(async () => {
  harness = await startHarness({ env: PATIENT })
  ids = await live(harness)
})
afterAll(() => harness.stop())

const foundIf = (damage: (tx: Tx) => PromiseLike<unknown>) => foundAfter(harness, damage)

test('books that nobody has damaged have no findings', async () => {
  expect(await foundIf(async () => {})).toEqual([])
})

describe('payments against their audit trail and their quotes', () => {
  test('a payment whose state is not that of its newest audit row', async () => {
    const found = await foundIf((tx) => tx`update payments set status = 'FAILED' where id = ${ids.completed}`)
    expectFound(
      found,
      'audit_mismatch',
      ids.completed,
      'version 5, FAILED',
      'the newest says version 5, COMPLETED',
    )
  })

  test('a lost audit row, at the end or in the middle', async () => {
    for (const version of [5, 3]) {
      const found = await foundIf(
        (tx) => tx`delete from payment_audit where payment_id = ${ids.completed} and version = ${version}`,
      )
      expectFound(found, 'audit_mismatch', ids.completed, 'its audit trail has 4 rows')
    }
  })

  test('a step that the state machine does not have', async () => {
    const found = await foundIf(async (tx) => {
      await tx`update payment_audit set to_status = 'REFUNDED' where payment_id = ${ids.completed} and version = 3`
      await tx`update payment_audit set from_status = 'REFUNDED' where payment_id = ${ids.completed} and version = 4`
    })
    expectFound(
      found,
      'audit_mismatch',
      ids.completed,
      'version 3 goes from ONRAMP_PENDING to REFUNDED, after ONRAMP_PENDING',
      'version 4 goes from REFUNDED to OFFRAMP_PENDING',
    )
  })

  test('a step that does not begin where the one before has ended', async () => {
    const found = await foundIf(
      (tx) => tx`
        update payment_audit set from_status = 'OFFRAMP_PENDING', to_status = 'ONRAMP_COMPLETE'
        where payment_id = ${ids.completed} and version = 3`,
    )
    expectFound(
      found,
      'audit_mismatch',
      ids.completed,
      'version 3 goes from OFFRAMP_PENDING to ONRAMP_COMPLETE, after ONRAMP_PENDING',
    )
  })

  test('a payment that has ended without saying when, or that goes on though it says so', async () => {
    const found = await foundIf(async (tx) => {
      await tx`update payments set ended_at = null where id = ${ids.refunded}`
      await tx`update payments set status = 'PENDING' where id = ${ids.cancelled}`
    })
    expectFound(found, 'audit_mismatch', ids.refunded, 'REFUNDED and has not ended')
    expectFound(found, 'audit_mismatch', ids.cancelled, 'PENDING and ended at')
  })

  test('a payment that is gone, whose history, legs and entries are still there', async () => {
    const found = await foundIf((tx) => tx`delete from payments where id = ${ids.completed}`)
    expectFound(
      found,
      'payment_missing',
      ids.completed,
      'version 5, COMPLETED, is in the audit trail',
      'offramp attempt 1 at sandbox_a, done, is journalled',
    )
    expectFound(found, 'ledger_orphan', ids.completed, 'of a payment that is not there')
  })

  test('a payment whose quote is gone', async () => {
    const found = await foundIf(
      (tx) => tx`delete from quotes where id = (select quote_id from payments where id = ${ids.refused})`,
    )
    expectFound(found, 'quote_missing', ids.refused, 'FAILED')
    expect(found).toHaveLength(1)
  })
})

describe('payments and quotes against the legs', () => {
  const legs = (id: string, leg: string) => (tx: Tx, to: string) =>
    tx.unsafe(
      `update provider_operations set ${to} where payment_id = '${id}' and leg = '${leg}' and status = 'done'`,
    )

  test.each([
    ['completed', 'onramp'],
    ['completed', 'offramp'],
    ['refunded', 'refund'],
  ] as const)('a %s payment without its %s', async (life, leg) => {
    const found = await foundIf(
      (tx) => tx`delete from provider_operations where payment_id = ${ids[life]} and leg = ${leg}`,
    )
    expectFound(found, 'leg_missing', ids[life], `${leg} of a payment`, 'one must be done')
  })

  test('a leg that was done twice', async () => {
    const found = await foundIf(
      (tx) => tx`
        update provider_operations set status = 'done', reference = 'r', settled_amount = 1
        where payment_id = ${ids.failedOver} and leg = 'offramp' and status = 'refused'`,
    )
    expectFound(found, 'leg_duplicate', ids.failedOver, 'attempt 1 at', 'is done, attempt 2 at')
  })

  test('a payment that came to nothing, of which a leg has moved money', async () => {
    const found = await foundIf(
      (tx) => tx`
        update provider_operations set status = 'accepted', reference = 'r'
        where payment_id = ${ids.failed} and attempt = 1`,
    )
    expectFound(
      found,
      'leg_mismatch',
      ids.failed,
      'onramp of a payment that is FAILED',
      'none of it may have',
    )
  })

  test('an amount or a currency that is not the quote’s', async () => {
    const found = await foundIf(async (tx) => {
      await legs(ids.completed, 'offramp')(tx, 'amount = amount + 1')
      await legs(ids.refunded, 'refund')(tx, "currency = 'GBP'")
    })
    expectFound(
      found,
      'leg_mismatch',
      ids.completed,
      'offramp attempt 1',
      'journalled 87700 EUR',
      'says 87699 EUR',
    )
    expectFound(found, 'leg_mismatch', ids.refunded, 'refund attempt 1', '95275 GBP', '95275 USD')
  })

  test('a settled amount that is not what the payment has received or spent, or not the refund', async () => {
    const found = await foundIf(async (tx) => {
      await legs(ids.completed, 'onramp')(tx, 'settled_amount = settled_amount - 1')
      await tx`update payments set usdc_spent = usdc_spent + 1 where id = ${ids.failedOver}`
      await legs(ids.refunded, 'refund')(tx, 'settled_amount = settled_amount - 1')
    })
    expectFound(found, 'leg_mismatch', ids.completed, 'received 952750000', 'on-ramp settled 952749999')
    expectFound(found, 'leg_mismatch', ids.failedOver, 'its off-ramp')
    expectFound(found, 'leg_mismatch', ids.refunded, 'settled 95274', 'the quote says 95275 USD')
  })

  test('attempts with a gap, or not as many as the payment counts', async () => {
    const found = await foundIf(async (tx) => {
      await tx`update payments set attempt = 7 where id = ${ids.completed}`
      await tx`update provider_operations set attempt = 9 where payment_id = ${ids.failedOver} and leg = 'offramp' and attempt = 2`
    })
    expectFound(found, 'leg_mismatch', ids.completed, 'the payment says that there were 7')
    expectFound(found, 'leg_mismatch', ids.failedOver, 'attempt 9', 'the attempts must count from 1')
  })

  test('a live payment whose leg is not as far as the payment, or further', async () => {
    const id = await payUntil(harness, 'ONRAMP_PENDING')
    const to = (status: string) => (tx: Tx) =>
      tx`update provider_operations set status = ${status} where payment_id = ${id}`
    expectFound(await foundIf(to('submitted')), 'leg_mismatch', id, 'is submitted; one must be accepted')
    expectFound(await foundIf(to('done')), 'leg_mismatch', id, 'is done; one must be accepted')
    expectFound(await foundIf(to('refused')), 'leg_missing', id, 'is refused; one must be accepted')
  })
})

describe('the ledger', () => {
  const entry = (id: string, version: number, line: number) => (tx: Tx, to: string) =>
    tx.unsafe(
      `update ledger_entries set ${to} where payment_id = '${id}' and version = ${version} and line = ${line}`,
    )

  test('a change that moves money without its entries', async () => {
    const found = await foundIf(
      (tx) => tx`delete from ledger_entries where payment_id = ${ids.completed} and version = 3`,
    )
    expectFound(found, 'ledger_missing', ids.completed, 'version 3, onramp_settled, has no entries')
    expect(kindsOf(found)).toEqual(['ledger_balance', 'ledger_missing'])
  })

  test('a set that was written twice, as more lines of its change', async () => {
    const found = await foundIf(
      (tx) => tx`
        insert into ledger_entries (account_id, payment_id, version, line, ledger_account, currency, amount)
        select account_id, payment_id, version, line + 4, ledger_account, currency, amount from ledger_entries
        where payment_id = ${ids.completed} and version = 2`,
    )
    expectFound(
      found,
      'ledger_duplicate',
      ids.completed,
      'version 2, onramp_accepted, has line 5 payer -100000 USD',
    )
  })

  test('a set of a change that moves no money, and of one that never was', async () => {
    const copyTo = (version: number) => (tx: Tx) =>
      tx`
      insert into ledger_entries (account_id, payment_id, version, line, ledger_account, currency, amount)
      select account_id, payment_id, ${version}::int, line, ledger_account, currency, amount from ledger_entries
      where payment_id = ${ids.completed} and version = 4`
    for (const version of [1, 6])
      expectFound(
        await foundIf(copyTo(version)),
        'ledger_orphan',
        ids.completed,
        `version ${version}, no change`,
      )
  })

  test('a line whose amount, account or currency is another: the change, the line and both amounts are named', async () => {
    const amount = await foundIf((tx) => entry(ids.completed, 5, 2)(tx, 'amount = amount - 5'))
    expectFound(
      amount,
      'ledger_mismatch',
      ids.completed,
      'version 5, offramp_settled, has line 2 payee 87694 EUR, and should have line 2 payee 87699 EUR',
    )
    expectFound(amount, 'ledger_unbalanced', ids.completed, 'version 5: its EUR lines sum to -5')
    expectFound(amount, 'ledger_balance', ids.completed, 'payee has 87694 EUR, and should have 87699')
    const account = await foundIf((tx) => entry(ids.completed, 5, 2)(tx, "ledger_account = 'liquidity'"))
    expectFound(account, 'ledger_mismatch', ids.completed, 'line 2 liquidity 87699 EUR')
    const currency = await foundIf((tx) => entry(ids.completed, 5, 2)(tx, "currency = 'GBP'"))
    expectFound(currency, 'ledger_unbalanced', ids.completed, 'GBP lines sum to 87699')
  })

  test('a balanced set that says something else than the change has done', async () => {
    const found = await foundIf(
      (tx) =>
        tx`update ledger_entries set amount = amount * 2 where payment_id = ${ids.completed} and version = 4`,
    )
    expect(kindsOf(found)).toEqual(['ledger_balance', 'ledger_mismatch'])
    expectFound(found, 'ledger_balance', ids.completed, 'payout_clearing has 87699 EUR, and should have 0')
  })

  test('an ended payment whose payer, payee, fees or clearing accounts are not what its state says', async () => {
    const extra = (id: string, from: string, to: string) => (tx: Tx) =>
      tx`
        insert into ledger_entries (account_id, payment_id, version, line, ledger_account, currency, amount)
        values ('demo', ${id}, 2, 98, ${from}, 'USD', -7), ('demo', ${id}, 2, 99, ${to}, 'USD', 7)`
    const fees = await foundIf(extra(ids.completed, 'platform_fees', 'refunds'))
    expectFound(fees, 'ledger_balance', ids.completed, 'platform_fees has 2093 USD, and should have 2100')
    expectFound(fees, 'ledger_balance', ids.completed, 'refunds has 7 USD, and should have 0')
    const refunded = await foundIf(extra(ids.refunded, 'payer', 'network_gas'))
    expectFound(refunded, 'ledger_balance', ids.refunded, 'REFUNDED; payer has -7 USD, and should have 0')
    const cancelled = await foundIf(extra(ids.cancelled, 'payer', 'payee'))
    expectFound(cancelled, 'ledger_balance', ids.cancelled, 'CANCELLED; payee has 7 USD')
  })

  test('a note of an unbalanced set that outlived its transaction', async () => {
    const found = await foundIf((tx) => tx`insert into ledger_unbalanced values ('demo', ${NOWHERE}, 3)`)
    expectFound(found, 'ledger_unbalanced', NOWHERE, 'version 3')
  })
})

test('of much damage all is counted, and some of each kind listed', async () => {
  await harness.database.sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`
    await tx`
      insert into payment_audit (account_id, payment_id, version, to_status, exception, actor, message)
      select 'gone', gen_random_uuid(), 1, 'PENDING', 'none', 'api', '' from generate_series(1, 250)`
  })
  await harness.database.sql`
    insert into sandbox.operations (provider, key, reference, leg, amount, currency, settled_amount, rate, ending, ends_at_ms)
    select 'sandbox_a', gen_random_uuid(), n, 'onramp', n, 'EUR', 1, 1, 'settles', 0 from generate_series(1, 130) n`
  const { findings, findingsByKind, total } = await harness.services.reconcile.run(2)
  expect(findings).toHaveLength(200)
  expect(findingsByKind).toMatchObject({ payment_missing: 250, provider_unknown: 130 })
  expect(total).toBe(380)
})

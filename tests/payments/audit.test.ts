import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Harness, startHarness } from '../support/harness.ts'
import { drive, pay, snapshot } from './support.ts'

let harness: Harness
let id: string
beforeAll(async () => {
  harness = await startHarness()
  id = await pay(harness)
  await drive(harness, [id])
})
afterAll(() => harness.stop())

const FORBIDDEN: Record<string, string> = {
  'update payment_audit': "update payment_audit set message = 'rewritten'",
  'update one row of payment_audit': "update payment_audit set actor = 'nobody' where version = 2",
  'delete from payment_audit': 'delete from payment_audit where version = 1',
  'truncate payment_audit': 'truncate payment_audit',
  'truncate payments and all that refers to them': 'truncate payments cascade',
  'update quotes': 'update quotes set payout = payout + 1',
  'extend the expiry of quotes': "update quotes set expires_at = now() + interval '1 day'",
  'update webhook_events': "update webhook_events set body = '{}'",
  'rewrite payment_audit through an upsert': `
    insert into payment_audit (account_id, payment_id, version, to_status, exception, actor, message)
    select account_id, payment_id, version, to_status, exception, actor, message from payment_audit
    on conflict (account_id, payment_id, version) do update set message = 'rewritten'`,
}

describe('the database itself refuses to', () => {
  for (const [name, statement] of Object.entries(FORBIDDEN))
    test(`${name}, saying why`, async () => {
      const before = await snapshot(harness.database.sql)
      const quotes = await harness.database.sql`select * from quotes`
      await expect(harness.database.sql.unsafe(statement)).rejects.toMatchObject({
        code: '23001',
        message: expect.stringMatching(
          /^(UPDATE|DELETE|TRUNCATE) on \w+ is refused: its rows are append-only$/,
        ),
      })
      expect(await snapshot(harness.database.sql)).toBe(before)
      expect(await harness.database.sql`select * from quotes`).toEqual(quotes)
    })

  for (const [name, statement] of [
    ['a payment that has a history', 'delete from payments'],
    ['a quote that was paid', 'delete from quotes'],
  ] as const)
    test(`delete ${name}`, async () => {
      await expect(harness.database.sql.unsafe(statement)).rejects.toMatchObject({ code: '23503' })
    })

  test('hold two audit rows, or two events, for one version of a payment', async () => {
    const { sql } = harness.database
    for (const table of ['payment_audit', 'webhook_events']) {
      const copy = `insert into ${table} select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid()))).* from ${table} t`
      await expect(sql.unsafe(copy)).rejects.toMatchObject({ code: '23505' })
    }
  })

  test('know a state or an exception that is not in the table', async () => {
    for (const column of ['status', 'exception'])
      await expect(
        harness.database.sql.unsafe(`update payments set ${column} = 'SOMETHING'`),
      ).rejects.toMatchObject({ code: '23514' })
  })
})

test('what was promised and recorded is as it was after all that', async () => {
  const { body } = await harness.call('GET', `/payments/${id}`)
  expect(body).toMatchObject({ status: 'COMPLETED', guaranteed_payout: 87_699 })
  expect(body.state_history).toHaveLength(5)
})

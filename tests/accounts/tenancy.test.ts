import { describe, expect, test } from 'bun:test'
import { accesses, accessesIn, importers, tenantTables } from './statements.ts'

/** What acts on all accounts at once, how often it does, and why that is right. No request gets there but an operator's. */
const OVER_ALL_ACCOUNTS: Record<string, [times: number, reason: string]> = {
  'accounts/store.ts api_keys': [1, 'the key’s hash tells whose request it is'],
  'audit/rows.ts audit_seals': [1, 'the verification goes from account to account'],
  'audit/rows.ts payment_audit': [1, 'the verification goes from account to account'],
  'audit/rows.ts payments': [1, 'the verification goes from account to account'],
  'audit/seal.ts audit_unsealed': [2, 'the sealing worker takes what waits, and chains it by account'],
  'fees/store.ts fee_recommendations': [
    3,
    'the sweep of what expired unused, and of advice that no account owns',
  ],
  'fees/store.ts quotes': [1, 'the sweep looks for the quote within the recommendation’s account'],
  'limits/store.ts rate_limit_usage': [2, 'processes exchange the sums of all accounts in one statement'],
  'operations/store.ts fee_recommendations': [
    1,
    'an operator sees who decided, of all accounts; admin scope',
  ],
  'operations/store.ts payments': [1, 'an operator sees how many are live, of all accounts; admin scope'],
  'operations/store.ts quotes': [1, 'the same'],
  'payments/sql/steps.ts payments': [1, 'the rescue of payments that lost their job'],
  'providers/cctp/passages.ts provider_steps': [
    1,
    'a provider’s records name our keys, which tell the account',
  ],
  'providers/inbound/store.ts provider_events': [2, 'the sweep, and the second look at what an event names'],
  'providers/inbound/store.ts provider_operations': [
    3,
    'a provider’s event names its own references or our keys, which tell the account',
  ],
  'providers/inbound/store.ts provider_steps': [1, 'the same'],
  'providers/steps.ts provider_steps': [1, 'a provider’s notice names its own id, which tells the account'],
  'quotes/store.ts payments': [1, 'the sweep looks for the payment within the quote’s account'],
  'quotes/store.ts quotes': [2, 'the sweep of quotes that expired unused'],
  'reconcile/checks/audit.ts payment_audit': [1, 'the books of all accounts are compared'],
  'reconcile/checks/audit.ts provider_operations': [1, 'the books of all accounts are compared'],
  'reconcile/checks/ledger.ts ledger_entries': [1, 'the books of all accounts are compared'],
  'reconcile/checks/ledger.ts ledger_unbalanced': [1, 'the books of all accounts are compared'],
  'reconcile/journal.ts payments': [2, 'a provider’s records are those of all accounts'],
  'reconcile/journal.ts provider_operations': [3, 'a provider’s records are those of all accounts'],
  'reconcile/scope.ts payments': [1, 'the books of all accounts are compared'],
  'reconcile/scope.ts quotes': [1, 'the books of all accounts are compared'],
  'treasury/store.ts payments': [1, 'an operator sees the exposure to all accounts; admin scope'],
  'webhooks/events/expired-quotes.ts webhook_endpoints': [
    1,
    'the worker announces the quotes of all listeners',
  ],
  'webhooks/sending/sql/orphans.ts webhook_deliveries': [1, 'the rescue of deliveries that lost their job'],
}

test('every statement on an account’s rows says whose, but for those that are known to act on all', async () => {
  const unscoped: Record<string, number> = {}
  for (const { file, table, scoped } of await accesses())
    if (!scoped) unscoped[`${file} ${table}`] = (unscoped[`${file} ${table}`] ?? 0) + 1
  const known = Object.entries(OVER_ALL_ACCOUNTS).map(([place, [times]]) => [place, times] as const)
  expect(unscoped).toEqual(Object.fromEntries(known))
})

test('the look finds statements in every file that names a tenant table of the builder', async () => {
  const seen = new Set((await accesses()).map(({ file }) => file))
  const missed = (await importers()).filter((file) => !seen.has(file))
  expect(missed).toEqual([])
})

describe('the look is not taken in', async () => {
  const tables = await tenantTables()
  const scopes = (source: string) =>
    accessesIn('x.ts', source, tables).map(({ table, scoped }) => [table, scoped])

  test.each([
    ['`select * from payments where account_id = $1 and id = $2`', true],
    ['`select * from payments where id = $1`', false],
    ['`select account_id from payments where id = $1`', false],
    ['`select * from payments p where p.id = $1 and exists (select from x where account_id = $2)`', false],
    ['`select * from payments where (account_id, id) in (select account_id, id from mine)`', true],
    [
      '`update payments p set version = 2 from input c where p.account_id = c.account_id and p.id = c.id`',
      true,
    ],
    ['`update payments p set version = 2 from input c where p.id = c.id`', false],
    ['`delete from payments where id = $1 returning account_id`', false],
    ['`insert into payments (account_id, id) values ($1, $2)`', true],
    ['`insert into payments (id) values ($1)`', false],
    ['`with a as (select * from payments where id = $1) select * from a where account_id = $2`', false],
    ['`select 1 union select id from payments where id = $2`', false],
    ['`select id from x where account_id = $1 union select id from payments where id = $2`', false],
    ['// account_id = $1\n`select * from payments where id = $1`', false],
    ['db.select().from(payments).where(eq(payments.accountId, accountId))', true],
    ['db.select().from(payments).where(eq(payments.id, id))', false],
    ['db.select({ a: payments.accountId }).from(payments)', false],
    ['db.update(payments).set({ accountId }).where(eq(payments.id, id))', false],
    ['db.delete(payments).where(and(eq(payments.id, id), eq(payments.accountId, accountId)))', true],
    ['const own = eq(payments.accountId, id)\ndb.select().from(payments).where(own)', true],
    ['const own = eq(payments.id, id)\ndb.select().from(payments).where(own)', false],
    [
      'const rows = () => db.select().from(payments)\nrows().where(eq(payments.accountId, id)).limit(1)',
      true,
    ],
    ['const rows = () => db.select().from(payments)\nrows().where(eq(payments.id, id)).limit(1)', false],
  ])('%s', (source, scoped) => {
    expect(scopes(source)).toEqual([['payments', scoped]])
  })

  test('two tables that agree with each other, and with no account, are both unscoped', () => {
    const join = 'from payments p join quotes q on q.account_id = p.account_id and q.id = p.quote_id'
    expect(scopes(`\`select 1 ${join}\``)).toEqual([
      ['payments', false],
      ['quotes', false],
    ])
    expect(scopes(`\`select 1 ${join} where p.account_id = $1\``)).toEqual([
      ['payments', true],
      ['quotes', true],
    ])
  })

  test('a joined table needs the account as well', () => {
    const join = 'db.select().from(payments).innerJoin(quotes, ON).where(eq(payments.accountId, id))'
    const on = (condition: string) => scopes(join.replace('ON', condition))
    expect(on('eq(quotes.id, payments.quoteId)')).toEqual([
      ['payments', true],
      ['quotes', false],
    ])
    expect(on('and(eq(quotes.accountId, payments.accountId), x)')).toEqual([
      ['payments', true],
      ['quotes', true],
    ])
  })
})

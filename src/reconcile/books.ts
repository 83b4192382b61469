import type { Sql, Tx } from '../db/client.ts'
import { AUDIT_CHECKS } from './checks/audit.ts'
import { LEDGER_CHECKS } from './checks/ledger.ts'
import { LEG_CHECKS } from './checks/legs.ts'
import { checkPostings } from './checks/postings.ts'
import type { Finding, Findings, Kind } from './findings.ts'
import { SCOPE } from './scope.ts'

/** What was looked at. */
export interface Counts {
  payments: number
  operations: number
  entries: number
}

const COUNT = `
with ${SCOPE}
select count(*)::int as payments,
  coalesce(sum((select count(*) from provider_operations o where o.account_id = s.account_id and o.payment_id = s.id)), 0)::int
    as operations,
  coalesce(sum((select count(*) from ledger_entries e where e.account_id = s.account_id and e.payment_id = s.id)), 0)::int
    as entries
from scope s`

const bounded = (check: string): string => `
with ${SCOPE},
numbered as (
  select f.*, count(*) over (partition by kind)::int as total, row_number() over (partition by kind) as place
  from (${check}) f
)
select kind, account_id, payment_id, detail, total from numbered where place <= $2::int`

const STATEMENTS = [...AUDIT_CHECKS, ...LEG_CHECKS, ...LEDGER_CHECKS].map(bounded)

const run = async (tx: Tx, statement: string, days: number, findings: Findings): Promise<void> => {
  const rows = await tx.unsafe<(Finding & { total: number })[]>(statement, [days, findings.most])
  const byKind = Map.groupBy(rows, ({ kind }): Kind => kind)
  for (const some of byKind.values())
    findings.addListed(
      some.map(({ total: _total, ...finding }) => finding),
      some[0]?.total ?? 0,
    )
}

/** `checkBooks` within a transaction of the caller's. */
export const checkBooksIn = async (tx: Tx, days: number, findings: Findings): Promise<Counts> => {
  const [counts] = await tx.unsafe<Counts[]>(COUNT, [days])
  if (!counts) throw new Error('an aggregate answered no row')
  for (const statement of STATEMENTS) await run(tx, statement, days, findings)
  await checkPostings(tx, days, findings)
  return counts
}

/**
 * Compares payments, audit trail, legs, quotes and ledger with each other, all as of one instant: the payments that
 * are live or ended within the last `days`.
 */
export const checkBooks = (sql: Sql, days: number, findings: Findings): Promise<Counts> =>
  sql.begin('isolation level repeatable read read only', async (tx) => {
    // Nobody waits for it, and a large window takes its time.
    await tx`set local statement_timeout = '10min'`
    return checkBooksIn(tx, days, findings)
  })

import type postgres from 'postgres'
import { createAuditReader } from '../../src/audit/rows.ts'
import { type AccountReport, verifyAccount } from '../../src/audit/verify.ts'
import type { Sql, Tx } from '../../src/db/client.ts'
import { ACCOUNT, quoted } from '../payments/support.ts'
import type { Harness } from '../support/harness.ts'

/** A provider that is late on a busy machine is asked again, which would write more rows than a test counts on. */
export const PATIENT = { PROVIDER_DEADLINE_MS: '12000' }

type Verified = Partial<{ account: string; notedHead: string; sealingRuns: boolean }>

export const verified = (sql: Pick<Sql, 'unsafe'>, { account = ACCOUNT, ...options }: Verified = {}) =>
  verifyAccount(createAuditReader(sql), account, { sealingRuns: true, ...options })

/** What a report says is wrong: where, and in which words. */
export const told = ({ findings }: AccountReport): string[] =>
  findings.map(
    ({ seq, version, what }) =>
      `${seq === undefined ? '' : `#${seq} `}${version ? `v${version} ` : ''}${what}`,
  )

/** Like a superuser for whom no trigger and no foreign key exists. */
export const asSuperuser = (tx: postgres.TransactionSql) => tx`set local session_replication_role = replica`

const UNDO = new Error('undo')

/** What the verification says after the damage, which is then undone. */
export const afterDamage = async (
  sql: Sql,
  damage: (tx: Tx) => Promise<unknown>,
  options?: Verified,
): Promise<AccountReport> => {
  let report: AccountReport | undefined
  const undone = sql.begin(async (tx) => {
    await asSuperuser(tx)
    await damage(tx)
    report = await verified(tx, options)
    throw UNDO
  })
  await undone.catch((error: unknown) => {
    if (error !== UNDO) throw error
  })
  if (!report) throw new Error('the damage was not verified')
  return report
}

/** Accepts a payment of any account; answers its id. */
export const payAs = async (harness: Harness, accountId: string): Promise<string> => {
  const request = await quoted(harness, {}, accountId)
  return (await harness.services.payments.accept({ accountId, requestId: null }, request, undefined)).body
    .payment_id
}

/** Moves the payment's version on and writes the audit row, as the program does in one transaction. */
export const change = async (tx: Sql | Tx, paymentId: string, message: string): Promise<void> => {
  await tx`
    with moved as (update payments set version = version + 1 where id = ${paymentId} returning *)
    insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message)
    select account_id, id, version, status, status, exception, 'worker', ${message} from moved`
}

/** Every link of the account, as text. */
export const chainOf = (sql: Sql, account = ACCOUNT) =>
  sql<{ seq: string; payment_id: string; version: number; hash: string }[]>`
    select seq, payment_id, version, encode(hash, 'hex') as hash from audit_seals
    where account_id = ${account} order by seq`

/** Audit rows that do not have exactly one link. */
export const notOnce = (sql: Sql) => sql`
  select a.payment_id, a.version, count(s.seq)::int as links from payment_audit a
  left join audit_seals s using (account_id, payment_id, version)
  group by a.account_id, a.payment_id, a.version having count(s.seq) <> 1`

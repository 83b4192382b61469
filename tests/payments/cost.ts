/**
 * `bun tests/payments/cost.ts [payments] [unsealed]`: what a search costs, and a look for changes, on a PostgreSQL of its
 * own that is thrown away.
 */
import { sealAudit } from '../../src/audit/seal.ts'
import { changedSince } from '../../src/payments/sql/changed.ts'
import { startMeasuring } from '../support/cost.ts'
import { copyId, copyPayment } from './copies.ts'
import { ACCOUNT, pay } from './support.ts'

const PAYMENTS = Number(process.argv[2] ?? 300_000)
const UNSEALED = Number(process.argv[3] ?? 30_000)
const AT_ONCE = 50_000

const { harness, timed, stop } = await startMeasuring()
const { sql } = harness.database

const original = await pay(harness, 'needle')
for (let first = 1; first <= PAYMENTS; first += AT_ONCE)
  await copyPayment(sql, original, first, Math.min(first + AT_ONCE - 1, PAYMENTS))

const list =
  (search: object, more: object = {}) =>
  () =>
    harness.services.payments.list(ACCOUNT, { limit: 50, ...search, ...more } as never)
const byName = (part: string) => ({ search: { kind: 'name', part } })
const searches = async (when: string) => {
  console.log(when)
  await timed('  a name that is in none', list(byName('nobody')))
  await timed('  the same, of a status that none has', list(byName('nobody'), { status: 'REFUNDED' }))
  await timed('  the same, created long ago', list(byName('nobody'), { createdBefore: new Date(0) }))
  await timed('  the same, from the middle', list(byName('nobody'), { after: copyId(PAYMENTS / 2) }))
  await timed('  a name that is in all', list(byName('COPY')))
  await timed('  an id', list({ search: { kind: 'id', paymentId: original, quoteId: original } }))
}
await searches(`${PAYMENTS} payments of one account, no statistics`)
await sql`vacuum analyze`
await searches('the same, analyzed')

const look = (since: number | null) => () => changedSince(sql, [{ account_id: ACCOUNT, since, resumes: [] }])
const headOf = async () => (await look(null)())[0]?.head ?? 0
await sealAudit(sql)
await copyPayment(sql, original, PAYMENTS + 1, PAYMENTS + UNSEALED)
console.log(`a look while ${UNSEALED} rows of the account wait for their seals`)
await timed('  one row a payment', look(await headOf()))
await sql`vacuum analyze`
await timed('  the same, analyzed', look(await headOf()))
const place = await headOf()
await sealAudit(sql)
await timed('  when they have just been sealed', look(place))
await timed('  when nothing waits', look(await headOf()))
await sql.unsafe(
  `insert into payment_audit (account_id, payment_id, version, from_status, to_status, exception, actor, message)
  select account_id, id, v, status, status, exception, 'test', 'changed'
  from (select * from payments where account_id = $1 order by id desc limit $2) p, generate_series(2, 6) v`,
  [ACCOUNT, UNSEALED / 5],
)
await timed('  five rows a payment', look(await headOf()))

await stop()

import type { Sql } from '../../db/client.ts'

/** So far ahead that no played time gets there. */
const ASIDE = "interval '100 years'"
const FAR = "interval '50 years'"

/** What was in the database before rests meanwhile; see `setAside`. */
export interface Aside {
  account: string
  /** Endpoints that are switched off meanwhile. */
  endpoints: readonly string[]
}

/**
 * Holds back the jobs that wait, which are for the services that run in real time, and the account's own endpoints, to
 * which nothing of the sample is sent.
 */
export const setAside = async (sql: Sql, account: string): Promise<Aside> => {
  await sql.unsafe(`update pgboss.job set start_after = start_after + ${ASIDE} where state < 'active'`)
  const rows = await sql<{ id: string }[]>`
    update webhook_endpoints set enabled = false where account_id = ${account} and enabled returning id`
  return { account, endpoints: rows.map(({ id }) => id) }
}

/** Lets it go on where it was. */
export const bringBack = async (sql: Sql, { account, endpoints }: Aside): Promise<void> => {
  await sql.unsafe(
    `update pgboss.job set start_after = start_after - ${ASIDE}
     where state < 'active' and start_after > now() + ${FAR}`,
  )
  await sql`
    update webhook_endpoints set enabled = true
    where account_id = ${account} and id = any (${[...endpoints]}::uuid[])`
}

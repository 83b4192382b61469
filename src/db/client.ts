import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'

/** The driver, for hot paths and transactions: JSON goes in as text, timestamps come out as text. */
export type Sql = postgres.Sql
export type Tx = postgres.TransactionSql
/** The query builder over the same pool, for everything else. */
export type Db = PostgresJsDatabase

export interface Database {
  url: string
  sql: Sql
  db: Db
  close(): Promise<void>
}

/** Milliseconds. Whoever uses a pooler sets the same on the role. */
const TIMEOUTS = {
  statement_timeout: 15_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 15_000,
}

export interface DatabaseOptions {
  url: string
  /** Most connections at once. */
  max: number
  /** Server settings of each session; tests use it for the queue's virtual clock. */
  settings?: Record<string, string>
  /**
   * A pooler lends a connection for each transaction, so that nothing may be left on it: no prepared statement, and no
   * setting but those that poolers pass on. The role's own settings bound its queries then; see docs/pooling.md.
   */
  pooled?: boolean
}

/** Opens the pool; no connection is made before the first query. Every query ends on the server within 15 s. */
export const openDatabase = ({ url, max, settings, pooled = false }: DatabaseOptions): Database => {
  const sql = postgres(url, {
    max,
    prepare: !pooled,
    connect_timeout: 5,
    // The default of 20 s would outlast a restart of the database by far.
    backoff: (retries: number) => Math.min(0.05 * 2 ** retries, 1),
    onnotice: () => {},
    connection: {
      application_name: 'ratelock',
      // Times are read as text, which must not depend on how the database happens to be set up.
      DateStyle: 'ISO, MDY',
      TimeZone: 'UTC',
      ...(pooled ? {} : TIMEOUTS),
      ...settings,
    },
  })
  return { url, sql, db: drizzle(sql, { casing: 'snake_case' }), close: () => sql.end({ timeout: 5 }) }
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

/** Any constant will do, as long as every process that migrates takes the same lock. */
const MIGRATION_LOCK = 7_425_001

/** In a compiled binary the folder is embedded beside the entry point; otherwise it is the checkout's. */
const migrationsFolder = (): string => {
  const embedded = join(import.meta.dir, 'drizzle')
  return existsSync(embedded) ? embedded : join(import.meta.dir, '..', '..', 'drizzle')
}

/** Brings the schema up to date. Safe with many processes at once: they take turns on an advisory lock. */
export const migrateDatabase = async (url: string): Promise<void> => {
  // One connection, because a session's lock is worth nothing on another one of the pool.
  const sql = postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: 'ratelock-migrate', lock_timeout: 60_000 },
  })
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    await migrate(drizzle(sql), { migrationsFolder: migrationsFolder() })
  } finally {
    await sql.end({ timeout: 5 })
  }
}

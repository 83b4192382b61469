import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { migrationsFolder, missingMigrations } from './version.ts'

/** Any constant will do, as long as every process that migrates takes the same lock. */
const MIGRATION_LOCK = 7_425_001

/**
 * Brings the schema up to date. Safe with many processes at once: they take turns on an advisory lock. Throws Error in
 * one line for people when the schema is newer than this program.
 */
export const migrateDatabase = async (url: string): Promise<void> => {
  // One connection, because a session's lock is worth nothing on another one of the pool.
  const sql = postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: 'ratelock-migrate', lock_timeout: 60_000 },
  })
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    if ((await missingMigrations(sql)) > 0)
      await migrate(drizzle(sql), { migrationsFolder: migrationsFolder() })
  } finally {
    await sql.end({ timeout: 5 })
  }
}

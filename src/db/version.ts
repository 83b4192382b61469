import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import postgres from 'postgres'

/** In a compiled binary the folder is embedded beside the entry point; otherwise it is the checkout's. */
export const migrationsFolder = (): string => {
  const embedded = join(import.meta.dir, 'drizzle')
  return existsSync(embedded) ? embedded : join(import.meta.dir, '..', '..', 'drizzle')
}

const UNDEFINED = new Set(['42P01', '3F000'])

/** When each migration of the database was made, epoch milliseconds, which is what tells them apart; none in an empty one. */
const appliedOf = async (sql: postgres.Sql): Promise<number[]> => {
  try {
    const rows = await sql<{ made: string }[]>`select created_at as made from drizzle.__drizzle_migrations`
    return rows.map(({ made }) => Number(made))
  } catch (error) {
    if (error instanceof postgres.PostgresError && UNDEFINED.has(error.code)) return []
    throw error
  }
}

const counted = (count: number): string => `${count} migration${count === 1 ? '' : 's'}`

/**
 * How many migrations the database still needs to be what this program works with. Throws Error, in one line for people,
 * when it has some that this program does not know: what a newer one relies on could be broken by an older one.
 */
export const missingMigrations = async (sql: postgres.Sql): Promise<number> => {
  const known = readMigrationFiles({ migrationsFolder: migrationsFolder() }).map(
    ({ folderMillis }) => folderMillis,
  )
  const applied = await appliedOf(sql)
  const newest = Math.max(...known)
  const unknown = applied.filter((made) => made > newest).length
  if (unknown > 0)
    throw new Error(
      `the schema of the database is newer than this program, by ${counted(unknown)}; start the version that made it, or a later one`,
    )
  const last = Math.max(0, ...applied)
  return known.filter((made) => made > last).length
}

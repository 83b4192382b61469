/** `bun run db:migrate`: brings the schema of DATABASE_URL up to date, as every start does; for a release that does it first. */
import { migrateDatabase } from './migrate.ts'

const url = process.env.DATABASE_DIRECT_URL ?? process.env.DATABASE_URL
if (!url) {
  console.error('DATABASE_URL names the database to migrate; the embedded one is migrated at every start')
  process.exit(1)
}
try {
  await migrateDatabase(url)
} catch (error) {
  // Its words alone: what PostgreSQL adds to them can hold rows.
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

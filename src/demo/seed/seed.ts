import { DEMO_ACCOUNT } from '../../accounts/service.ts'
import { openDatabase, type Sql } from '../../db/client.ts'
import { migrateDatabase } from '../../db/migrate.ts'
import { SAMPLE } from '../../market/lock-price.ts'
import { onCopy } from './copy.ts'
import { type Life, live } from './life.ts'
import { type Line, summaryOf } from './summary.ts'

/** The database has its sample already. */
export class AlreadySeeded extends Error {
  override readonly name = 'AlreadySeeded'
}

const withSql = async <T>(url: string, work: (sql: Sql) => Promise<T>): Promise<T> => {
  const database = openDatabase({ url, max: 1 })
  try {
    return await work(database.sql)
  } finally {
    await database.close()
  }
}

const isSeeded = async (sql: Sql): Promise<boolean> => {
  const [row] = await sql<{ seeded: boolean }[]>`
    select exists (select from market_mids where source = ${SAMPLE}) as seeded`
  return row?.seeded === true
}

/**
 * Fills an embedded database that nobody is connected to with days that were lived in a copy of it: all of them, or
 * nothing. Answers what the demo account then has. Throws AlreadySeeded.
 */
export const seedDatabase = async (life: Life): Promise<Line[]> => {
  await migrateDatabase(life.url)
  if (await withSql(life.url, isSeeded)) throw new AlreadySeeded('this database has its sample already')
  return onCopy(life.url, async (url) => {
    await live({ ...life, url })
    return withSql(url, (sql) => summaryOf(sql, DEMO_ACCOUNT))
  })
}

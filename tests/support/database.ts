import postgres from 'postgres'
import { type Database, type DatabaseOptions, openDatabase } from '../../src/db/client.ts'
import { migrateDatabase } from '../../src/db/migrate.ts'
import { createBoss, defineQueues } from '../../src/queue/boss.ts'

const TEMPLATE = 'ratelock_template'

const at = (url: string, database: string): string => {
  const target = new URL(url)
  target.pathname = `/${database}`
  return target.toString()
}

const admin = async (url: string, statement: string): Promise<void> => {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

/** Makes the database that all others are copied from: migrated, with the queue's schema and queues. */
export const createTemplate = async (url: string): Promise<void> => {
  await admin(url, `create database ${TEMPLATE}`)
  await migrateDatabase(at(url, TEMPLATE))
  const boss = createBoss({
    url: at(url, TEMPLATE),
    supervise: false,
    onError: (error) => {
      throw error
    },
  })
  await boss.start()
  await defineQueues(boss)
  await boss.stop()
}

/** An empty database of the caller's own on the run's server. */
export const emptyDatabase = async (server = process.env.TEST_DATABASE_URL ?? '') => {
  const name = `empty_${crypto.randomUUID().replaceAll('-', '')}`
  await admin(server, `create database ${name}`)
  return { url: at(server, name), drop: () => admin(server, `drop database ${name} with (force)`) }
}

export type TestDatabase = Database & { drop(): Promise<void> }

/** A migrated database of the caller's own, on the run's server unless told otherwise. Drop it in afterAll. */
export const testDatabase = async (
  options: Partial<DatabaseOptions> = {},
  server = process.env.TEST_DATABASE_URL ?? '',
): Promise<TestDatabase> => {
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`
  await admin(server, `create database ${name} template ${TEMPLATE}`)
  const database = openDatabase({ max: 10, ...options, url: at(server, name) })
  return {
    ...database,
    drop: async () => {
      await database.close()
      await admin(server, `drop database ${name} with (force)`)
    },
  }
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { type Config, ConfigError } from './config.ts'
import { findEmbedded } from './db/embedded/attach.ts'
import { startEmbedded } from './db/embedded/server.ts'
import { missingMigrations } from './db/version.ts'

/**
 * The database that the configuration names, for a command: DATABASE_URL, the embedded one of a running Ratelock, or that
 * of one that has stopped. `inUse` is false for the last, which `done` stops again. Throws ConfigError when there is none:
 * a command never makes one.
 */
export const findDatabase = async (config: Config) => {
  const done = async () => {}
  if (config.DATABASE_URL)
    return { url: config.DATABASE_DIRECT_URL ?? config.DATABASE_URL, inUse: true, done }
  const running = await findEmbedded(config.DATA_DIR)
  if (running) return { url: running, inUse: true, done }
  if (!existsSync(join(config.DATA_DIR, 'postgres')))
    throw new ConfigError([
      `there is no database in ${config.DATA_DIR}; DATABASE_URL or DATA_DIR names another`,
    ])
  const embedded = await startEmbedded({ dataDir: config.DATA_DIR })
  return { url: embedded.url, inUse: false, done: () => embedded.stop() }
}

const assertOurs = async (url: string): Promise<void> => {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    if ((await missingMigrations(sql)) > 0)
      throw new ConfigError([
        'this database is not that of this version; the service migrates it when it starts',
      ])
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/**
 * The same, for a command that relies on the schema as this program knows it and changes nothing about it. Throws Error in
 * one line for people when it is older or newer.
 */
export const existingDatabase = async (config: Config) => {
  const found = await findDatabase(config)
  try {
    await assertOurs(found.url)
    return found
  } catch (error) {
    await found.done()
    throw error
  }
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, ConfigError } from './config.ts'
import { findEmbedded } from './db/embedded/attach.ts'
import { startEmbedded } from './db/embedded/server.ts'

/**
 * The database that the configuration names, for a command that only looks at it: DATABASE_URL, the embedded one of a
 * running Ratelock, or that of one that has stopped. `inUse` is false for the last, which `done` stops again. Throws
 * ConfigError when there is none: a command that looks never makes one.
 */
export const existingDatabase = async (config: Config) => {
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

import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { NAME } from './cluster.ts'
import { findRunning } from './process.ts'

/**
 * URL of the PostgreSQL that a Ratelock runs in `dataDir`, or null when none does. The server and its directory stay
 * that Ratelock's own.
 */
export const findEmbedded = async (dataDir: string): Promise<string | null> => {
  const directory = await realpath(dataDir).catch(() => null)
  const server = directory && (await findRunning(join(directory, 'postgres')))
  if (!server || Number.isNaN(server.port)) return null
  const password = (await readFile(join(directory, 'postgres.password'), 'utf8')).trim()
  return `postgres://${NAME}:${password}@127.0.0.1:${server.port}/${NAME}`
}

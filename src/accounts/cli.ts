/** `bun run keys create <account> [scopes]`: makes an API key for an account on DATABASE_URL. */
import { ConfigError, loadConfig } from '../config.ts'
import { randomIds } from '../core/ids.ts'
import type { Scope } from '../core/principal.ts'
import { openDatabase } from '../db/client.ts'
import { migrateDatabase } from '../db/migrate.ts'
import { SCOPES } from './keys.ts'
import { createAccountService } from './service.ts'
import { createAccountStore } from './store.ts'

const USAGE = 'usage: bun run keys create <account> [read,write,admin]   (needs DATABASE_URL)'

const main = async ([command, account, list = 'read,write']: string[]): Promise<string> => {
  const config = loadConfig(process.env)
  const scopes = list.split(',') as Scope[]
  if (!config.DATABASE_URL) throw new ConfigError([USAGE])
  if (command !== 'create' || !/^[\w-]{3,64}$/.test(account ?? '')) throw new ConfigError([USAGE])
  if (!scopes.every((scope) => SCOPES.includes(scope))) throw new ConfigError([USAGE])
  // The first key is often made before the service has ever run.
  await migrateDatabase(config.DATABASE_URL)
  const database = openDatabase({ url: config.DATABASE_URL, max: 1 })
  try {
    const service = createAccountService({ store: createAccountStore(database), ids: randomIds })
    return await service.createKey(account ?? '', scopes, config.NODE_ENV === 'production' ? 'live' : 'test')
  } finally {
    await database.close()
  }
}

try {
  console.log(await main(process.argv.slice(2)))
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error)
  process.exit(1)
}

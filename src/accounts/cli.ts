/** `bun run keys`: makes, lists, revokes and rotates API keys. A new key goes to stdout, all about it to stderr. */
import { parseArgs } from 'node:util'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { ConfigError, loadConfig } from '../config.ts'
import { randomIds } from '../core/ids.ts'
import { operatorOf } from '../core/principal.ts'
import { openDatabase } from '../db/client.ts'
import { migrateDatabase } from '../db/migrate.ts'
import { findDatabase } from '../existing-database.ts'
import { modeOf } from './keys.ts'
import { type Key, type KeyPage, KeyRequest, KeyRotation, type KeyWithSecret } from './model.ts'
import { type AccountService, createAccountService } from './service.ts'
import { createAccountStore } from './store.ts'

const USAGE = `usage: bun run keys create <account> [read,write,admin] [--name <text>] [--expires-in <seconds>]
       bun run keys list <account>
       bun run keys revoke <account> <key id>
       bun run keys rotate <account> <key id> [--overlap <seconds>] [--expires-in <seconds>]`

const ACCOUNT = /^[\w-]{3,64}$/

interface Arguments {
  account: string
  subject: string | undefined
  values: { name?: string; overlap?: string; 'expires-in'?: string }
}

const usage = (): ConfigError => new ConfigError([USAGE])

/** The value, if the API would take it too. */
const checked = <T extends TSchema>(schema: T, value: unknown) => {
  if (Value.Check(schema, value)) return value
  throw usage()
}

const seconds = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text || Number.NaN)

const lineOf = ({ id, hint, status, scopes, expires_at, last_used_at, name }: Key): string =>
  [
    id,
    hint,
    status.padEnd(7),
    scopes.join(',').padEnd(16),
    `expires ${expires_at ?? 'never'}`,
    `used ${last_used_at ?? 'never'}`,
    name,
  ].join('  ')

const tell = (made: KeyWithSecret): void => {
  console.error(`${lineOf(made)}\nThe key is shown only this once:`)
  console.log(made.key)
}

/** What each command does, once what it was given has been checked. */
const COMMANDS = {
  create: ({ account, subject = 'read,write', values: { name = 'Command line', ...values } }: Arguments) => {
    const wanted = { name, scopes: subject.split(','), expires_in: seconds(values['expires-in']) }
    const request = checked(KeyRequest, wanted)
    return async (service: AccountService) => {
      await service.ensure(account)
      tell(await service.createKey(operatorOf(account), request))
    }
  },
  list: ({ account, subject }: Arguments) => {
    if (subject !== undefined) throw usage()
    return async (service: AccountService) => {
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: KeyPage = await service.listKeys(account, { limit: 100, ...(cursor ? { cursor } : {}) })
        for (const key of page.data) console.log(lineOf(key))
        cursor = page.next_cursor
      }
    }
  },
  revoke: ({ account, subject }: Arguments) => {
    if (subject === undefined) throw usage()
    return (service: AccountService) => service.revokeKey(account, subject, { last: true })
  },
  rotate: ({ account, subject, values }: Arguments) => {
    if (subject === undefined) throw usage()
    const wanted = { overlap_seconds: seconds(values.overlap), expires_in: seconds(values['expires-in']) }
    const request = checked(KeyRotation, wanted)
    return async (service: AccountService) =>
      tell(await service.rotateKey(operatorOf(account), subject, request))
  },
}

const OPTIONS: Record<keyof typeof COMMANDS, readonly string[]> = {
  create: ['name', 'expires-in'],
  list: [],
  revoke: [],
  rotate: ['overlap', 'expires-in'],
}

const parsed = () => {
  const text = { type: 'string' } as const
  const options = { name: text, overlap: text, 'expires-in': text }
  try {
    return parseArgs({ args: process.argv.slice(2), options, allowPositionals: true })
  } catch {
    // An option that does not exist; the usage says which do.
    throw usage()
  }
}

const readArguments = () => {
  const { values, positionals } = parsed()
  const [command = '', account = '', subject, ...rest] = positionals
  if (!Object.hasOwn(COMMANDS, command) || !ACCOUNT.test(account) || rest.length > 0) throw usage()
  const name = command as keyof typeof COMMANDS
  if (Object.keys(values).some((option) => !OPTIONS[name].includes(option))) throw usage()
  return COMMANDS[name]({ account, subject, values })
}

const main = async (): Promise<void> => {
  const run = readArguments()
  const config = loadConfig(process.env)
  const { url, done } = await findDatabase(config)
  try {
    // The first key is often made before the service has ever run.
    await migrateDatabase(url)
    const database = openDatabase({ url, max: 1 })
    const store = createAccountStore(database)
    try {
      await run(createAccountService({ store, ids: randomIds, mode: modeOf(config.NODE_ENV) }))
    } finally {
      await database.close()
    }
  } finally {
    await done()
  }
}

try {
  await main()
} catch (error) {
  // No more than the message: what PostgreSQL adds to it can hold rows.
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

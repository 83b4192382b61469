/** `bun run providers`: says what an account's payers and payees are called at real providers. */
import { parseArgs } from 'node:util'
import { ConfigError, loadConfig } from '../config.ts'
import { openDatabase } from '../db/client.ts'
import { existingDatabase } from '../existing-database.ts'
import { createLinks, type Link } from './links.ts'

const USAGE = `usage: bun run providers list <account>
       bun run providers link <account> <provider> <name> <reference> [--shared]
       bun run providers unlink <account> <provider> <name>

<name> is what payments call somebody in source_account or destination_account, <reference> what the provider calls
them. --shared lets other accounts have the same payee; a payer can belong to one account only.`

type Links = ReturnType<typeof createLinks>

const readArguments = () => {
  try {
    const { values, positionals } = parseArgs({
      args: process.argv.slice(2),
      options: { shared: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    const [command, ...words] = positionals
    const wanted: Record<string, number> = { list: 1, link: 4, unlink: 3 }
    const complete = words.length === wanted[command ?? ''] && words.every((word) => word.trim() !== '')
    if (complete && (command === 'link' || !values.shared)) return { command, words, shared: values.shared }
  } catch {
    // An option that does not exist; the usage says which do.
  }
  throw new ConfigError([USAGE])
}

const lineOf = ({ provider, name, reference, shared }: Link): string =>
  `${provider}  ${name}  ${reference}${shared ? '  shared' : ''}`

const run = async (links: Links, { command, words, shared }: ReturnType<typeof readArguments>) => {
  const [accountId = '', provider = '', name = '', reference = ''] = words
  if (command === 'list') return (await links.list(accountId)).map(lineOf).join('\n') || 'no links'
  if (command === 'unlink')
    return (await links.unlink(accountId, provider, name)) ? `unlinked ${name}` : `${name} was not linked`
  await links.link({ accountId, provider, name, reference, shared })
  return `linked ${name} at ${provider}`
}

const main = async (): Promise<string> => {
  const asked = readArguments()
  const { url, done } = await existingDatabase(loadConfig(process.env))
  const database = openDatabase({ url, max: 1 })
  try {
    return await run(createLinks(database), asked)
  } finally {
    await database.close()
    await done()
  }
}

try {
  console.log(await main())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

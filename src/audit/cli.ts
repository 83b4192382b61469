/** `bun run audit:verify [account]`: checks the audit trail. Exits with 0 when it is whole, 1 at a break, 2 on errors. */
import { parseArgs } from 'node:util'
import { ConfigError, loadConfig } from '../config.ts'
import { openDatabase } from '../db/client.ts'
import { existingDatabase } from '../existing-database.ts'
import type { Finding } from './links.ts'
import { createAuditReader } from './rows.ts'
import { type AccountReport, verifyAccount } from './verify.ts'

const USAGE = 'usage: bun run audit:verify [account] [--head <account>=<hash>]...'

const readArguments = () => {
  try {
    const { values, positionals } = parseArgs({
      args: process.argv.slice(2),
      options: { head: { type: 'string', multiple: true } },
      allowPositionals: true,
    })
    const heads = (values.head ?? []).map((text) => /^(.+)=([0-9a-f]{64})$/.exec(text))
    const noted = new Map(heads.map((match) => [match?.[1] ?? '', match?.[2] ?? '']))
    const [account] = positionals
    const sensible = positionals.length < 2 && account !== '' && !noted.has('')
    if (sensible && (!account || [...noted.keys()].every((each) => each === account)))
      return { account, noted }
  } catch {
    // An option that does not exist; the usage says which do.
  }
  throw new ConfigError([USAGE])
}

const lineOf = (account: string, { seq, payment, version, what }: Finding): string => {
  const seal = seq === undefined ? '' : `seal #${seq}`
  const where = [seal, payment && `payment ${payment}`, version && `version ${version}`]
  // What was tampered with may hold anything, line ends included.
  return `BREAK ${[account, ...where.filter(Boolean)].join(', ')}: ${what}`.replace(/\p{Cc}/gu, '?')
}

const print = (report: AccountReport): void => {
  const { account, sealed, waiting, head, findings, more } = report
  for (const finding of findings) console.log(lineOf(account, finding))
  if (more > 0) console.log(`BREAK ${account}: and ${more} more`)
  console.log(`${account}: sealed ${sealed}, waiting ${waiting}${head ? `, head ${account}=${head}` : ''}`)
}

const main = async (): Promise<number> => {
  const { account, noted } = readArguments()
  // Nobody seals in an embedded database that is started just for this.
  const { url, inUse: sealingRuns, done } = await existingDatabase(loadConfig(process.env))
  // A page may take long on a database that is busy, and nobody waits for it but the operator.
  const database = openDatabase({ url, max: 1, settings: { statement_timeout: '0' } })
  try {
    const reader = createAuditReader(database.sql)
    const unseen = new Set(noted.keys())
    let [accounts, rows, breaks] = [0, 0, 0]
    for await (const each of account ? [account] : reader.accounts()) {
      const report = await verifyAccount(reader, each, { notedHead: noted.get(each), sealingRuns })
      const found = report.findings.length + report.more
      if (report.sealed + report.waiting + found === 0)
        throw new ConfigError([`there is nothing of an account ${each}`])
      print(report)
      unseen.delete(each)
      accounts++
      rows += report.sealed + report.waiting
      breaks += found
    }
    for (const each of unseen)
      console.log(`BREAK ${each}: nothing is left of the account whose head was noted`)
    breaks += unseen.size
    console.log(`accounts ${accounts}, rows ${rows}, breaks ${breaks}`)
    return breaks === 0 ? 0 : 1
  } finally {
    await database.close()
    await done()
  }
}

try {
  process.exit(await main())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(2)
}

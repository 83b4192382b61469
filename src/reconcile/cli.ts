/** `bun run reconcile`: compares the books. Exits with 0 when they agree, 1 when not, 2 when it could not look. */
import { parseArgs } from 'node:util'
import { ConfigError, loadConfig } from '../config.ts'
import { systemClock } from '../core/clock.ts'
import { randomIds } from '../core/ids.ts'
import { openDatabase } from '../db/client.ts'
import { existingDatabase } from '../existing-database.ts'
import { readFleet } from '../fleet.ts'
import { createBoss } from '../queue/boss.ts'
import { createServices } from '../services.ts'
import { createLogger } from '../telemetry/logger.ts'
import { type Finding, KIND_NAMES } from './findings.ts'
import type { Run } from './store.ts'

const USAGE = 'usage: bun run reconcile [--days <1 to 3650>] [--json]'
const DEFAULT_DAYS = '2'

const readArguments = (): { days: number; json: boolean } => {
  try {
    const options = { days: { type: 'string', default: DEFAULT_DAYS }, json: { type: 'boolean' } } as const
    const { values } = parseArgs({ args: process.argv.slice(2), options })
    const days = /^[1-9]\d{0,3}$/.test(values.days) ? Number(values.days) : 0
    if (days >= 1 && days <= 3650) return { days, json: values.json ?? false }
  } catch {
    // An option that does not exist; the usage says which do.
  }
  throw new ConfigError([USAGE])
}

const lineOf = ({ kind, account_id, payment_id, detail }: Finding): string => {
  const where = payment_id ? ` ${account_id}, payment ${payment_id}:` : ''
  // What was tampered with may hold anything, line ends included.
  return `${kind}${where} ${detail}`.replace(/\p{Cc}/gu, '?')
}

const print = ({ findings, findingsByKind, total, checked, days }: Run): void => {
  for (const finding of findings) console.log(lineOf(finding))
  for (const kind of KIND_NAMES) {
    const more = findingsByKind[kind] - findings.filter((finding) => finding.kind === kind).length
    if (more > 0) console.log(`${kind} and ${more} more`)
  }
  const { payments, operations, entries, records } = checked
  console.log(
    `${days} days: payments ${payments}, legs ${operations}, ledger entries ${entries}, provider records ${records}, findings ${total}`,
  )
}

const main = async (): Promise<number> => {
  const { days, json } = readArguments()
  const config = loadConfig(process.env)
  const fleet = await readFleet(config)
  const { url, done } = await existingDatabase(config)
  const database = openDatabase({ url, max: 2 })
  try {
    const log = createLogger({ level: 'silent', pretty: false })
    // The services want a queue; this one is never started.
    const boss = createBoss({ url, supervise: false, onError: () => {} })
    const services = createServices({
      ...{ config, database, boss, fleet, log },
      clock: systemClock,
      ids: randomIds,
    })
    const run = await services.reconcile.run(days)
    if (json) console.log(JSON.stringify(run, null, 2))
    else print(run)
    return run.total === 0 ? 0 : 1
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

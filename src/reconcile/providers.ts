import type { Clock } from '../core/clock.ts'
import { isUuid } from '../core/ids.ts'
import type { Provider, ProviderRecord } from '../providers/port.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Findings } from './findings.ts'
import { type Journalled, journalByKey, journalOf, providersOf, type Queries } from './journal.ts'
import { judgeMissing, judgeRecord } from './judge.ts'
import { listRecords } from './listing.ts'

/** Operations and records of one provider that are held in memory; a window may not have more. */
const MOST_RECORDS = 500_000

const DAY_MS = 86_400_000

/** By how much a provider's clock may differ from ours. */
const SKEW_MS = 3_600_000

/** What ended in the first hour of the days may have begun before it; an operation older than this is left out. */
const LEAD_MS = DAY_MS

export interface ProviderCheck {
  sql: Queries
  clock: Clock
  log: Logger
  /** Milliseconds for each page of records. */
  deadlineMs: number
}

interface Listing {
  fromMs: number
  /** Records that do not agree with the journal as it was before the listing. */
  suspects: ProviderRecord[]
  seen: Set<string>
  /** Keys that came more than once. */
  twice: Set<string>
  records: number
}

const unreachable = (provider: string, why: string) =>
  ({
    kind: 'provider_unreachable',
    account_id: null,
    payment_id: null,
    detail: `${provider} ${why}`,
  }) as const

/** Compares the journal with each provider's own records in both directions; answers how many records there were. */
export const checkProviders = async (
  { sql, clock, log, deadlineMs }: ProviderCheck,
  providers: readonly Provider[],
  days: number,
  findings: Findings,
): Promise<number> => {
  const list = async (provider: Provider, ours: ReadonlyMap<string, Journalled>): Promise<Listing> => {
    const nowMs = clock.now()
    const fromMs = nowMs - days * DAY_MS - LEAD_MS
    const window = { fromMs: fromMs - SKEW_MS, toMs: nowMs + SKEW_MS }
    const found: Listing = { fromMs, suspects: [], seen: new Set(), twice: new Set(), records: 0 }
    for await (const page of listRecords(provider, window, deadlineMs, MOST_RECORDS))
      for (const record of page) {
        found.records++
        if (found.seen.has(record.key)) found.twice.add(record.key)
        found.seen.add(record.key)
        const known = ours.get(record.key)
        if (judgeRecord(provider.name, known, record, nowMs)) found.suspects.push(record)
      }
    return found
  }

  const tryToList = async (provider: Provider, ours: ReadonlyMap<string, Journalled>) => {
    try {
      return await list(provider, ours)
    } catch (error) {
      // What a provider throws may hold its secrets, so that only the log gets it.
      const { name, message } =
        error instanceof Error ? error : { name: typeof error, message: String(error) }
      log.warn(
        { provider: provider.name, err: { name, message: message.slice(0, 2_000) } },
        'a provider could not be asked for its records',
      )
      return null
    }
  }

  const check = async (provider: Provider): Promise<number> => {
    const { name } = provider
    const journal = await journalOf(sql, days, name, MOST_RECORDS + 1)
    if (journal.length > MOST_RECORDS) {
      findings.add(
        unreachable(name, `has more than ${MOST_RECORDS} operations in ${days} days; take fewer days`),
      )
      return 0
    }
    const ours = new Map(journal.map((operation) => [operation.key, operation]))
    const found = await tryToList(provider, ours)
    if (!found) {
      findings.add(unreachable(name, 'could not be asked for its records; the log says why'))
      return 0
    }
    const { fromMs, suspects, seen, twice, records } = found
    // Operations go on while we look: what differs is judged again by what the journal says after the listing.
    const doubtful = new Set([...suspects.map(({ key }) => key), ...twice].filter(isUuid))
    const now = new Map((await journalByKey(sql, [...doubtful])).map((each) => [each.key, each]))
    for (const record of suspects) {
      const finding = judgeRecord(name, now.get(record.key), record, clock.now())
      if (finding) findings.add(finding)
    }
    for (const key of twice) {
      const { account_id = null, payment_id = null } = now.get(key) ?? {}
      const detail = `${name} has key ${key.slice(0, 80)} more than once`
      findings.add({ kind: 'provider_duplicate', account_id, payment_id, detail })
    }
    for (const operation of ours.values()) {
      const listed = seen.has(operation.key) || operation.submitted_ms < fromMs
      const finding = listed ? null : judgeMissing(operation)
      if (finding) findings.add(finding)
    }
    return records
  }

  let records = 0
  for (const provider of providers) records += await check(provider)
  const configured = new Set(providers.map(({ name }) => name))
  for (const { provider, operations } of await providersOf(sql, days))
    if (!configured.has(provider))
      findings.add(unreachable(provider.slice(0, 80), `is not configured, and has ${operations} operations`))
  return records
}

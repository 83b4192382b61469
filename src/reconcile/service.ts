import type { Clock } from '../core/clock.ts'
import type { Ids } from '../core/ids.ts'
import type { Database } from '../db/client.ts'
import type { Provider } from '../providers/port.ts'
import type { Logger } from '../telemetry/logger.ts'
import { checkBooks } from './books.ts'
import { createFindings, type Findings, KIND_NAMES } from './findings.ts'
import { checkProviders } from './providers.ts'
import type { Run, RunStore } from './store.ts'

export interface ReconcilerDeps {
  database: Database
  store: RunStore
  providers: readonly Provider[]
  clock: Clock
  ids: Ids
  log: Logger
  /** Milliseconds for each page of a provider's records. */
  deadlineMs: number
}

/** Findings of each kind that a run lists; all of them are counted. */
const MOST_FINDINGS = 100

/** Compares what we have written down in several places, and what the providers have, with each other. */
export const createReconciler = (deps: ReconcilerDeps) => {
  const { database, store, providers, clock, ids, log, deadlineMs } = deps

  const report = ({ byKind, listed }: Findings, run: Run): void => {
    const { id, days, checked, total } = run
    for (const kind of KIND_NAMES) {
      const first = listed.find((finding) => finding.kind === kind)
      if (first) log.error({ run: id, count: byKind[kind], first, ...checked }, `the books disagree: ${kind}`)
    }
    if (total === 0) log.info({ run: id, days, ...checked }, 'the books agree')
  }

  return {
    /**
     * Looks at the payments that are live or ended within the last `days`, whatever account they belong to, stores the
     * result and logs it. Throws what the database throws; a provider that throws is a finding.
     */
    run: async (days: number): Promise<Run> => {
      const startedAt = new Date(clock.now())
      const findings = createFindings(MOST_FINDINGS)
      const books = await checkBooks(database.sql, days, findings)
      const records = await checkProviders(
        { sql: database.sql, clock, log, deadlineMs },
        providers,
        days,
        findings,
      )
      const run: Run = {
        id: ids.uuid(),
        startedAt,
        endedAt: new Date(clock.now()),
        days,
        checked: { ...books, records },
        findingsByKind: findings.byKind,
        total: KIND_NAMES.reduce((sum, kind) => sum + findings.byKind[kind], 0),
        findings: findings.listed,
      }
      await store.insert(run)
      report(findings, run)
      return run
    },
  }
}

export type Reconciler = ReturnType<typeof createReconciler>

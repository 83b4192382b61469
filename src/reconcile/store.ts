import { desc, lt } from 'drizzle-orm'
import type { Database } from '../db/client.ts'
import { reconcileRuns } from '../db/schema/reconcile.ts'
import type { Counts } from './books.ts'
import type { CountByKind, Finding } from './findings.ts'

/** What one reconciliation looked at and found. */
export interface Run {
  id: string
  startedAt: Date
  endedAt: Date
  days: number
  checked: Counts & { records: number }
  findingsByKind: Readonly<CountByKind>
  total: number
  findings: readonly Finding[]
}

/** What is told of the newest run. */
export interface NewestRun {
  endedAt: Date
  findingsByKind: Partial<CountByKind>
}

/** Findings of each kind that are stored with a run; all of them are counted. */
const MOST_STORED = 20
const KEPT_MS = 90 * 86_400_000

const sampleOf = (findings: readonly Finding[]): Finding[] =>
  [...Map.groupBy(findings, ({ kind }) => kind).values()].flatMap((some) => some.slice(0, MOST_STORED))

/** The runs of the last 90 days. */
export const createRunStore = ({ db }: Database) => ({
  /** Stores a run and deletes those that are too old. */
  insert: async ({ findings, ...run }: Run): Promise<void> => {
    await db.insert(reconcileRuns).values({ ...run, sample: sampleOf(findings) })
    const oldest = new Date(run.endedAt.getTime() - KEPT_MS)
    await db.delete(reconcileRuns).where(lt(reconcileRuns.endedAt, oldest))
  },

  /** When the newest run ended and how many findings of each kind it had, or null before the first. */
  newest: async (): Promise<NewestRun | null> => {
    const [row] = await db
      .select({ endedAt: reconcileRuns.endedAt, findingsByKind: reconcileRuns.findingsByKind })
      .from(reconcileRuns)
      .orderBy(desc(reconcileRuns.endedAt))
      .limit(1)
    return row ? { ...row, findingsByKind: row.findingsByKind as Partial<CountByKind> } : null
  },
})

export type RunStore = ReturnType<typeof createRunStore>

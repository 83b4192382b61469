import type { Finding } from './links.ts'
import type { Entry, History } from './rows.ts'

const versions = (from: number, to: number): string =>
  from === to ? `version ${from} is missing` : `versions ${from} to ${to} are missing`

export interface JudgeOptions {
  /** Whether some process should be sealing, so that a row that waits for long is a finding. */
  sealingRuns: boolean
  /** Versions of the payment of which something is told already. */
  told: ReadonlySet<number>
}

/** `last` is the version before it; null is none, undefined one that is not to be compared with. */
const entryDamage = (
  history: History,
  last: Entry | null | undefined,
  entry: Entry,
  sealingRuns: boolean,
): string | null => {
  if (entry.version > history.version)
    return `the row is ahead of its payment, which is at version ${history.version}`
  if (!entry.present) return null
  if (!entry.sealed && !entry.waiting) return 'the row has no seal and does not wait for one'
  if (entry.overdue && sealingRuns)
    return 'the row has waited for its seal for more than five minutes; does a worker run?'
  const before = last?.to_status ?? null
  const differs = last !== undefined && entry.from_status !== before
  return differs ? `the row continues ${entry.from_status}, and not ${before}` : null
}

/** What is wrong with a payment's history that the links do not show, by version. */
export const judgeHistory = (history: History, { sealingRuns, told }: JudgeOptions): Finding[] => {
  const findings: Finding[] = []
  const report = (version: number, what: string) =>
    findings.push({ payment: history.payment_id, version, what })
  let last: Entry | null = null
  for (const entry of history.entries) {
    const expected: number = (last?.version ?? 0) + 1
    if (entry.version > expected)
      report(expected, `${versions(expected, entry.version - 1)} from the history`)
    const doubtful = entry.version > expected || (last && (!last.present || told.has(last.version)))
    const damage = entryDamage(history, doubtful ? undefined : last, entry, sealingRuns)
    if (damage) report(entry.version, damage)
    last = entry
  }
  const newest = last?.version ?? 0
  if (newest < history.version)
    report(newest + 1, `${versions(newest + 1, history.version)} from the end of the history`)
  if (newest !== history.version || !last?.present) return findings
  const [said, is] = [`${last.to_status}/${last.exception}`, `${history.status}/${history.exception}`]
  if (said !== is) report(newest, `the history ends with ${said}, and the payment is ${is}`)
  return findings
}

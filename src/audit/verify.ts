import type { AuditContent } from './chain.ts'
import { judgeHistory } from './histories.ts'
import { type Finding, judgeLink, type Place } from './links.ts'
import type { AuditReader, Link } from './rows.ts'

/** Findings that are told of one account; further ones are counted. */
const LISTED = 10

/** What the verification of one account's trail found. */
export interface AccountReport {
  account: string
  sealed: number
  waiting: number
  /** Hash of the newest link, hexadecimal; null before the first. */
  head: string | null
  /** The first ones, the chain's before the histories'. */
  findings: Finding[]
  /** How many more there were. */
  more: number
}

export interface VerifyOptions {
  /** A hash that the account's chain had as its head at some time. */
  notedHead?: string | undefined
  /** Whether some process should be sealing, so that rows which wait for long are a finding. */
  sealingRuns: boolean
}

/** Each link between its neighbours, with the rows that were read together with it. */
async function* withNeighbours(
  pages: AsyncGenerator<Link[]>,
): AsyncGenerator<Place & { known: AuditContent[] }> {
  let before: Link | null = null
  let held: Link | null = null
  let known: AuditContent[] = []
  for await (const page of pages) {
    known = page.flatMap(({ row }) => row ?? [])
    for (const after of page) {
      if (held) yield { before, link: held, after, known }
      before = held
      held = after
    }
  }
  if (held) yield { before, link: held, after: null, known }
}

/** Walks the account's chain and histories, recomputing every hash. */
export const verifyAccount = async (
  reader: AuditReader,
  account: string,
  { notedHead, sealingRuns }: VerifyOptions,
): Promise<AccountReport> => {
  const report: AccountReport = { account, sealed: 0, waiting: 0, head: null, findings: [], more: 0 }
  const add = (finding: Finding): void => {
    const same = ({ payment, version }: Finding) => payment === finding.payment && version === finding.version
    if (finding.payment && report.findings.some(same)) return
    if (report.findings.length < LISTED) report.findings.push(finding)
    else report.more++
  }

  let noted = notedHead === undefined
  for await (const { known, ...place } of withNeighbours(reader.links(account))) {
    const { link } = place
    // Naming what was changed takes thousands of hashes, which is only worth it where it is told.
    for (const finding of judgeLink(place, report.findings.length < LISTED ? known : [])) add(finding)
    report.sealed++
    report.head = link.hash
    noted ||= link.hash === notedHead
  }
  if (!noted) add({ what: `the noted head ${notedHead} is not in the chain: it was cut off or rebuilt` })

  for await (const page of reader.histories(account))
    for (const history of page) {
      const told = new Set(
        report.findings.flatMap(({ payment, version }) =>
          payment === history.payment_id ? (version ?? []) : [],
        ),
      )
      for (const finding of judgeHistory(history, { sealingRuns, told })) add(finding)
      report.waiting += history.entries.filter(({ waiting }) => waiting).length
    }
  for (const { payment_id, version } of await reader.orphans(account, LISTED + 1))
    add({ payment: payment_id, version, what: 'the row belongs to no payment' })
  return report
}

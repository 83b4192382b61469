import type { Fiat } from '../../core/currency.ts'
import { parseRate } from '../../core/rate.ts'
import type { Tx } from '../../db/client.ts'
import { type Cause, type Entry, postingsOf, type Terms } from '../../ledger/postings.ts'
import { TRANSITIONS } from '../../payments/transitions.ts'
import type { Finding, Findings, Kind } from '../findings.ts'
import { SCOPE } from '../scope.ts'

/** Payments compared at a time. Few, because the process serves requests in between. */
const PAGE = 100

// Amounts leave as text, because a JSON number is a float. A completed payment stays so when its payout comes back, which
// marks it; taking the mark off again moves no money.
const READ = `
with ${SCOPE}
select s.*,
  (select coalesce(json_object_agg(a.version, a.from_status || ' ' || a.to_status), '{}') from payment_audit a
    where a.account_id = s.account_id and a.payment_id = s.id and (a.from_status <> a.to_status
      or a.to_status = 'COMPLETED' and a.exception = 'needs_review')) as changes,
  (select coalesce(json_agg(json_build_object('version', e.version, 'line', e.line, 'account', e.ledger_account,
      'currency', e.currency, 'amount', e.amount::text) order by e.version, e.line), '[]') from ledger_entries e
    where e.account_id = s.account_id and e.payment_id = s.id) as entries
from scope s where s.quoted`

interface Line {
  version: number
  line: number
  account: string
  currency: string
  amount: string
}

interface Row {
  account_id: string
  id: string
  usdc_received: string | null
  usdc_spent: string | null
  amount: string
  from_currency: Fiat
  net: string
  payout: string
  to_currency: Fiat
  platform_fee: string
  onramp_fee: string
  offramp_fee: string
  gas_cost: string
  risk_premium: string
  usdc_amount: string
  offramp_rate: string
  /** From and to of the changes of state, by version. */
  changes: Record<number, string>
  entries: Line[]
}

const EVENTS = new Map<string, Cause>([
  ...TRANSITIONS.map(({ from, to, event }): [string, Cause] => [`${from} ${to}`, event]),
  ['COMPLETED COMPLETED', 'payout_returned'],
])

const termsOf = (row: Row): Terms => ({
  currency: row.from_currency,
  amount: BigInt(row.amount),
  net: BigInt(row.net),
  fees: {
    platform: BigInt(row.platform_fee),
    onramp: BigInt(row.onramp_fee),
    offramp: BigInt(row.offramp_fee),
    gas: BigInt(row.gas_cost),
    riskPremium: BigInt(row.risk_premium),
  },
  payoutCurrency: row.to_currency,
  payout: BigInt(row.payout),
  usdcAmount: BigInt(row.usdc_amount),
  offrampRate: parseRate(row.offramp_rate),
})

const textOf = (line: Pick<Line, 'account' | 'currency'> & { amount: string | bigint }): string =>
  `${line.account} ${line.amount} ${line.currency}`

/** The entries as the journal would have numbered them. */
const numbered = (entries: readonly Entry[]): string[] =>
  entries.map((entry, index) => `${index + 1} ${textOf(entry)}`)

const compare = (
  change: string,
  expected: readonly Entry[],
  lines: readonly Line[],
): [Kind, string] | null => {
  const found = lines.map((line) => `${line.line} ${textOf(line)}`)
  const wanted = numbered(expected)
  const first = wanted.findIndex((text) => !found.includes(text))
  const extra = found.find((text) => !wanted.includes(text))
  if (first < 0 && extra === undefined) return null
  if (lines.length === 0)
    return ['ledger_missing', `${change} has no entries, and should have ${wanted.length}`]
  if (wanted.length === 0) return ['ledger_orphan', `${change} moves no money, but has line ${extra}`]
  const texts = wanted.map((_, index) => textOf(expected[index] as Entry))
  if (first < 0 && lines.slice(wanted.length).every((line) => texts.includes(textOf(line))))
    return ['ledger_duplicate', `${change} has line ${extra} besides its ${wanted.length} lines`]
  const [has, should] = [extra ?? 'none', first < 0 ? 'none' : wanted[first]]
  return ['ledger_mismatch', `${change} has line ${has}, and should have line ${should}`]
}

const findingsOf = (row: Row): Finding[] => {
  const terms = termsOf(row)
  // Without an executed amount the lines come out as different as they are; the legs are checked elsewhere.
  const executed = { received: BigInt(row.usdc_received ?? 0), spent: BigInt(row.usdc_spent ?? 0) }
  const sets = Map.groupBy(row.entries, ({ version }) => version)
  const versions = new Set([...Object.keys(row.changes).map(Number), ...sets.keys()])
  return [...versions].flatMap((version) => {
    const event = EVENTS.get(row.changes[version] ?? '')
    const expected = event ? postingsOf(event, terms, executed) : []
    const different = compare(
      `version ${version}, ${event ?? 'no change'},`,
      expected,
      sets.get(version) ?? [],
    )
    if (!different) return []
    const [kind, detail] = different
    return [{ kind, account_id: row.account_id, payment_id: row.id, detail }]
  })
}

/**
 * Compares every change of the scope's payments with its ledger entries, line by line, in both directions. Payments
 * without a quote are left out, for their entries cannot be derived.
 */
export const checkPostings = async (tx: Tx, days: number, findings: Findings): Promise<void> => {
  for await (const rows of tx.unsafe<Row[]>(READ, [days]).cursor(PAGE))
    for (const finding of rows.flatMap(findingsOf)) findings.add(finding)
}

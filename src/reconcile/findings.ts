/** Every way in which the books can disagree. */
export const KINDS = {
  audit_mismatch: 'A payment is not what its audit trail says, or the trail has a gap or an impossible step',
  payment_missing: 'Audit rows or legs belong to a payment that is not there',
  quote_missing: 'A payment names a quote that is not there',
  leg_missing: 'A payment is in a state that it cannot be in without a leg that is not there',
  leg_duplicate: 'Two operations of one leg have moved money, or still may',
  leg_mismatch:
    'A leg differs from the quote, from what the payment has received or spent, or from its state',
  ledger_missing: 'A change that moves money has no ledger entries',
  ledger_duplicate: 'A change is in the ledger more than once',
  ledger_mismatch: 'The entries of a change are not those that it makes',
  ledger_balance: 'The balances of a payment that has ended are not what its state and its quote say',
  ledger_unbalanced: 'The entries of a change do not sum to zero in a currency',
  ledger_orphan: 'Ledger entries belong to no payment, or to no change that moves money',
  provider_missing: 'A provider has no record of a leg that it has carried out or accepted',
  provider_unknown: 'A provider has a record of a leg that we have not journalled with it',
  provider_duplicate: 'A provider has one key twice, or carries out a leg that another operation carries out',
  provider_mismatch: 'A provider’s record of a leg differs from ours in state, amount, currency or reference',
  payout_returned: 'A provider has taken back a payout that we count as done; its payment is looked at again',
  provider_unreachable: 'A provider could not be asked, or not to the end: nothing is known of its side',
} as const

export type Kind = keyof typeof KINDS

export const KIND_NAMES = Object.keys(KINDS) as Kind[]

/** One disagreement. The detail is a sentence, with amounts in minor units. */
export interface Finding {
  kind: Kind
  /** Null when it concerns no payment of ours. */
  account_id: string | null
  payment_id: string | null
  detail: string
}

export type CountByKind = Record<Kind, number>

/** Findings as they come in: all are counted, and the first of each kind kept. */
export interface Findings {
  add(finding: Finding): void
  /** Takes over what a check found: `total` in all, of which these are listed. */
  addListed(listed: readonly Finding[], total: number): void
  /** How many of each kind are kept. */
  readonly most: number
  readonly byKind: Readonly<CountByKind>
  readonly listed: readonly Finding[]
}

/** Collects findings; at most `most` of each kind are kept. */
export const createFindings = (most: number): Findings => {
  const byKind = Object.fromEntries(KIND_NAMES.map((kind) => [kind, 0])) as CountByKind
  const kept = { ...byKind }
  const listed: Finding[] = []
  const keep = (finding: Finding) => {
    if (kept[finding.kind] >= most) return
    kept[finding.kind]++
    listed.push(finding)
  }
  return {
    most,
    byKind,
    listed,
    add: (finding) => {
      byKind[finding.kind]++
      keep(finding)
    },
    addListed: (some, total) => {
      const [first] = some
      if (!first) return
      byKind[first.kind] += total
      for (const finding of some) keep(finding)
    },
  }
}

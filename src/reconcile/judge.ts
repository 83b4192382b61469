import type { ProviderRecord } from '../providers/port.ts'
import type { Finding, Kind } from './findings.ts'
import { type Journalled, LATE_MS } from './journal.ts'

/** What a provider calls something may be as long as it likes. */
const shown = (text: string): string => text.slice(0, 80)

const nameOf = ({ leg, attempt, provider }: Journalled): string => `${leg} attempt ${attempt} at ${provider}`

const describeRecord = ({ leg, state, amount, currency, settledAmount, reference }: ProviderRecord): string =>
  `${shown(leg)}, ${state}, ${amount} ${shown(currency)}, settled ${settledAmount ?? 'none'}, reference ${shown(reference)}`

const describe = ({ leg, status, amount, currency, settled_amount, reference }: Journalled): string =>
  `${leg}, ${status}, ${amount} ${currency}, settled ${settled_amount ?? 'none'}, reference ${reference ?? 'none'}`

const STATE = { submitted: 'pending', accepted: 'pending', done: 'done', refused: 'refused' } as const

const differs = (ours: Journalled, record: ProviderRecord): boolean =>
  record.leg !== ours.leg ||
  record.amount.toString() !== ours.amount ||
  record.currency !== ours.currency ||
  (ours.reference !== null && record.reference !== ours.reference) ||
  (ours.status === 'done' && record.state === 'done' && String(record.settledAmount) !== ours.settled_amount)

/** Whether the states exclude each other: two ends at once, or one side in progress for longer than that takes. */
const contradicts = (ours: Journalled, record: ProviderRecord, nowMs: number): boolean => {
  const state = ours.returned ? 'refused' : STATE[ours.status]
  if (state === record.state) return false
  const bothEnded = state !== 'pending' && record.state !== 'pending'
  return bothEnded || nowMs - record.changedMs > LATE_MS
}

/**
 * What is wrong about a provider's record, null when nothing is. `ours` is the journal's operation with its key, if
 * there is one; `nowMs` is the provider's time.
 */
export const judgeRecord = (
  provider: string,
  ours: Journalled | undefined,
  record: ProviderRecord,
  nowMs: number,
): Finding | null => {
  const finding = (kind: Kind, detail: string): Finding => ({
    kind,
    account_id: ours?.account_id ?? null,
    payment_id: ours?.payment_id ?? null,
    detail,
  })
  const effective = record.state !== 'refused'
  const theirs = `${provider} has under key ${shown(record.key)}: ${describeRecord(record)}`
  if (!ours) return effective ? finding('provider_unknown', `${theirs}; nothing is journalled`) : null
  if (ours.provider !== provider)
    return effective ? finding('provider_unknown', `${theirs}; the journal has ${nameOf(ours)}`) : null
  const both = `${nameOf(ours)}: journalled ${describe(ours)}; the provider has ${describeRecord(record)}`
  if (ours.leg === 'offramp' && ours.status === 'done' && record.state === 'refused' && !ours.returned)
    return finding('payout_returned', both)
  if (contradicts(ours, record, nowMs))
    return effective && ours.status === 'refused' && ours.replaced
      ? finding('provider_duplicate', `${both}; another attempt stands for the leg`)
      : finding('provider_mismatch', both)
  return differs(ours, record) ? finding('provider_mismatch', both) : null
}

/** What is wrong about an operation that its provider has no record of, null when nothing is. */
export const judgeMissing = (ours: Journalled): Finding | null => {
  const expected = ours.status === 'done' || (ours.status === 'accepted' && ours.late && !ours.awaited)
  if (!expected) return null
  const { account_id, payment_id } = ours
  const detail = `${nameOf(ours)}: journalled ${describe(ours)}; the provider has no record of it`
  return { kind: 'provider_missing', account_id, payment_id, detail }
}

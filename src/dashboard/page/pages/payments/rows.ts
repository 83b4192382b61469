import type { PaymentSummary } from '../../../../payments/model.ts'

export interface Filter {
  status: string
  search: string
}

const ID = /^(quote_)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Whether the list that the filter asks for has this payment, as the API judges it. */
export const fits = (payment: PaymentSummary, { status, search }: Filter): boolean => {
  if (status !== '' && payment.status !== status) return false
  const text = search.trim().toLowerCase()
  const { payment_id, quote_id, source_account, destination_account } = payment
  if (ID.test(text)) return [payment_id, quote_id, quote_id.replace('quote_', '')].includes(text)
  return [source_account, destination_account].some((name) => name.toLowerCase().includes(text))
}

/** Takes over what is newer than what is known; answers whether anything was. */
export const absorb = (
  known: Map<string, PaymentSummary>,
  news: readonly PaymentSummary[],
  keep: (payment: PaymentSummary) => boolean,
): boolean => {
  let changed = false
  for (const payment of news) {
    const before = known.get(payment.payment_id)
    if (before && before.sequence >= payment.sequence) continue
    if (keep(payment)) known.set(payment.payment_id, payment)
    else if (!known.delete(payment.payment_id)) continue
    changed = true
  }
  return changed
}

/** Ids are time-ordered, as in the API's own list. */
export const newestFirst = (known: ReadonlyMap<string, PaymentSummary>): PaymentSummary[] =>
  [...known.values()].sort((a, b) => (a.payment_id < b.payment_id ? 1 : -1))

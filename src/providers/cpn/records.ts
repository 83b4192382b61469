import type { Clock } from '../../core/clock.ts'
import { isFiat } from '../../core/currency.ts'
import { scaled } from '../../core/decimal.ts'
import { parseAmount } from '../../core/money.ts'
import { untilAborted } from '../abort.ts'
import type { ProviderRecord } from '../port.ts'
import type { StepOwner, Steps } from '../steps.ts'
import type { CpnClient } from './client.ts'
import { isFunded } from './ending.ts'
import type { Journal } from './journal.ts'
import type { CpnPayment } from './model.ts'
import { meaningOf, PAYMENT_STATES, REFUND_STATES } from './states.ts'

export interface RecordsDeps {
  client: CpnClient
  steps: Steps
  journal: Journal
  clock: Clock
}

/** A payment that failed is refused only where no USDC is on its way, or all of it has come back. */
const stateOf = (payment: CpnPayment): ProviderRecord['state'] => {
  const state = meaningOf(PAYMENT_STATES, payment.status)
  if (state === 'paid_out') return 'done'
  if (state !== 'failed') return 'pending'
  const refunds = (payment.refunds ?? []).map(({ status }) => meaningOf(REFUND_STATES, status))
  if (refunds.includes('returned')) return 'refused'
  return refunds.length > 0 || isFunded(payment) ? 'pending' : 'refused'
}

const minorUnits = ({ amount, currency }: CpnPayment['destinationAmount']): bigint => {
  // Not ours, but to be reported all the same: the other currencies that CPN pays out have two places.
  const units = isFiat(currency) ? parseAmount(amount, currency) : scaled(amount, 2)
  if (units === null) throw new Error(`cpn lists an amount of ${currency} that cannot be read`)
  return units
}

/** CPN's own list of payments. */
export const createRecords = ({ client, steps, journal, clock }: RecordsDeps) => {
  const recordOf = async (payment: CpnPayment, owner: StepOwner | undefined): Promise<ProviderRecord> => {
    const { id, customerRefId, destinationAmount, sourceAmount, createDate } = payment
    const state = stateOf(payment)
    const usdc = parseAmount(sourceAmount.amount, 'USDC')
    const settledAmount = state === 'done' ? ((owner && (await journal.signedFor(owner))) ?? usdc) : null
    return {
      key: owner?.key ?? customerRefId ?? id,
      reference: id,
      leg: 'offramp',
      state,
      // CPN does not tell when a state began: at the latest now, which accuses nobody of being late.
      changedMs: state === 'pending' ? Date.parse(createDate) : clock.now(),
      amount: minorUnits(destinationAmount),
      currency: destinationAmount.currency,
      settledAmount,
    }
  }

  return async function* records(
    { fromMs, toMs }: { fromMs: number; toMs: number },
    signal: AbortSignal,
  ): AsyncGenerator<readonly ProviderRecord[]> {
    const window = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
    const seen = new Set<string>()
    for (let after: string | undefined; ; ) {
      const filter = { ...window, ...(after ? { pageAfter: after } : {}) }
      const page = await untilAborted(signal, () => client.payments(filter, signal))
      // A page may be shorter than was asked for, so that only an empty one is the last.
      const last = page.at(-1)
      if (!last) return
      if (seen.has(last.id)) throw new Error('cpn lists the same page again')
      for (const { id } of page) seen.add(id)
      after = last.id
      // The API's end of a window is inclusive, ours is not.
      const within = page.filter(({ createDate }) => Date.parse(createDate) < toMs)
      const owners = await untilAborted(signal, () => steps.owners(within.map(({ id }) => id)))
      yield await untilAborted(signal, () =>
        Promise.all(within.map((payment) => recordOf(payment, owners.get(payment.id)))),
      )
    }
  }
}

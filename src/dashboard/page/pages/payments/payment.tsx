import { useState } from 'preact/hooks'
import type { Payment } from '../../../../payments/model.ts'
import { isTerminal } from '../../../../payments/transitions.ts'
import { call } from '../../lib/api.ts'
import { dateTime, rate, words } from '../../lib/format.ts'
import { useAction } from '../../lib/load.ts'
import { money } from '../../lib/money.ts'
import { linkTo } from '../../lib/router.ts'
import { Badge } from '../../parts/badge.tsx'
import { Id } from '../../parts/copy.tsx'
import { Facts, Figures, Panel } from '../../parts/panel.tsx'
import { Failure, LoadedView } from '../../parts/states.tsx'
import { Audit } from './audit.tsx'
import { Deliveries } from './deliveries.tsx'
import { Ledger } from './ledger.tsx'
import { Legs } from './legs.tsx'
import { Timeline } from './timeline.tsx'
import { usePayment } from './use-payment.ts'

const Cancel = ({ payment, onDone }: { payment: Payment; onDone(): void }) => {
  const cancelling = useAction(async () => {
    await call(`/payments/${payment.payment_id}/cancel`, { method: 'POST' })
    onDone()
  })
  return (
    <>
      <button type="button" disabled={cancelling.busy} onClick={() => void cancelling.run()}>
        Cancel this payment
      </button>
      {cancelling.error && <Failure error={cancelling.error} />}
    </>
  )
}

/** Says what was decided about a payment that has ended and is marked, which takes the mark off. */
const Review = ({ payment, onDone }: { payment: Payment; onDone(): void }) => {
  const [note, setNote] = useState('')
  const reviewing = useAction(async () => {
    await call(`/payments/${payment.payment_id}/review`, { method: 'POST', body: { note } })
    onDone()
  })
  const submit = (event: Event) => {
    event.preventDefault()
    void reviewing.run()
  }
  return (
    <form onSubmit={submit}>
      <div class="row">
        <label class="grow">
          What was decided
          <input
            required
            maxLength={200}
            value={note}
            onInput={(event) => setNote(event.currentTarget.value)}
          />
        </label>
        <button type="submit" disabled={reviewing.busy}>
          Mark as reviewed
        </button>
      </div>
      {reviewing.error && <Failure error={reviewing.error} />}
    </form>
  )
}

const Lock = ({ payment }: { payment: Payment }) => {
  const { usdc } = payment
  return (
    <Facts
      of={[
        ['Locked rate', rate(payment.exchange_rate)],
        ['Executed rate', payment.executed_rate === null ? 'not yet' : rate(payment.executed_rate)],
        ['USDC expected', money(usdc.expected, 'USDC')],
        ['USDC received', usdc.received === null ? 'not yet' : money(usdc.received, 'USDC')],
        ['USDC spent', usdc.spent === null ? 'not yet' : money(usdc.spent, 'USDC')],
        [
          'Kept or carried by us',
          usdc.difference === null ? 'not yet' : money(usdc.difference, 'USDC', { signed: true }),
        ],
      ]}
    />
  )
}

const Head = ({ payment }: { payment: Payment }) => (
  <>
    <p class="outcome" role="status">
      <Badge of={payment.status} /> {payment.exception !== 'none' && <Badge of={payment.exception} />}{' '}
      {payment.failure_reason}
      {payment.returned_at !== null &&
        `The payout came back at ${dateTime(payment.returned_at)}: a person has to decide.`}
    </p>
    <Figures
      of={[
        ['Sent', money(payment.amount, payment.currency)],
        ['Guaranteed payout', money(payment.guaranteed_payout, payment.payout_currency)],
        [
          'Paid out',
          payment.paid_out === null
            ? isTerminal(payment.status)
              ? 'nothing'
              : 'not yet'
            : money(payment.paid_out, payment.payout_currency),
        ],
        ...(payment.refunded === null
          ? []
          : [['Refunded', money(payment.refunded, payment.currency)] as const]),
      ]}
    />
    <Facts
      of={[
        ['Payment', <Id key="payment" value={payment.payment_id} />],
        ['Quote', <Id key="quote" value={payment.quote_id} />],
        ['From', payment.source_account],
        ['To', payment.destination_account],
        ['Fees', money(payment.fees.total_fees, payment.fees.currency)],
        ['Route', `${words(payment.route.chain)}, ${payment.route.onramp} to ${payment.route.offramp}`],
        ['Created', dateTime(payment.created_at)],
        ['To be settled by', dateTime(payment.settle_by)],
      ]}
    />
  </>
)

/** Everything about one payment, as it changes. */
export const PaymentPage = ({ id }: { id: string }) => {
  const payment = usePayment(id)
  return (
    <>
      <p>
        <a href={linkTo('payments')}>All payments</a>
      </p>
      <LoadedView of={payment} what="the payment">
        {(found) => (
          <div class="columns">
            <div class="column">
              <Panel title="What it is">
                <Head payment={found} />
                {found.status === 'PENDING' && <Cancel payment={found} onDone={payment.reload} />}
                {found.exception === 'needs_review' && isTerminal(found.status) && (
                  <Review payment={found} onDone={payment.reload} />
                )}
              </Panel>
              <Panel title="Locked against executed">
                <Lock payment={found} />
              </Panel>
            </div>
            <div class="column">
              <Panel title="Timeline">
                <Timeline payment={found} />
              </Panel>
              <Panel title="Legs">
                <Legs payment={found} />
              </Panel>
            </div>
            <div class="wide">
              <Ledger id={id} changes={found.sequence} />
              <Deliveries id={id} changes={found.sequence} />
              <Audit id={id} changes={found.sequence} />
            </div>
          </div>
        )}
      </LoadedView>
    </>
  )
}

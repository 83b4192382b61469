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

/** A payment can be cancelled while no provider may have it. */
const isUnsent = ({ status, legs }: Payment): boolean =>
  status === 'PENDING' && legs.every((leg) => leg.status === 'refused')

/** Asks once more, because it cannot be taken back. */
const Cancel = ({ payment, onDone }: { payment: Payment; onDone(): void }) => {
  const [wanted, setWanted] = useState(false)
  const cancelling = useAction(async () => {
    await call(`/payments/${payment.payment_id}/cancel`, { method: 'POST' })
    onDone()
  })
  if (!wanted)
    return (
      <button type="button" onClick={() => setWanted(true)}>
        Cancel this payment
      </button>
    )
  return (
    <div class="row">
      <button type="button" disabled={cancelling.busy} onClick={() => void cancelling.run()}>
        Yes, cancel it for good
      </button>
      <button type="button" disabled={cancelling.busy} onClick={() => setWanted(false)}>
        No, let it go on
      </button>
      {cancelling.error && <Failure error={cancelling.error} />}
    </div>
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
  const { usdc, status } = payment
  const missing = isTerminal(status) ? 'none' : 'not yet'
  const usdcOr = (amount: number | null, signed = false) =>
    amount === null ? missing : money(amount, 'USDC', { signed })
  return (
    <Facts
      of={[
        ['Locked rate', rate(payment.exchange_rate)],
        ['Executed rate', payment.executed_rate === null ? missing : rate(payment.executed_rate)],
        ['USDC expected', money(usdc.expected, 'USDC')],
        ['USDC received', usdcOr(usdc.received)],
        ['USDC spent', usdcOr(usdc.spent)],
        ['Kept or carried by us', usdcOr(usdc.difference, true)],
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
        ['Payment', <Id key="payment" what="payment" value={payment.payment_id} />],
        ['Quote', <Id key="quote" what="quote" value={payment.quote_id} />],
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
  const [done, setDone] = useState(0)
  const acted = () => {
    payment.reload()
    setDone(done + 1)
  }
  return (
    <>
      <p>
        <a href={linkTo('payments')}>All payments</a>
      </p>
      <LoadedView of={payment} what="the payment">
        {(found) => (
          <div class="columns">
            <div class="column">
              <Panel title="What it is" focus={done}>
                <Head payment={found} />
                {isUnsent(found) && <Cancel payment={found} onDone={acted} />}
                {found.exception === 'needs_review' && isTerminal(found.status) && (
                  <Review payment={found} onDone={acted} />
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

import type { Payment } from '../../../../payments/model.ts'
import { dateTime, duration, rate, words } from '../../lib/format.ts'
import { money } from '../../lib/money.ts'
import { Badge } from '../../parts/badge.tsx'
import { Id } from '../../parts/copy.tsx'
import { Facts } from '../../parts/panel.tsx'
import { Empty } from '../../parts/states.tsx'

type Leg = Payment['legs'][number]

const NAMES: Record<Leg['leg'], string> = { onramp: 'On-ramp', offramp: 'Off-ramp', refund: 'Refund' }

const took = ({ submitted_at, settled_at }: Leg): string =>
  settled_at === null
    ? `since ${dateTime(submitted_at)}`
    : `${duration(Date.parse(settled_at) - Date.parse(submitted_at))}, until ${dateTime(settled_at)}`

const LegCard = ({ leg }: { leg: Leg }) => (
  <li class="leg">
    <h3>
      {NAMES[leg.leg]} <Badge of={leg.status} />
    </h3>
    <Facts
      of={[
        ['Provider', leg.provider],
        ['Attempt', leg.attempt],
        ['Amount', money(leg.amount, leg.currency)],
        ...(leg.usdc_amount === null ? [] : [['USDC', money(leg.usdc_amount, 'USDC')] as const]),
        ...(leg.rate === null ? [] : [['Executed rate', rate(leg.rate)] as const]),
        ['Time', took(leg)],
        ...(leg.reason === null
          ? []
          : [['Refused', `${leg.refusal === null ? '' : `${words(leg.refusal)}: `}${leg.reason}`] as const]),
        ...(leg.reference === null
          ? []
          : [['Reference', <Id key="id" what="reference" value={leg.reference} />] as const]),
      ]}
    />
    {leg.instructions && (
      <>
        <h4>Where the payer has to send the money</h4>
        <Facts of={Object.entries(leg.instructions)} />
      </>
    )}
  </li>
)

/** Every provider that was asked, in the order in which it was. */
export const Legs = ({ payment }: { payment: Payment }) =>
  payment.legs.length === 0 ? (
    <Empty title="No provider has been asked yet" />
  ) : (
    <ol class="legs">
      {payment.legs.map((leg) => (
        <LegCard key={`${leg.leg} ${leg.attempt}`} leg={leg} />
      ))}
    </ol>
  )

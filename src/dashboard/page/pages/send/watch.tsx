import { money } from '../../lib/money.ts'
import { linkTo } from '../../lib/router.ts'
import { Badge } from '../../parts/badge.tsx'
import { Panel } from '../../parts/panel.tsx'
import { LoadedView } from '../../parts/states.tsx'
import { Legs } from '../payments/legs.tsx'
import { Timeline } from '../payments/timeline.tsx'
import { usePayment } from '../payments/use-payment.ts'

/** The payment that was just made, as it walks its states; on a phone the focus also brings it into view. */
export const Watch = ({ id }: { id: string }) => {
  const payment = usePayment(id)
  return (
    <Panel title="The payment" focus={true} aside={<a href={linkTo('payments', id)}>All about it</a>}>
      <LoadedView of={payment} what="the payment">
        {(found) => (
          <>
            <p role="status" class="outcome">
              <Badge of={found.status} /> {found.exception !== 'none' && <Badge of={found.exception} />}{' '}
              {found.status === 'COMPLETED' &&
                `The payee has ${money(found.guaranteed_payout, found.payout_currency)}.`}
              {found.failure_reason}
            </p>
            <Timeline payment={found} />
            <Legs payment={found} />
          </>
        )}
      </LoadedView>
    </Panel>
  )
}

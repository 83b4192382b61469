import type { DeliveryPage } from '../../../../webhooks/deliveries/model.ts'
import { withQuery } from '../../lib/api.ts'
import { useLoad } from '../../lib/load.ts'
import { Panel } from '../../parts/panel.tsx'
import { Empty, LoadedView } from '../../parts/states.tsx'
import { DeliveryTable } from '../webhooks/delivery-table.tsx'

/** Deliveries follow a change by themselves, and nothing tells of them. */
const EVERY_MS = 3_000

/** Where the payment's events were sent, and what came of it. */
export const Deliveries = ({ id, changes }: { id: string; changes: number }) => {
  const path = withQuery('/webhooks/deliveries', { payment_id: id, limit: 100 })
  const deliveries = useLoad<DeliveryPage>(path, { everyMs: EVERY_MS, changes })
  return (
    <Panel title="Webhook deliveries">
      <LoadedView of={deliveries} what="the deliveries">
        {({ data, next_cursor }) =>
          data.length === 0 ? (
            <Empty title="No endpoint wanted its events" />
          ) : (
            <>
              <DeliveryTable deliveries={data} onChange={deliveries.reload} />
              {next_cursor !== null && <p class="quiet">The newest 100; older ones are in the API.</p>}
            </>
          )
        }
      </LoadedView>
    </Panel>
  )
}

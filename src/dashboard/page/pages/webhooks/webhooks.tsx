import { useState } from 'preact/hooks'
import type { DeliveryPage } from '../../../../webhooks/deliveries/model.ts'
import { withQuery } from '../../lib/api.ts'
import { words } from '../../lib/format.ts'
import { useLoad } from '../../lib/load.ts'
import { Panel } from '../../parts/panel.tsx'
import { Empty, LoadedView } from '../../parts/states.tsx'
import { DeadLetters } from './dead-letters.tsx'
import { DeliveryTable } from './delivery-table.tsx'
import { Endpoints } from './endpoints.tsx'

const EVERY_MS = 2_000
const STATUSES = ['pending', 'delivered', 'dead', 'dropped'] as const

const Deliveries = () => {
  const [status, setStatus] = useState('')
  const path = withQuery('/webhooks/deliveries', { status, limit: 100 })
  const deliveries = useLoad<DeliveryPage>(path, { everyMs: EVERY_MS })
  const filter = (
    <label class="inline">
      State
      <select value={status} onChange={(event) => setStatus(event.currentTarget.value)}>
        <option value="">All</option>
        {STATUSES.map((each) => (
          <option key={each} value={each}>
            {words(each)}
          </option>
        ))}
      </select>
    </label>
  )
  return (
    <Panel title="The newest deliveries" aside={filter}>
      <LoadedView of={deliveries} what="the deliveries">
        {({ data }) =>
          data.length === 0 ? (
            <Empty title="No deliveries" />
          ) : (
            <DeliveryTable deliveries={data} onChange={deliveries.reload} />
          )
        }
      </LoadedView>
    </Panel>
  )
}

/** Where events go, how they get there, and what was given up. */
export const WebhooksPage = () => (
  <div class="stack">
    <Endpoints />
    <Deliveries />
    <DeadLetters />
  </div>
)

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
/** Deliveries that are shown at first, and the most that the API gives at once. */
const FIRST = 20
const MOST = 100
const STATUSES = ['pending', 'delivered', 'dead', 'dropped'] as const

const Deliveries = () => {
  const [status, setStatus] = useState('')
  const [limit, setLimit] = useState(FIRST)
  const path = withQuery('/webhooks/deliveries', { status, limit })
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
        {({ data, next_cursor }) =>
          data.length === 0 ? (
            <Empty title="No deliveries" />
          ) : (
            <>
              <DeliveryTable deliveries={data} onChange={deliveries.reload} />
              {next_cursor !== null && limit < MOST && (
                <button type="button" onClick={() => setLimit(MOST)}>
                  Show more
                </button>
              )}
              {next_cursor !== null && limit >= MOST && (
                <p class="quiet">Older ones are in the API, at GET /webhooks/deliveries.</p>
              )}
            </>
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
    <DeadLetters />
    <Deliveries />
  </div>
)

import type { Delivery } from '../../../../webhooks/deliveries/model.ts'
import { call } from '../../lib/api.ts'
import { ago, dateTime } from '../../lib/format.ts'
import { useAction } from '../../lib/load.ts'
import { useNow } from '../../lib/now.ts'
import { Badge } from '../../parts/badge.tsx'
import { Failure } from '../../parts/states.tsx'
import { Table } from '../../parts/table.tsx'

const lastWords = ({ last_http_status, last_error }: Delivery): string =>
  [last_http_status, last_error].filter((each) => each !== null).join(', ')

/** Deliveries, each of which can be sent once more. */
export const DeliveryTable = ({
  deliveries,
  onChange,
}: {
  deliveries: readonly Delivery[]
  onChange(): void
}) => {
  const now = useNow(5_000)
  const again = useAction(async (id: string) => {
    await call(`/webhooks/deliveries/${id}/redeliver`, { method: 'POST' })
    onChange()
  })
  return (
    <>
      {again.error && <Failure error={again.error} />}
      <Table
        label="Webhook deliveries"
        rows={deliveries}
        keyOf={({ id }) => id}
        columns={[
          {
            title: 'Event',
            cell: ({ event_type, redelivery_of }) => (redelivery_of ? `${event_type}, again` : event_type),
          },
          { title: 'State', cell: ({ status }) => <Badge of={status} /> },
          { title: 'Attempts', right: true, cell: ({ attempts }) => attempts },
          { title: 'Last answer', cell: lastWords },
          {
            title: 'Made',
            cell: ({ created_at }) => (
              <time dateTime={created_at} title={dateTime(created_at)}>
                {ago(created_at, now)}
              </time>
            ),
          },
          {
            title: 'Next attempt',
            cell: ({ status, next_attempt_at }) =>
              status !== 'pending' ? '' : next_attempt_at === null ? 'now' : dateTime(next_attempt_at),
          },
          {
            title: 'Action',
            cell: ({ id, event_type }) => (
              <button
                type="button"
                disabled={again.busy}
                aria-label={`Redeliver ${event_type} ${id}`}
                onClick={() => void again.run(id)}
              >
                Redeliver
              </button>
            ),
          },
        ]}
      />
    </>
  )
}

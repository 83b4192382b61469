import { useState } from 'preact/hooks'
import type { RedriveAccepted } from '../../../../webhooks/dead-letters/model.ts'
import type { DeliveryPage } from '../../../../webhooks/deliveries/model.ts'
import { call } from '../../lib/api.ts'
import { count, dateTime } from '../../lib/format.ts'
import { useAction, useLoad } from '../../lib/load.ts'
import { Panel } from '../../parts/panel.tsx'
import { Empty, Failure, LoadedView } from '../../parts/states.tsx'
import { Table } from '../../parts/table.tsx'

/** Deliveries that were given up, to be taken up again one by one or all together. */
export const DeadLetters = () => {
  const dead = useLoad<DeliveryPage>('/webhooks/dead-letters?limit=100', { everyMs: 10_000 })
  const [outcome, setOutcome] = useState<RedriveAccepted | null>(null)
  const redrive = useAction(async (body: { all: true } | { delivery_ids: string[] }) => {
    setOutcome(await call<RedriveAccepted>('/webhooks/dead-letters/redrive', { method: 'POST', body }))
    dead.reload()
  })
  const all = (
    <button
      type="button"
      disabled={redrive.busy || !dead.data || dead.data.data.length === 0}
      onClick={() => void redrive.run({ all: true })}
    >
      Redrive all
    </button>
  )
  return (
    <Panel title="Dead letters" aside={all} focus={outcome}>
      <p role="status" class="quiet">
        {outcome &&
          `${count(outcome.redriven)} on their way again${outcome.more ? '; there are more' : ''}.${
            outcome.redriven === 0 ? ' Those of a disabled endpoint stay here.' : ''
          }`}
      </p>
      {redrive.error && <Failure error={redrive.error} />}
      <LoadedView of={dead} what="the dead letters">
        {({ data, next_cursor }) =>
          data.length === 0 ? (
            <Empty title="Nothing was given up" />
          ) : (
            <>
              <Table
                label="Dead letters"
                rows={data}
                keyOf={({ id }) => id}
                columns={[
                  { title: 'Event', cell: ({ event_type }) => event_type },
                  { title: 'Attempts', right: true, cell: ({ attempts }) => attempts },
                  { title: 'Last answer', cell: (each) => each.last_http_status ?? each.last_error ?? '' },
                  {
                    title: 'Last attempt',
                    cell: ({ last_attempt_at }) =>
                      last_attempt_at === null ? '' : dateTime(last_attempt_at),
                  },
                  {
                    title: 'Action',
                    cell: ({ id, event_type }) => (
                      <button
                        type="button"
                        disabled={redrive.busy}
                        aria-label={`Redrive ${event_type} ${id}`}
                        onClick={() => void redrive.run({ delivery_ids: [id] })}
                      >
                        Redrive
                      </button>
                    ),
                  },
                ]}
              />
              {next_cursor !== null && <p class="quiet">The newest {count(data.length)}; there are more.</p>}
            </>
          )
        }
      </LoadedView>
    </Panel>
  )
}

import type { QueueList } from '../../../operations/model.ts'
import { count, duration } from '../lib/format.ts'
import { useLoad } from '../lib/load.ts'
import { Figures, Panel } from '../parts/panel.tsx'
import { LoadedView } from '../parts/states.tsx'
import { Table } from '../parts/table.tsx'

const EVERY_MS = 3_000

const total = (
  rows: QueueList['data'],
  field: 'ready' | 'active' | 'completed_last_minute' | 'failed_last_hour',
) => rows.reduce((sum, row) => sum + row[field], 0)

const oldest = (seconds: number | null): string => (seconds === null ? '–' : duration(seconds * 1000))

/** How much work waits, for how long, and how fast it goes. */
export const QueuesPage = () => {
  const queues = useLoad<QueueList>('/operations/queues', { everyMs: EVERY_MS })
  return (
    <LoadedView of={queues} what="the queues">
      {({ data }) => (
        <Panel title="All queues">
          <Figures
            of={[
              ['Ready now', count(total(data, 'ready'))],
              ['Running', count(total(data, 'active'))],
              ['Done within a minute', count(total(data, 'completed_last_minute'))],
              ['Failed within an hour', count(total(data, 'failed_last_hour'))],
            ]}
          />
          <Table
            label="Queues"
            rows={data}
            keyOf={({ name }) => name}
            columns={[
              { title: 'Queue', cell: ({ name }) => <code>{name}</code> },
              {
                title: 'Waiting',
                right: true,
                cell: ({ queued, capped }) => count(queued) + (capped ? ' or more' : ''),
              },
              { title: 'Ready', right: true, cell: ({ ready }) => count(ready) },
              { title: 'Oldest ready', right: true, cell: (row) => oldest(row.oldest_ready_seconds) },
              { title: 'Running', right: true, cell: ({ active }) => count(active) },
              { title: 'Done, last minute', right: true, cell: (row) => count(row.completed_last_minute) },
              { title: 'Failed, last hour', right: true, cell: (row) => count(row.failed_last_hour) },
              { title: 'Failed, kept', right: true, cell: ({ failed }) => count(failed) },
              { title: 'Dead letters go to', cell: ({ dead_letter }) => dead_letter ?? '–' },
            ]}
          />
        </Panel>
      )}
    </LoadedView>
  )
}

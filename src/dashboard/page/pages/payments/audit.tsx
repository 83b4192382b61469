import type { PaymentAudit } from '../../../../audit/model.ts'
import { dateTime, words } from '../../lib/format.ts'
import { useLoad } from '../../lib/load.ts'
import { Panel } from '../../parts/panel.tsx'
import { Scroll } from '../../parts/scroll.tsx'
import { LoadedView } from '../../parts/states.tsx'
import { Table } from '../../parts/table.tsx'

/** Rows are sealed about once a minute. */
const SEAL_MS = 15_000

/** Each change with who made it and why, and the row as it is stored. */
export const Audit = ({ id, changes }: { id: string; changes: number }) => {
  const audit = useLoad<PaymentAudit>(`/payments/${encodeURIComponent(id)}/audit`, {
    changes,
    everyMs: (found) => (found?.entries.every(({ seal }) => seal !== null) ? null : SEAL_MS),
  })
  return (
    <Panel title="Audit rows">
      <LoadedView of={audit} what="the audit rows">
        {({ entries }) => (
          <>
            <Table
              label="Audit rows"
              rows={entries}
              keyOf={({ version }) => String(version)}
              columns={[
                { title: 'Version', right: true, cell: ({ version }) => version },
                { title: 'To', cell: ({ to_status }) => words(to_status) },
                {
                  title: 'What happened',
                  cell: ({ message, reason }) => (reason ? `${message}: ${reason}` : message),
                },
                { title: 'By', cell: ({ actor }) => actor },
                {
                  title: 'Provider',
                  cell: ({ provider, leg, attempt }) => (provider ? `${provider}, ${leg} ${attempt}` : ''),
                },
                { title: 'Time', cell: ({ timestamp }) => dateTime(timestamp) },
                {
                  title: 'Seal',
                  cell: ({ seal }) =>
                    seal ? (
                      <code title={seal.hash}>{`${seal.sequence}: ${seal.hash.slice(0, 10)}…`}</code>
                    ) : (
                      'waits'
                    ),
                },
              ]}
            />
            <details>
              <summary>Raw rows</summary>
              <Scroll label="Raw audit rows">
                <pre>{JSON.stringify(entries, null, 2)}</pre>
              </Scroll>
            </details>
          </>
        )}
      </LoadedView>
    </Panel>
  )
}

import type { PaymentLedger } from '../../../../ledger/model.ts'
import { dateTime, words } from '../../lib/format.ts'
import { useLoad } from '../../lib/load.ts'
import { money } from '../../lib/money.ts'
import { Figures, Panel } from '../../parts/panel.tsx'
import { Empty, LoadedView } from '../../parts/states.tsx'
import { Table } from '../../parts/table.tsx'

/** The payment's journal, and what the lock gained or lost. */
export const Ledger = ({ id, changes }: { id: string; changes: number }) => {
  const ledger = useLoad<PaymentLedger>(`/payments/${encodeURIComponent(id)}/ledger`, { changes })
  return (
    <Panel title="Ledger entries">
      <LoadedView of={ledger} what="the ledger">
        {({ entries, realised }) => (
          <>
            {realised && (
              <Figures
                of={[
                  ['Kept by the quote', money(realised.fx_spread, realised.currency, { signed: true })],
                  [
                    realised.fx_gain_loss < 0 ? 'Lost on the lock' : 'Gained on the lock',
                    money(realised.fx_gain_loss, realised.currency, { signed: true }),
                  ],
                ]}
              />
            )}
            {entries.length === 0 ? (
              <Empty title="No money has moved yet" />
            ) : (
              <Table
                label="Ledger entries"
                rows={entries}
                keyOf={({ sequence, line }) => `${sequence} ${line}`}
                columns={[
                  { title: 'Change', cell: ({ sequence }) => sequence },
                  { title: 'Account', cell: ({ account }) => words(account) },
                  {
                    title: 'Amount',
                    right: true,
                    cell: ({ amount, currency }) => money(amount, currency, { signed: true }),
                  },
                  { title: 'Time', cell: ({ timestamp }) => dateTime(timestamp) },
                ]}
              />
            )}
          </>
        )}
      </LoadedView>
    </Panel>
  )
}

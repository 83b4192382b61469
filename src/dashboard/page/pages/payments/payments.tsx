import { useEffect, useState } from 'preact/hooks'
import type { PaymentSummary } from '../../../../payments/model.ts'
import { STATUSES } from '../../../../payments/transitions.ts'
import { count, dayTime, words } from '../../lib/format.ts'
import { useMedia } from '../../lib/media.ts'
import { money } from '../../lib/money.ts'
import { linkTo } from '../../lib/router.ts'
import type { StreamState } from '../../lib/stream.ts'
import { Badge } from '../../parts/badge.tsx'
import { Empty, Failure, Loading } from '../../parts/states.tsx'
import type { Column } from '../../parts/table.tsx'
import { VirtualTable } from '../../parts/virtual.tsx'
import { useLivePayments } from './live-list.ts'
import type { Filter } from './rows.ts'

const idOf = ({ payment_id }: PaymentSummary): string => payment_id

/** The list is asked for again when the typing has paused for this long. */
const TYPED_MS = 300

const STREAMS: Record<StreamState, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  waiting: 'Not live: connecting again',
  ended: 'Not live',
}

const COLUMNS: readonly Column<PaymentSummary>[] = [
  {
    title: 'Created',
    cell: ({ payment_id, created_at }) => (
      <a href={linkTo('payments', payment_id)}>
        <time dateTime={created_at}>{dayTime(created_at)}</time>
      </a>
    ),
  },
  {
    title: 'State',
    cell: ({ status, exception, returned_at }) => (
      <>
        <Badge of={status} /> {exception !== 'none' && <Badge of={exception} />}
        {returned_at !== null && <Badge of="returned" text="Came back" />}
      </>
    ),
  },
  { title: 'Sent', right: true, cell: ({ amount, currency }) => money(amount, currency) },
  {
    title: 'Guaranteed payout',
    right: true,
    cell: ({ guaranteed_payout, payout_currency }) => money(guaranteed_payout, payout_currency),
  },
  { title: 'From and to', cell: (payment) => `${payment.source_account} → ${payment.destination_account}` },
]

/** All payments as they change. */
export const PaymentsPage = () => {
  const [filter, setFilter] = useState<Filter>({ status: '', search: '' })
  const [typed, setTyped] = useState('')
  const list = useLivePayments(filter)
  const narrow = useMedia('(max-width: 700px)')

  useEffect(() => {
    const timer = setTimeout(
      () => setFilter((before) => (before.search === typed ? before : { ...before, search: typed })),
      TYPED_MS,
    )
    return () => clearTimeout(timer)
  }, [typed])

  const filtered = filter.status !== '' || filter.search.trim() !== ''
  return (
    <>
      <search>
        <form class="filters" onSubmit={(event) => event.preventDefault()}>
          <label class="grow">
            Search
            <input
              type="search"
              value={typed}
              maxLength={100}
              placeholder="Payment or quote id, or part of an account’s name"
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
          <label>
            State
            <select
              value={filter.status}
              onChange={(event) => setFilter({ ...filter, status: event.currentTarget.value })}
            >
              <option value="">All</option>
              {STATUSES.map((status) => (
                <option key={status} value={status}>
                  {words(status)}
                </option>
              ))}
            </select>
          </label>
          <p role="status" class="live">
            <span class={`dot ${list.stream}`} aria-hidden="true" /> {STREAMS[list.stream]}
          </p>
        </form>
      </search>
      {list.error && <Failure error={list.error} retry={list.reload} />}
      {list.rows === null && !list.error && <Loading what="payments" />}
      {list.rows?.length === 0 && !list.more && (
        <Empty title={filtered ? 'No payment fits' : 'No payments yet'}>
          {!filtered && (
            <p>
              <a href={linkTo('send')}>Send money</a>, or fill a development database with{' '}
              <code>bun run dashboard:seed</code>.
            </p>
          )}
        </Empty>
      )}
      {list.rows !== null && (list.rows.length > 0 || list.more) && (
        <>
          <VirtualTable
            label="Payments"
            columns={COLUMNS}
            rows={list.rows}
            rowHeight={narrow ? 92 : 46}
            busy={list.busy || list.error !== null}
            keyOf={idOf}
            onNearEnd={list.next}
          />
          <p class="quiet foot">
            {count(list.rows.length)} shown
            {list.isFull
              ? '; search or filter for older ones'
              : list.more
                ? '; scroll for older ones'
                : ', all there are'}
            {list.busy && ' · loading…'}
            {list.more && (
              <button type="button" disabled={list.busy} onClick={list.next}>
                Load older ones
              </button>
            )}
          </p>
        </>
      )}
    </>
  )
}

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { PaymentPage, PaymentSummary } from '../../../../payments/model.ts'
import { call, withQuery } from '../../lib/api.ts'
import { follow, type StreamState } from '../../lib/stream.ts'
import { absorb, type Filter, fits, newestFirst } from './rows.ts'

const PAGE = 100
/** Rows that the page holds; whoever wants older ones searches or filters. */
const MOST = 10_000

/** What is known of the list that the filter asks for. */
interface Known {
  rows: Map<string, PaymentSummary>
  /** Where the next page begins; null when there is none, undefined while nothing is loaded. */
  cursor: string | null | undefined
  /** What was heard of while a page was loading: the page may be older than that. */
  heard: PaymentSummary[] | null
}

const NOTHING: Known = { rows: new Map(), cursor: undefined, heard: null }

/**
 * The account's payments that the filter wants, kept up to date by the event stream. The list is loaded once the stream
 * is there, so that no change falls between the two.
 */
export const useLivePayments = (filter: Filter) => {
  const known = useRef<Known>({ ...NOTHING })
  const wanted = useRef(filter)
  wanted.current = filter
  const loading = useRef<AbortController | null>(null)
  const [rows, setRows] = useState<readonly PaymentSummary[] | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const [stream, setStream] = useState<StreamState>('connecting')

  /** What lies beyond the pages that were loaded comes when they are. */
  const keeps = useCallback((payment: PaymentSummary): boolean => {
    const { cursor } = known.current
    return fits(payment, wanted.current) && (!cursor || payment.payment_id > cursor)
  }, [])

  const show = useCallback(() => {
    const all = newestFirst(known.current.rows)
    for (const { payment_id } of all.splice(MOST)) known.current.rows.delete(payment_id)
    if (all.length === MOST) known.current.cursor = all.at(-1)?.payment_id ?? null
    setRows(all)
  }, [])

  const load = useCallback(
    async (after: string | null) => {
      loading.current?.abort()
      const own = new AbortController()
      loading.current = own
      known.current.heard = []
      setBusy(true)
      try {
        const { status, search } = wanted.current
        const query = { limit: PAGE, status, search: search.trim(), cursor: after }
        const page = await call<PaymentPage>(withQuery('/payments', query), { signal: own.signal })
        const { rows, heard } = known.current
        known.current = { rows: after === null ? new Map() : rows, cursor: page.next_cursor, heard: null }
        absorb(known.current.rows, page.data, () => true)
        absorb(known.current.rows, heard ?? [], keeps)
        setError(null)
        show()
      } catch (problem) {
        if (own.signal.aborted) return
        known.current.heard = null
        setError(problem instanceof Error ? problem : new Error(String(problem)))
      }
      loading.current = null
      setBusy(false)
    },
    [keeps, show],
  )

  const first = useCallback(() => void load(null), [load])

  useEffect(() => {
    let frame = 0
    const draw = () => {
      frame = 0
      show()
    }
    const hear = (payment: PaymentSummary) => {
      known.current.heard?.push(payment)
      if (known.current.cursor === undefined) return
      if (absorb(known.current.rows, [payment], keeps)) frame ||= requestAnimationFrame(draw)
    }
    const stop = follow('/payments/events', {
      onState: (state) => {
        setStream(state)
        // Without a stream, as when too many are open, there is still the list.
        const alone = state === 'waiting' || state === 'ended'
        if (alone && known.current.cursor === undefined && loading.current === null) first()
      },
      onEvent: ({ event, data }) => {
        // A stream that goes on has told what was missed meanwhile.
        if (event === 'reload' || (event === 'ready' && known.current.cursor === undefined)) first()
        if (event === 'payment') hear(data as PaymentSummary)
      },
    })
    return () => {
      stop()
      cancelAnimationFrame(frame)
      loading.current?.abort()
    }
  }, [first, keeps, show])

  const { status, search } = filter
  const began = useRef(false)
  // The very first list is loaded when the stream is ready.
  useEffect(() => {
    if (!began.current) {
      began.current = true
      return
    }
    known.current = { ...NOTHING, rows: new Map() }
    setRows(null)
    setError(null)
    first()
  }, [status, search])

  const { cursor } = known.current
  const isFull = (rows?.length ?? 0) >= MOST
  const more = typeof cursor === 'string' && !isFull
  const next = useCallback(() => {
    const { cursor: after, rows: all } = known.current
    if (loading.current === null && typeof after === 'string' && all.size < MOST) void load(after)
  }, [load])

  return { rows, busy, more, isFull, error, stream, next, reload: first }
}

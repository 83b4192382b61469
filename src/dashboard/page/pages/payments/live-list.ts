import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { PaymentPage, PaymentSummary } from '../../../../payments/model.ts'
import { call, withQuery } from '../../lib/api.ts'
import { apiKey } from '../../lib/session.ts'
import { follow, type StreamState } from '../../lib/stream.ts'
import { absorb, type Filter, fits } from './rows.ts'

const PAGE = 100
/** Rows that one page of the browser holds; the live feed goes on, and the oldest are let go. */
const MOST = 10_000

/** Newest first: ids are time-ordered, as in the API's own list. */
const inOrder = (known: Map<string, PaymentSummary>): PaymentSummary[] =>
  [...known.values()].sort((a, b) => (a.payment_id < b.payment_id ? 1 : -1)).slice(0, MOST)

/**
 * The account's payments that the filter wants, kept up to date by the event stream. The list is loaded once the stream
 * is there, so that no change falls between the two.
 */
export const useLivePayments = (filter: Filter) => {
  const known = useRef(new Map<string, PaymentSummary>())
  const wanted = useRef(filter)
  wanted.current = filter
  const cursor = useRef<string | null | undefined>(undefined)
  const loading = useRef<AbortController | null>(null)
  const [rows, setRows] = useState<readonly PaymentSummary[] | null>(null)
  const [busy, setBusy] = useState(false)
  const [more, setMore] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const [stream, setStream] = useState<StreamState>('connecting')

  const show = useCallback(() => setRows(inOrder(known.current)), [])

  const load = useCallback(
    async (after: string | null) => {
      loading.current?.abort()
      const own = new AbortController()
      loading.current = own
      setBusy(true)
      try {
        const { status, search } = wanted.current
        const query = { limit: PAGE, status, search: search.trim(), cursor: after }
        const page = await call<PaymentPage>(withQuery('/payments', query), { signal: own.signal })
        if (after === null) known.current = new Map()
        absorb(known.current, page.data, () => true)
        cursor.current = page.next_cursor
        setMore(page.next_cursor !== null)
        setError(null)
        show()
      } catch (problem) {
        if (own.signal.aborted) return
        setError(problem instanceof Error ? problem : new Error(String(problem)))
      }
      if (loading.current === own) {
        loading.current = null
        setBusy(false)
      }
    },
    [show],
  )

  const first = useCallback(() => void load(null), [load])

  useEffect(() => {
    let frame = 0
    const stop = follow('/payments/events', {
      onState: (state) => {
        setStream(state)
        // Without a stream, as when too many are open, there is still the list.
        if ((state === 'waiting' || state === 'ended') && cursor.current === undefined) first()
      },
      onEvent: ({ event, data }) => {
        if (event === 'ready' || event === 'reload') return first()
        if (event !== 'payment') return
        const last = cursor.current
        // What lies beyond the pages that were loaded comes when they are.
        const keep = (payment: PaymentSummary) =>
          fits(payment, wanted.current) && (!last || payment.payment_id > last)
        if (absorb(known.current, [data as PaymentSummary], keep)) frame ||= requestAnimationFrame(draw)
      },
    })
    const draw = () => {
      frame = 0
      show()
    }
    return () => {
      stop()
      cancelAnimationFrame(frame)
      loading.current?.abort()
    }
    // Another key follows other payments.
  }, [first, show, apiKey.value])

  const { status, search } = filter
  const began = useRef(false)
  // The very first list is loaded when the stream is ready.
  useEffect(() => {
    if (!began.current) {
      began.current = true
      return
    }
    setRows(null)
    first()
  }, [status, search])

  const next = useCallback(() => {
    if (loading.current === null && typeof cursor.current === 'string') void load(cursor.current)
  }, [load])

  return useMemo(
    () => ({ rows, busy, more, error, stream, next, reload: first }),
    [rows, busy, more, error, stream, next, first],
  )
}

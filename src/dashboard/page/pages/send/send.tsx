import { useState } from 'preact/hooks'
import type { FeeAnswer, FeeRequest } from '../../../../fees/model.ts'
import type { PaymentAccepted } from '../../../../payments/model.ts'
import type { Quote } from '../../../../quotes/model.ts'
import { ApiError, call, Unreachable } from '../../lib/api.ts'
import { useAction, useLoad } from '../../lib/load.ts'
import { useNow } from '../../lib/now.ts'
import { Panel } from '../../parts/panel.tsx'
import { Empty, Failure } from '../../parts/states.tsx'
import { Advice } from './advice.tsx'
import { FIRST_WISH, SendForm, type Wish } from './form.tsx'
import { type Held, QuoteView } from './quote.tsx'
import { Watch } from './watch.tsx'

/** How often the seconds that are left are looked at. */
const TICK_MS = 200

/** What quote and advice are asked about, so that both are about the same money. */
type Question = Pick<FeeRequest, 'amount' | 'from_currency' | 'to_currency'> & Partial<FeeRequest>

const questionOf = (wish: Wish, amount: number): Question => ({
  amount,
  from_currency: wish.from,
  to_currency: wish.to,
  priority: wish.priority,
  ...(wish.country.trim() === '' ? {} : { destination_country: wish.country.trim() }),
})

/** From the amount to the payment: a quote that holds for a minute, the advice beside it, and the payment as it settles. */
export const SendPage = () => {
  const [wish, setWish] = useState<Wish>(FIRST_WISH)
  const [question, setQuestion] = useState<Question | null>(null)
  const [held, setHeld] = useState<Held | null>(null)
  const [paid, setPaid] = useState<string | null>(null)

  const quoting = useAction(async (about: Question, recommendation: string | null) => {
    const { amount, from_currency, to_currency } = about
    const body = {
      ...{ amount, from_currency, to_currency },
      ...(recommendation === null ? {} : { recommendation_id: recommendation }),
    }
    // Before the request, because the minute has begun when the answer arrives.
    const sentAt = Date.now()
    const quote = await call<Quote>('/quotes', { method: 'POST', body })
    const lengthMs = quote.valid_for_seconds * 1000
    setPaid(null)
    setHeld({ quote, until: sentAt + lengthMs, lengthMs })
    setQuestion(about)
  })
  const paying = useAction(async (quote: Quote) => {
    const body = {
      amount: quote.amount,
      currency: quote.payout_currency,
      source_account: wish.payer,
      destination_account: wish.payee,
      quote_id: quote.quote_id,
    }
    // A quote pays once, so its id names the payment: pressed again after a lost answer, it is the same one.
    const headers = { 'idempotency-key': quote.quote_id }
    const { payment_id } = await call<PaymentAccepted>('/payments', { method: 'POST', body, headers })
    setPaid(payment_id)
  })

  const advice = useLoad<FeeAnswer>(question ? '/fees/calculate' : null, { body: question })

  const ask = (about: Question, recommendation: string | null = null) => {
    paying.clear()
    void quoting.run(about, recommendation)
  }
  const renew = () => {
    if (!question) return
    ask(question)
    advice.reload()
  }

  const refusedAsExpired = paying.error instanceof ApiError && paying.error.body.error === 'QUOTE_EXPIRED'
  const now = useNow(held && paid === null ? TICK_MS : null)
  // The last tick may be older than the quote.
  const leftMs = held ? Math.min(Math.max(0, held.until - now), held.lengthMs) : 0
  const over = leftMs === 0 || refusedAsExpired
  return (
    <div class="columns">
      <div class="column">
        <Panel title="How much, and to whom">
          <SendForm
            wish={wish}
            busy={quoting.busy}
            onChange={setWish}
            onSubmit={(minor) => ask(questionOf(wish, minor))}
          />
          {quoting.error && <Failure error={quoting.error} />}
        </Panel>
        <Panel title="The quote">
          {!held && (
            <Empty title="No quote yet">
              <p>A quote locks rate and fees for a minute. The payee gets exactly what it says.</p>
            </Empty>
          )}
          {held && (
            <QuoteView held={held} leftMs={leftMs} state={paid !== null ? 'paid' : over ? 'expired' : 'open'}>
              {paid === null && over && (
                <div role="alert">
                  <p>This quote has expired: its rate is not locked any more, and nothing was paid.</p>
                  <button type="button" class="primary" disabled={quoting.busy} onClick={renew}>
                    Get a new quote
                  </button>
                </div>
              )}
              {paid === null && !over && (
                <button
                  type="button"
                  class="primary"
                  disabled={paying.busy}
                  onClick={() => void paying.run(held.quote)}
                >
                  {paying.busy ? 'Paying…' : 'Pay this quote'}
                </button>
              )}
              {paying.error && !refusedAsExpired && <Failure error={paying.error} />}
              {paying.error instanceof Unreachable && (
                <p>Whether the payment was taken is not known. Pay again: a quote is never paid twice.</p>
              )}
              {paid !== null && <p class="accepted">Accepted: the payee will get exactly this.</p>}
            </QuoteView>
          )}
        </Panel>
      </div>
      <div class="column">
        {paid !== null && <Watch key={paid} id={paid} />}
        {held && paid === null && (
          <Advice
            advice={advice}
            locked={
              advice.data !== null && held.quote.recommendation_id === advice.data.recommendation_id && !over
            }
            busy={quoting.busy || over}
            onLock={(id) => question && ask(question, id)}
          />
        )}
      </div>
    </div>
  )
}

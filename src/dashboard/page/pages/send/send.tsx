import { useState } from 'preact/hooks'
import type { FeeAnswer, FeeRequest } from '../../../../fees/model.ts'
import type { PaymentAccepted } from '../../../../payments/model.ts'
import type { Quote } from '../../../../quotes/model.ts'
import { ApiError, call, isUnsure } from '../../lib/api.ts'
import { useAction, useLoad } from '../../lib/load.ts'
import { parseMoney } from '../../lib/money.ts'
import { useNow } from '../../lib/now.ts'
import { Panel } from '../../parts/panel.tsx'
import { Empty } from '../../parts/states.tsx'
import { Advice } from './advice.tsx'
import { FIRST_WISH, SendForm, type Wish } from './form.tsx'
import { Pay, type PayState } from './pay.tsx'
import { type Held, QuoteView } from './quote.tsx'
import { Refused } from './refused.tsx'
import { Watch } from './watch.tsx'

/** How often the seconds that are left are looked at. */
const TICK_MS = 200

/** What quote and advice are asked about, so that both are about the same money. */
type Question = Pick<FeeRequest, 'amount' | 'from_currency' | 'to_currency'> & Partial<FeeRequest>

const questionOf = (wish: Wish): Question | null => {
  const parsed = parseMoney(wish.amount, wish.from)
  if ('problem' in parsed) return null
  const country = wish.country.trim()
  return {
    amount: parsed.minor,
    from_currency: wish.from,
    to_currency: wish.to,
    priority: wish.priority,
    ...(country === '' ? {} : { destination_country: country }),
  }
}

const isAbout = ({ amount, currency, payout_currency }: Quote, question: Question | null): boolean =>
  question?.amount === amount &&
  question.from_currency === currency &&
  question.to_currency === payout_currency

/** The accounts as they were when the quote was first paid: what may have been done is repeated and never altered. */
interface Attempt {
  payer: string
  payee: string
  paymentId: string | null
}

/** From the amount to the payment: a quote that holds for a minute, the advice beside it, and the payment as it settles. */
export const SendPage = () => {
  const [wish, setWish] = useState<Wish>(FIRST_WISH)
  const [asked, setAsked] = useState<Question | null>(null)
  const [held, setHeld] = useState<Held | null>(null)
  const [attempt, setAttempt] = useState<Attempt | null>(null)

  const quoting = useAction(async (about: Question, recommendation: string | null) => {
    const { amount, from_currency, to_currency } = about
    const more = recommendation === null ? {} : { recommendation_id: recommendation }
    // Before the request, because the minute has begun when the answer arrives.
    const sentAt = Date.now()
    const body = { amount, from_currency, to_currency, ...more }
    const quote = await call<Quote>('/quotes', { method: 'POST', body })
    const lengthMs = quote.valid_for_seconds * 1000
    setAttempt(null)
    setHeld({ quote, until: sentAt + lengthMs, lengthMs })
    setAsked(about)
  })
  const paying = useAction(async (quote: Quote, tried: Attempt) => {
    setAttempt(tried)
    const body = {
      amount: quote.amount,
      currency: quote.payout_currency,
      source_account: tried.payer,
      destination_account: tried.payee,
      quote_id: quote.quote_id,
    }
    // A quote pays once, so its id names the payment: pressed again after a lost answer, it is the same one.
    const headers = { 'idempotency-key': quote.quote_id }
    const { payment_id } = await call<PaymentAccepted>('/payments', { method: 'POST', body, headers })
    setAttempt({ ...tried, paymentId: payment_id })
  })
  const advice = useLoad<FeeAnswer>(asked ? '/fees/calculate' : null, { body: asked })

  const question = questionOf(wish)
  const paid = attempt?.paymentId ?? null
  const unsure = attempt !== null && paid === null && (paying.busy || isUnsure(paying.error))
  const now = useNow(held && paid === null ? TICK_MS : null)
  // The last tick may be older than the quote.
  const leftMs = held ? Math.min(Math.max(0, held.until - now), held.lengthMs) : 0
  const refused = paying.error instanceof ApiError ? paying.error.body.error : null
  const over = leftMs === 0 || refused === 'QUOTE_EXPIRED'

  // What was refused for good can be put right in the form.
  const { payer, payee } =
    attempt && (unsure || paid !== null) ? attempt : { payer: wish.payer.trim(), payee: wish.payee.trim() }
  const payState = (): PayState => {
    if (paid !== null) return 'paid'
    if (unsure) return 'unsure'
    if (over) return 'over'
    return held && isAbout(held.quote, question) ? 'open' : 'other'
  }

  const ask = (about: Question | null, recommendation: string | null = null) => {
    if (!about) return
    paying.clear()
    void quoting.run(about, recommendation)
    if (recommendation === null && JSON.stringify(about) === JSON.stringify(asked)) advice.reload()
  }
  const pay = () => {
    if (!held) return
    void paying.run(held.quote, { payer, payee, paymentId: null })
  }

  return (
    <div class="columns">
      <div class="column">
        <Panel title="How much, and to whom">
          <SendForm
            wish={wish}
            busy={quoting.busy}
            locked={unsure}
            onChange={setWish}
            onSubmit={() => ask(question)}
          />
          {quoting.error && <Refused error={quoting.error} currency={wish.from} />}
        </Panel>
        <Panel title="The quote">
          {held ? (
            <QuoteView held={held} leftMs={leftMs} state={paid !== null ? 'paid' : over ? 'expired' : 'open'}>
              <Pay
                quote={held.quote}
                payer={payer}
                payee={payee}
                state={payState()}
                busy={paying.busy}
                blocked={quoting.busy || question === null}
                error={paying.error}
                onPay={pay}
                onRenew={() => ask(question)}
              />
            </QuoteView>
          ) : (
            <Empty title="No quote yet">
              <p>A quote locks rate and fees for a minute. The payee gets exactly what it says.</p>
            </Empty>
          )}
        </Panel>
      </div>
      <div class="column">
        {paid !== null && <Watch key={paid} id={paid} />}
        {held && paid === null && (
          <Advice
            advice={advice}
            locked={held.quote.recommendation_id === advice.data?.recommendation_id && !over}
            busy={quoting.busy || unsure || over}
            onLock={(id) => ask(asked, id)}
          />
        )}
      </div>
    </div>
  )
}

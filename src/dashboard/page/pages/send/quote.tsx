import type { ComponentChildren } from 'preact'
import type { Quote } from '../../../../quotes/model.ts'
import { bps, rate, words } from '../../lib/format.ts'
import { money } from '../../lib/money.ts'
import { Badge } from '../../parts/badge.tsx'
import { Countdown } from './countdown.tsx'

/** A quote, and when its lock ends by this device's clock: the API gives the length, so the two need not agree. */
export interface Held {
  quote: Quote
  until: number
  lengthMs: number
}

interface QuoteViewProps {
  held: Held
  leftMs: number
  /** `paid`: the lock is bound to a payment, and its minute does not matter any more. */
  state: 'open' | 'expired' | 'paid'
  children: ComponentChildren
}

/** Every line between what is handed in and what is paid out. */
export const QuoteView = ({ held, leftMs, state, children }: QuoteViewProps) => {
  const { quote, lengthMs } = held
  const { fees } = quote
  const lines: [string, number | undefined][] = [
    ['Platform fee', fees.platform_fee],
    ['On-ramp fee', fees.onramp_fee],
    ['Off-ramp fee', fees.offramp_fee],
    ['Gas', fees.gas_cost],
    ['Risk premium', fees.risk_premium],
  ]
  const buffers = quote.market_buffer_bps + quote.lock_buffer_bps
  return (
    <div class={`quote ${state}`}>
      {state !== 'paid' && <Countdown leftMs={leftMs} lengthMs={lengthMs} />}
      <p class="payout">
        <span>Guaranteed payout</span>
        <strong>{money(quote.guaranteed_payout, quote.payout_currency)}</strong>
      </p>
      <dl class="lines">
        <div>
          <dt>You send</dt>
          <dd>{money(quote.amount, quote.currency)}</dd>
        </div>
        {lines.map(([name, amount]) =>
          amount === undefined ? null : (
            <div key={name} class="fee">
              <dt>{name}</dt>
              <dd>− {money(amount, fees.currency)}</dd>
            </div>
          ),
        )}
        <div>
          <dt>Converted</dt>
          <dd>{money(quote.amount - fees.total_fees, quote.currency)}</dd>
        </div>
        <div>
          <dt>
            Rate <Badge of={quote.rate_source} />
          </dt>
          <dd>
            1 {quote.currency} = {rate(quote.exchange_rate)} {quote.payout_currency}
          </dd>
        </div>
      </dl>
      <p class="quiet">
        {words(quote.route.chain)}, {quote.route.onramp} to {quote.route.offramp}.{' '}
        {buffers > 0 && `The rate holds ${bps(buffers)} for the lock. `}
        {quote.rate_source === 'fallback' && 'The rate is a built-in sample, not the market’s. '}
        {quote.recommendation_id !== null && 'Route and fees are those of the advice.'}
      </p>
      {children}
    </div>
  )
}

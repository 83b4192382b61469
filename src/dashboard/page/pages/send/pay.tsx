import type { Quote } from '../../../../quotes/model.ts'
import { isUnsure } from '../../lib/api.ts'
import { money } from '../../lib/money.ts'
import { Failure } from '../../parts/states.tsx'

/**
 * `other`: the form is about other money by now. `unsure`: it was paid, or perhaps not. `over`: its minute is over, and it
 * was not paid.
 */
export type PayState = 'open' | 'other' | 'unsure' | 'over' | 'paid'

interface PayProps {
  quote: Quote
  payer: string
  payee: string
  state: PayState
  busy: boolean
  /** Whether another quote is on its way, or the form asks for none. */
  blocked: boolean
  /** Why the last attempt to pay it came to nothing, as far as is known. */
  error: Error | null
  onPay(): void
  onRenew(): void
}

/** Accounts are names of 3 to 100 characters that differ; the API judges the rest. */
const problemOf = (payer: string, payee: string): string | null => {
  const short = [payer, payee].some(({ length }) => length < 3 || length > 100)
  if (short) return 'Both accounts need 3 to 100 characters'
  return payer === payee ? 'Payer and payee must differ' : null
}

const REASONS = {
  other: 'The form says something else by now. This quote cannot be paid from here.',
  over: 'This quote has expired: its rate is not locked any more, and nothing was paid.',
} as const

/** Pays the quote that is shown, says whom, and never more than it knows. */
export const Pay = (props: PayProps) => {
  const { quote, payer, payee, state, busy, blocked, error, onPay, onRenew } = props
  if (state === 'paid') return <p class="accepted">Accepted. What becomes of it stands beside this.</p>
  if (state === 'over' || state === 'other')
    return (
      <>
        <div role="alert">
          <p>{REASONS[state]}</p>
        </div>
        <button type="button" class="primary" disabled={blocked} onClick={onRenew}>
          Get a new quote
        </button>
      </>
    )
  const problem = problemOf(payer, payee)
  return (
    <>
      <button
        type="button"
        class="primary"
        disabled={busy || blocked || problem !== null}
        onClick={onPay}
        aria-describedby="pay-problem"
      >
        {busy ? 'Paying' : state === 'unsure' ? 'Pay again' : 'Pay'} {money(quote.amount, quote.currency)}{' '}
        from {payer} to {payee}
        {busy && '…'}
      </button>
      <p id="pay-problem" class="problem">
        {problem}
      </p>
      {error && !busy && <Failure error={error} />}
      {isUnsure(error) && !busy && (
        <p>Whether the payment was taken is not known. Pay again: a quote is never paid twice.</p>
      )}
    </>
  )
}

import type { Fiat } from '../../../../core/currency.ts'
import { parseMoney } from '../../lib/money.ts'
import { CurrencyChoice } from '../../parts/currency.tsx'

/** What the user wants to send, as typed. */
export interface Wish {
  amount: string
  from: Fiat
  to: Fiat
  payer: string
  payee: string
  country: string
  priority: 'standard' | 'express' | 'economy'
}

export const FIRST_WISH: Wish = {
  amount: '1000',
  from: 'USD',
  to: 'EUR',
  payer: 'user123',
  payee: 'merchant456',
  country: '',
  priority: 'standard',
}

interface FormProps {
  wish: Wish
  busy: boolean
  /** While it is not known whether the last quote was paid, nothing else is begun. */
  locked: boolean
  onChange(wish: Wish): void
  onSubmit(): void
}

const PRIORITIES = ['standard', 'express', 'economy'] as const

/** Asks for amount, currencies and accounts. */
export const SendForm = ({ wish, busy, locked, onChange, onSubmit }: FormProps) => {
  const parsed = parseMoney(wish.amount, wish.from)
  const problem = 'problem' in parsed ? parsed.problem : null
  const set = (part: Partial<Wish>) => onChange({ ...wish, ...part })
  const submit = (event: Event) => {
    event.preventDefault()
    if (problem === null) onSubmit()
  }
  const account = (label: string, name: 'payer' | 'payee') => (
    <label>
      {label}
      <input
        value={wish[name]}
        required
        minLength={3}
        maxLength={100}
        autocomplete="off"
        onInput={(event) => set({ [name]: event.currentTarget.value })}
      />
    </label>
  )
  return (
    <form onSubmit={submit}>
      <fieldset disabled={locked}>
        <div class="row">
          <label class="grow">
            You send
            <input
              class="amount"
              inputMode="decimal"
              autocomplete="off"
              value={wish.amount}
              aria-invalid={problem !== null}
              aria-describedby="amount-problem"
              onInput={(event) => set({ amount: event.currentTarget.value })}
            />
          </label>
          <CurrencyChoice label="From" value={wish.from} other={wish.to} onChange={(from) => set({ from })} />
          <CurrencyChoice label="To" value={wish.to} other={wish.from} onChange={(to) => set({ to })} />
        </div>
        <p id="amount-problem" class="problem" aria-live="polite">
          {problem}
        </p>
        <div class="row">
          {account('Payer’s account', 'payer')}
          {account('Payee’s account', 'payee')}
        </div>
        <details>
          <summary>More options</summary>
          <div class="row">
            <label>
              Payee’s country
              <input
                value={wish.country}
                maxLength={100}
                placeholder="such as Germany or DE"
                autocomplete="off"
                onInput={(event) => set({ country: event.currentTarget.value })}
              />
            </label>
            <label>
              Priority
              <select
                value={wish.priority}
                onChange={(event) => set({ priority: event.currentTarget.value as Wish['priority'] })}
              >
                {PRIORITIES.map((each) => (
                  <option key={each} value={each}>
                    {each}
                  </option>
                ))}
              </select>
            </label>
          </div>
          <p class="quiet">Both are for the fee engine’s advice.</p>
        </details>
        <button type="submit" class="primary" disabled={busy || problem !== null}>
          {busy ? 'Asking for a quote…' : 'Get a quote'}
        </button>
      </fieldset>
    </form>
  )
}

import { FIAT_CURRENCIES, type Fiat } from '../../../core/currency.ts'

interface CurrencyProps {
  label: string
  value: Fiat
  /** The other side of the pair, which it cannot be. */
  other: Fiat
  inline?: boolean
  onChange(currency: Fiat): void
}

/** A choice among the currencies. */
export const CurrencyChoice = ({ label, value, other, inline, onChange }: CurrencyProps) => (
  <label class={inline ? 'inline' : undefined}>
    {label}
    <select value={value} onChange={(event) => onChange(event.currentTarget.value as Fiat)}>
      {FIAT_CURRENCIES.map((code) => (
        <option key={code} value={code} disabled={code === other}>
          {code}
        </option>
      ))}
    </select>
  </label>
)

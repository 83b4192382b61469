import { FIAT_CURRENCIES, type Fiat, isFiat } from './currency.ts'
import { AppError } from './errors.ts'

/** The two currencies of a request. Throws UNSUPPORTED_CURRENCY_PAIR naming the field that is wrong. */
export const currencyPair = (request: {
  from_currency: string
  to_currency: string
}): { from: Fiat; to: Fiat } => {
  const { from_currency: from, to_currency: to } = request
  const unsupported = (path: string, message: string) =>
    new AppError('UNSUPPORTED_CURRENCY_PAIR', `Cannot convert ${from} to ${to}`, [{ path, message }])
  const list = `must be one of ${FIAT_CURRENCIES.join(', ')}`
  if (!isFiat(from)) throw unsupported('/from_currency', list)
  if (!isFiat(to)) throw unsupported('/to_currency', list)
  if (from === to) throw unsupported('/to_currency', 'must differ from from_currency')
  return { from, to }
}

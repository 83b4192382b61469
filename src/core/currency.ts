/** Supported currencies with their ISO 4217 minor-unit exponent; USDC has 6 on the chains we settle on. */
const EXPONENTS = {
  AUD: 2,
  BRL: 2,
  CAD: 2,
  CHF: 2,
  EUR: 2,
  GBP: 2,
  JPY: 0,
  MXN: 2,
  SGD: 2,
  USD: 2,
  USDC: 6,
} as const

/** The fiat currencies that can be quoted and paid, in alphabetical order. */
export const FIAT_CURRENCIES = ['AUD', 'BRL', 'CAD', 'CHF', 'EUR', 'GBP', 'JPY', 'MXN', 'SGD', 'USD'] as const

export type Fiat = (typeof FIAT_CURRENCIES)[number]
export type Currency = keyof typeof EXPONENTS

/** Number of decimal places of the currency's minor unit: 2 for EUR, 0 for JPY, 6 for USDC. */
export const exponentOf = (currency: Currency): number => EXPONENTS[currency]

/** Minor units in one major unit: 100n for EUR, 1n for JPY, 1000000n for USDC. */
export const minorUnitsPerMajor = (currency: Currency): bigint => 10n ** BigInt(EXPONENTS[currency])

/** Narrows text from outside to a supported fiat currency. */
export const isFiat = (code: string): code is Fiat => (FIAT_CURRENCIES as readonly string[]).includes(code)

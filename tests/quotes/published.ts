/** What a reader of the JSON can compute from it alone; no code of the program is used here. */
export interface PublishedQuote {
  amount: number
  currency: string
  fees: { total_fees: number }
  guaranteed_payout: number
  payout_currency: string
}

const decimals = (currency: string) => (currency === 'JPY' ? 0n : 2n)

/** floor(net x rate), the rate taken as the decimal text that stands in the JSON. */
export const recomputedPayout = (json: string): bigint => {
  const quote: PublishedQuote = JSON.parse(json)
  const rate = /"exchange_rate":(\d+)(?:\.(\d+))?[,}]/.exec(json)
  if (!rate) throw new Error(`no plain decimal rate in ${json}`)
  const [, whole = '', fraction = ''] = rate
  const net = BigInt(quote.amount - quote.fees.total_fees)
  const up = 10n ** decimals(quote.payout_currency)
  const down = 10n ** (BigInt(fraction.length) + decimals(quote.currency))
  return (net * BigInt(whole + fraction) * up) / down
}

import { afterAll, describe, expect, test } from 'bun:test'
import { FIAT_CURRENCIES } from '../../src/core/currency.ts'
import { startHarness } from '../support/harness.ts'
import { recomputedPayout } from './published.ts'

const harness = await startHarness()
afterAll(() => harness.stop())

const ask = async (from: string, to: string, amount: bigint | number) => {
  const response = await harness.app.handle(
    new Request('http://localhost/quotes', {
      method: 'POST',
      body: JSON.stringify({ from_currency: from, to_currency: to, amount: Number(amount) }),
    }),
  )
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) }
}

const boundOf = (answer: { body: { details: { path: string; message: string }[] } }): number =>
  Number(/\d+$/.exec(answer.body.details[0]?.message ?? '')?.[0])

const PAIRS = FIAT_CURRENCIES.flatMap((from) =>
  FIAT_CURRENCIES.filter((to) => to !== from).map((to) => [from, to] as const),
)

describe('whoever reads a quote can check it', () => {
  test('seed.md’s sample quote, to the cent', async () => {
    const { status, body } = await ask('USD', 'EUR', 100_000)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      amount: 100_000,
      currency: 'USD',
      exchange_rate: 0.92049,
      fees: { platform_fee: 2100, onramp_fee: 1050, offramp_fee: 1575, total_fees: 4725, currency: 'USD' },
      guaranteed_payout: 87_699,
      payout_currency: 'EUR',
      valid_for_seconds: 60,
    })
  })

  test.each(PAIRS)(
    '%s to %s: fees sum up, the published rate gives the published payout, the bounds work',
    async (from, to) => {
      const small = await ask(from, to, 1)
      const large = await ask(from, to, 1e15)
      expect([small.body.error, large.body.error]).toEqual(['AMOUNT_TOO_SMALL', 'AMOUNT_TOO_LARGE'])
      const [minimum, maximum] = [boundOf(small), boundOf(large)]
      for (const amount of [minimum, minimum + 997, 54_321, 99_999, 100_000, 7_654_321, maximum]) {
        const { status, text, body } = await ask(from, to, amount)
        expect(status).toBe(200)
        const { platform_fee, onramp_fee, offramp_fee, total_fees } = body.fees
        expect(platform_fee + onramp_fee + offramp_fee).toBe(total_fees)
        expect([body.amount, body.currency, body.payout_currency]).toEqual([amount, from, to])
        expect(body.guaranteed_payout).toBeGreaterThanOrEqual(1)
        expect(BigInt(body.guaranteed_payout)).toBe(recomputedPayout(text))
      }
      expect((await ask(from, to, minimum - 1)).body.error).toBe('AMOUNT_TOO_SMALL')
      expect((await ask(from, to, maximum + 1)).body.error).toBe('AMOUNT_TOO_LARGE')
    },
  )

  test('the rate that is published is the rate that is kept, digit by digit', async () => {
    const rates = await Promise.all(
      PAIRS.map(async ([from, to]) => {
        const { text, body } = await ask(from, to, 100_000)
        return { id: body.quote_id.slice(6), shown: /"exchange_rate":([\d.]+)/.exec(text)?.[1] }
      }),
    )
    for (const { id, shown } of rates) {
      const [row] = await harness.database.sql`
        select trim_scale(rate)::text as kept, trim_scale(onramp_rate * offramp_rate) - rate as lost
        from quotes where id = ${id}`
      expect(row?.kept).toBe(shown)
      expect(Number(row?.lost)).toBeLessThan(1e-10)
      expect(Number(row?.lost)).toBeGreaterThanOrEqual(0)
    }
  })

  test('yen have no minor unit in either direction', async () => {
    const there = await ask('USD', 'JPY', 100_000)
    // 952.75 dollars at 155.2.
    expect([there.body.exchange_rate, there.body.guaranteed_payout]).toEqual([155.2, 147_866])
    const back = await ask('JPY', 'USD', 155_200)
    // 155200 - 7335 yen at 0.0064432989 are 952.73 dollars and a bit.
    expect([back.body.fees.total_fees, back.body.exchange_rate]).toEqual([7335, 0.0064432989])
    expect(back.body.guaranteed_payout).toBe(95_273)
  })
})

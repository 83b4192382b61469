import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FIAT_CURRENCIES, type Fiat } from '../../src/core/currency.ts'
import { AppError } from '../../src/core/errors.ts'
import { randomIds } from '../../src/core/ids.ts'
import { withTotal } from '../../src/fees/schedule.ts'
import type { Checkpoint } from '../../src/payments/worker.ts'
import { priceQuote } from '../../src/quotes/pricing.ts'
import { createQuoteStore } from '../../src/quotes/store.ts'
import { ledgerDamageIn } from '../chaos/books.ts'
import { ACCOUNT, type Aftermath, ended, statusOf, turn } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { expectBooked } from './support.ts'

const SOURCES = [
  ...['payer', 'refuse_onramp', 'refuse_onramp_once', 'fail_onramp', 'timeout_onramp', 'drop_onramp'],
  ...['refuse_offramp', 'refuse_offramp_once', 'fail_offramp', 'fail_offramp_once', 'drop_offramp'],
]
const DESTINATIONS = ['payee', 'refuse_refund_once', 'fail_refund_once', 'drop_refund']
const CALLER = { accountId: ACCOUNT, requestId: null }

/** One payment of a mix. */
interface Draw {
  source: string
  destination: string
  from: Fiat
  to: Fiat
  amount: number
  /** What a recommendation and the lock add to the quote; null leaves the quote as the service made it. */
  extra: { gas: bigint; riskPremium: bigint; bufferBps: bigint } | null
  /** Turn before which its caller tries to cancel it. */
  cancelAt: number
}

/** The worker that runs this turn dies there. */
interface Crash {
  point: Checkpoint | null
  aftermath: Aftermath
}

const NEVER = 99
const draw: fc.Arbitrary<Draw> = fc.record({
  source: fc.constantFrom(...SOURCES),
  destination: fc.constantFrom(...DESTINATIONS),
  from: fc.constantFrom(...FIAT_CURRENCIES),
  to: fc.constantFrom(...FIAT_CURRENCIES),
  amount: fc.integer({ min: 20_000, max: 50_000_000 }),
  extra: fc.option(
    fc.record({
      gas: fc.bigInt(0n, 500n),
      riskPremium: fc.bigInt(0n, 900n),
      bufferBps: fc.bigInt(0n, 120n),
    }),
  ),
  cancelAt: fc.oneof({ weight: 4, arbitrary: fc.constant(NEVER) }, fc.nat({ max: 2 })),
})
const crash: fc.Arbitrary<Crash> = fc.record({
  point: fc.option(fc.constantFrom('loaded' as const, 'journalled', 'called', 'committed')),
  aftermath: fc.constantFrom('failed' as const, 'killed'),
})
const mix = fc.record({
  payments: fc.array(
    draw.filter(({ from, to }) => from !== to),
    { minLength: 2, maxLength: 8 },
  ),
  crashes: fc.array(crash, { maxLength: 12 }),
})

const plain = (source: string, cancelAt = NEVER): Draw => ({
  source,
  destination: 'payee',
  from: 'USD',
  to: 'EUR',
  amount: 100_000,
  extra: { gas: 12n, riskPremium: 34n, bufferBps: 25n },
  cancelAt,
})
/** One mix that surely reaches every end. */
const EVERY_END = {
  payments: [
    ...['payer', 'refuse_onramp', 'fail_onramp', 'fail_offramp'].map((name) => plain(name)),
    plain('payer', 0),
  ],
  crashes: [],
}

let harness: Harness
let reach: (point: Checkpoint) => void = () => {}
beforeAll(async () => {
  harness = await startHarness({ checkpoint: (point) => reach(point) })
})
afterAll(() => harness.stop())

/** The quote's id, after its fees and its rate have been changed by what the draw adds. */
const quoteFor = async ({ from, to, amount, extra }: Draw): Promise<string> => {
  const { quotes, market } = harness.services
  const request = { from_currency: from, to_currency: to, amount }
  const { quote_id } = await quotes.create(ACCOUNT, request)
  if (!extra) return quote_id
  const store = createQuoteStore(harness.database)
  const found = await store.find(ACCOUNT, quote_id.replace('quote_', ''))
  if (!found) throw new Error(`no quote ${quote_id}`)
  const { quote } = found
  const fees = withTotal({
    platform: quote.platformFee,
    onramp: quote.onrampFee,
    offramp: quote.offrampFee,
    gas: extra.gas,
    riskPremium: extra.riskPremium,
  })
  const terms = priceQuote({
    ...{ from, to, promised: fees, bufferBps: extra.bufferBps },
    amount: quote.amount,
    fromPerUsd: market.mid(from).fiatPerUsd,
    onrampRate: quote.onrampRate,
    offrampRate: quote.offrampRate,
  })
  const id = randomIds.uuid()
  await store.insert({
    ...quote,
    id,
    rate: terms.rate,
    payout: terms.payout,
    usdcAmount: terms.usdcAmount,
    gasCost: fees.gas,
    riskPremium: fees.riskPremium,
    lockBufferBps: Number(extra.bufferBps),
  })
  return `quote_${id}`
}

const payFor = async (drawn: Draw): Promise<string> => {
  const { amount, to: currency, source: source_account, destination: destination_account } = drawn
  const request = { amount, currency, source_account, destination_account, quote_id: await quoteFor(drawn) }
  return (await harness.services.payments.accept(CALLER, request, undefined)).body.payment_id
}

const tryToCancel = async (id: string): Promise<void> => {
  try {
    await harness.services.payments.cancel(CALLER, id)
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'INVALID_STATE')) throw error
  }
}

const expectConserved = async (ids: readonly string[]): Promise<void> => {
  expect(await ledgerDamageIn(harness.database.sql)).toEqual({})
  for (const id of ids) await expectBooked(harness, id)
}

test('whatever mix of successes, refusals, late failures, refunds, cancellations and crashes there is, no money is made or lost', async () => {
  const ends = new Set<string>()
  await fc.assert(
    fc.asyncProperty(mix, async ({ payments, crashes }) => {
      const ids = await Promise.all(payments.map(payFor))
      const over = ended(harness, ids)
      for (let step = 0; !(await over()); step++) {
        if (step > 60) throw new Error('the payments do not end')
        for (const [index, { cancelAt }] of payments.entries())
          if (cancelAt === step) await tryToCancel(ids[index] ?? '')
        const { point = null, aftermath = 'failed' } = crashes[step] ?? {}
        reach = (reached) => {
          if (reached === point) throw new Error(`died at ${point}`)
        }
        await turn(harness, aftermath)
        await expectConserved(ids)
      }
      for (const id of ids) ends.add(await statusOf(harness, id))
    }),
    // A smaller mix would meet the damage that the first one has left in the database.
    { numRuns: 15, examples: [[EVERY_END]], endOnFailure: true },
  )
  expect([...ends].sort()).toEqual(['CANCELLED', 'COMPLETED', 'FAILED', 'REFUNDED'])
}, 120_000)

import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { FIAT_CURRENCIES } from '../../src/core/currency.ts'
import { convertDown, costOf } from '../../src/core/money.ts'
import { lessBps, multiplyDown, parseRate, type Rate } from '../../src/core/rate.ts'
import { CHART, LEDGER_ACCOUNTS } from '../../src/ledger/chart.ts'
import { type Cause, type Entry, type Executed, postingsOf, type Terms } from '../../src/ledger/postings.ts'
import { type Event, isTerminal, type Status, TRANSITIONS } from '../../src/payments/transitions.ts'
import { balancesIn, balancesOf, withoutResult } from './books.ts'

/** 1,000.00 USD into EUR, by the fee schedule; at the quoted rate the payout costs 952,742,562 of the USDC. */
const TERMS: Terms = {
  currency: 'USD',
  amount: 100_000n,
  net: 95_275n,
  fees: { platform: 2_100n, onramp: 1_050n, offramp: 1_575n, gas: 0n, riskPremium: 0n },
  payoutCurrency: 'EUR',
  payout: 87_699n,
  usdcAmount: 952_750_000n,
  offrampRate: parseRate('0.92049'),
}
const EXECUTED: Executed = { received: 952_750_000n, spent: 953_471_532n }

const lines = (event: Event, terms = TERMS, executed = EXECUTED) =>
  postingsOf(event, terms, executed).map(
    ({ account, currency, amount }) => `${account} ${currency} ${amount}`,
  )

describe('what each transition writes', () => {
  const HANDED_IN = [
    'payer USD -100000',
    'customer_funds USD 100000',
    'customer_funds USD -95275',
    'onramp_clearing USD 95275',
  ]
  const REFUND_DUE = [
    'usdc_in_transit USDC -952750000',
    'liquidity USDC 952750000',
    'liquidity USD -95275',
    'refunds USD 95275',
  ]
  const EXPECTED: Record<Event, string[]> = {
    onramp_accepted: HANDED_IN,
    onramp_refused: [],
    cancelled: [],
    onramp_settled: [
      'onramp_clearing USD -95275',
      'liquidity USD 95275',
      'liquidity USDC -952750000',
      'usdc_in_transit USDC 952750000',
    ],
    onramp_failed: [
      'payer USD 100000',
      'customer_funds USD -100000',
      'customer_funds USD 95275',
      'onramp_clearing USD -95275',
    ],
    offramp_accepted: ['liquidity EUR -87699', 'payout_clearing EUR 87699'],
    offramp_refused: REFUND_DUE,
    offramp_settled: [
      'payout_clearing EUR -87699',
      'payee EUR 87699',
      'usdc_in_transit USDC -952750000',
      'liquidity USDC 953471532',
      'fx_spread USDC 7438',
      'fx_gain_loss USDC -728970',
      'customer_funds USD -4725',
      'platform_fees USD 2100',
      'provider_fees USD 1050',
      'provider_fees USD 1575',
    ],
    offramp_failed: ['liquidity EUR 87699', 'payout_clearing EUR -87699'],
    offramp_exhausted: ['liquidity EUR 87699', 'payout_clearing EUR -87699', ...REFUND_DUE],
    refund_settled: ['refunds USD -95275', 'payer USD 95275', 'customer_funds USD -4725', 'payer USD 4725'],
  }
  test.each(Object.entries(EXPECTED))('%s', (event, expected) => {
    expect(lines(event as Event)).toEqual(expected)
  })

  test('gas and risk premium have lines of their own where a recommendation charges them', () => {
    const fees = { ...TERMS.fees, gas: 12n, riskPremium: 34n }
    const written = lines('offramp_settled', { ...TERMS, fees, net: TERMS.net - 46n })
    expect(written.slice(-6)).toEqual([
      'customer_funds USD -4771',
      'platform_fees USD 2100',
      'provider_fees USD 1050',
      'provider_fees USD 1575',
      'network_gas USD 12',
      'risk_premiums USD 34',
    ])
  })

  test('a leg whose executed amount is missing is an error, never a guess', () => {
    const none = { received: null, spent: null }
    for (const event of [
      'onramp_settled',
      'offramp_settled',
      'offramp_refused',
      'offramp_exhausted',
    ] as const)
      expect(() => postingsOf(event, TERMS, none)).toThrow('the ledger needs the USDC amount of the on-ramp')
    expect(() => postingsOf('offramp_settled', TERMS, { ...EXECUTED, spent: null })).toThrow('off-ramp')
  })
})

/** Everything that moves money. */
const CAUSES: Cause[] = [...TRANSITIONS.map(({ event }) => event), 'payout_returned']

const MOST = BigInt(Number.MAX_SAFE_INTEGER)
const some = fc.bigInt(1n, MOST)
const fee = fc.oneof(fc.constant(0n), fc.bigInt(0n, 1_000_000n))
const rate = fc.bigInt(1n, 10n ** 14n).map((units) => units as Rate)
const pair = fc
  .uniqueArray(fc.constantFrom(...FIAT_CURRENCIES), { minLength: 2, maxLength: 2 })
  .map(([from = 'USD', to = 'EUR']) => ({ from, to }))

const terms: fc.Arbitrary<Terms> = fc
  .record({
    pair,
    net: some,
    fees: fc.record({ platform: fee, onramp: fee, offramp: fee, gas: fee, riskPremium: fee }),
    payout: some,
    usdcAmount: some,
    offrampRate: rate,
  })
  .map(({ pair: { from, to }, net, fees, ...rest }) => ({
    ...rest,
    net,
    fees,
    currency: from,
    payoutCurrency: to,
    amount: net + fees.platform + fees.onramp + fees.offramp + fees.gas + fees.riskPremium,
  }))
const executed = fc.record({ received: some, spent: some })

const currencySums = (entries: readonly Entry[]) =>
  balancesOf(entries.map((entry) => ({ ...entry, account: 'all' })))

describe('for any quote and any executed amounts', () => {
  test('every entry set sums to zero in each currency, and no line is zero', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CAUSES), terms, executed, (event, quoted, amounts) => {
        const entries = postingsOf(event, quoted, amounts)
        expect(currencySums(entries)).toEqual({})
        expect(entries.every(({ amount }) => amount !== 0n)).toBe(true)
      }),
    )
  })

  test('each account is used, and kept in the currency that the chart says', () => {
    const used = new Set<string>()
    fc.assert(
      fc.property(terms, executed, (quoted, amounts) => {
        const codes = { source: quoted.currency, target: quoted.payoutCurrency, usdc: 'USDC' }
        for (const event of CAUSES)
          for (const { account, currency } of postingsOf(event, quoted, amounts)) {
            const { side } = CHART[account]
            expect(side === 'each' ? Object.values(codes) : [codes[side]]).toContain(currency)
            used.add(account)
          }
      }),
    )
    expect([...used].sort()).toEqual(LEDGER_ACCOUNTS.toSorted())
  })

  test('on every legal way through the states the balances are what the state says, and clear at its end', () => {
    const clearing = LEDGER_ACCOUNTS.filter((account) => CHART[account].clears)
    const ends = new Set<Status>()
    fc.assert(
      fc.property(
        terms,
        executed,
        fc.array(fc.nat({ max: 11 }), { minLength: 20, maxLength: 20 }),
        (quoted, amounts, turns) => {
          let status: Status = 'PENDING'
          const journal: Entry[] = []
          for (const turn of turns) {
            const ways = TRANSITIONS.filter(({ from }) => from === status)
            const taken = ways[turn % ways.length]
            if (!taken) break
            journal.push(...postingsOf(taken.event, quoted, amounts))
            status = taken.to
            const [balances, result] = withoutResult(balancesOf(journal))
            expect([status, balances]).toEqual([status, balancesIn(status, quoted, amounts)])
            expect(result).toBe(status === 'COMPLETED' ? amounts.received - amounts.spent : 0n)
          }
          if (!isTerminal(status)) return
          ends.add(status)
          const names = Object.keys(balancesOf(journal)).map((name) => name.split(' ')[0])
          expect(clearing.filter((account) => names.includes(account))).toEqual([])
        },
      ),
      { numRuns: 500 },
    )
    expect([...ends].sort()).toEqual(['CANCELLED', 'COMPLETED', 'FAILED', 'REFUNDED'])
  })
})

describe('what is left of the USDC', () => {
  /** Terms as a quote makes them: rate and payout rounded down, the buffer off the rate. */
  const quotes = fc
    .record({
      pair,
      net: fc.bigInt(1_000n, 10n ** 11n),
      onrampRate: fc.bigInt(10n ** 7n, 10n ** 11n),
      offrampRate: fc.bigInt(10n ** 9n, 10n ** 13n),
      bufferBps: fc.bigInt(0n, 200n),
    })
    .map(({ pair: { from, to }, net, onrampRate, offrampRate, bufferBps }) => {
      const locked = lessBps(multiplyDown(onrampRate as Rate, offrampRate as Rate), bufferBps)
      return {
        bufferBps,
        terms: {
          ...TERMS,
          currency: from,
          payoutCurrency: to,
          net,
          payout: convertDown(net, from, to, locked),
          usdcAmount: convertDown(net, from, 'USDC', onrampRate as Rate),
          offrampRate: offrampRate as Rate,
        },
      }
    })
    .filter(({ terms: { payout, usdcAmount } }) => payout > 0n && usdcAmount > 0n)

  const resultOf = (quoted: Terms, amounts: Executed) => {
    const balances = balancesOf(postingsOf('offramp_settled', quoted, amounts))
    return { spread: balances['fx_spread USDC'] ?? 0n, gain: balances['fx_gain_loss USDC'] ?? 0n }
  }

  test('is all spread and no gain when both legs execute as quoted', () => {
    fc.assert(
      fc.property(quotes, ({ terms: quoted }) => {
        const spent = costOf(quoted.payout, 'USDC', quoted.payoutCurrency, quoted.offrampRate)
        const { spread, gain } = resultOf(quoted, { received: quoted.usdcAmount, spent })
        expect(gain).toBe(0n)
        // One unit short at the most: the cost is rounded up, the amount down.
        expect(spread).toBeGreaterThanOrEqual(-1n)
      }),
    )
  })

  test('is at least the buffer that the quote took off its rate', () => {
    fc.assert(
      fc.property(quotes, ({ terms: quoted, bufferBps }) => {
        const { spread } = resultOf(quoted, EXECUTED)
        expect(spread + 1n).toBeGreaterThanOrEqual((quoted.usdcAmount * bufferBps) / 10_000n)
      }),
    )
  })

  test('changes by exactly what the market changed: the spread stays, the gain takes it', () => {
    fc.assert(
      fc.property(quotes, executed, some, ({ terms: quoted }, amounts, more) => {
        const [before, after] = [
          resultOf(quoted, amounts),
          resultOf(quoted, { ...amounts, spent: amounts.spent + more }),
        ]
        expect(after).toEqual({ spread: before.spread, gain: before.gain - more })
      }),
    )
  })
})

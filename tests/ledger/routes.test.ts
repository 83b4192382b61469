import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { PaymentLedger } from '../../src/ledger/model.ts'
import type { Payment } from '../../src/payments/model.ts'
import { drive, pay, turn } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startHarness()
})
afterAll(() => harness.stop())

const shown = async (id: string): Promise<{ payment: Payment; ledger: PaymentLedger }> => {
  const [payment, ledger] = [
    await harness.call('GET', `/payments/${id}`),
    await harness.call('GET', `/payments/${id}/ledger`),
  ]
  expect([payment.status, ledger.status]).toEqual([200, 200])
  return { payment: payment.body, ledger: ledger.body }
}

describe('GET /payments/:id/ledger', () => {
  test('of a completed payment: every entry in order, at the time of its change, with the balances and the result', async () => {
    const id = await pay(harness)
    await drive(harness, [id])
    const { payment, ledger } = await shown(id)
    const { received, spent, difference } = payment.usdc as {
      received: number
      spent: number
      difference: number
    }
    const times = new Map(payment.state_history.map(({ sequence, timestamp }) => [sequence, timestamp]))
    const lines: [sequence: number, line: number, account: string, currency: string, amount: number][] = [
      [2, 1, 'payer', 'USD', -100_000],
      [2, 2, 'customer_funds', 'USD', 100_000],
      [2, 3, 'customer_funds', 'USD', -95_275],
      [2, 4, 'onramp_clearing', 'USD', 95_275],
      [3, 1, 'onramp_clearing', 'USD', -95_275],
      [3, 2, 'liquidity', 'USD', 95_275],
      [3, 3, 'liquidity', 'USDC', -received],
      [3, 4, 'usdc_in_transit', 'USDC', received],
      [4, 1, 'liquidity', 'EUR', -87_699],
      [4, 2, 'payout_clearing', 'EUR', 87_699],
      [5, 1, 'payout_clearing', 'EUR', -87_699],
      [5, 2, 'payee', 'EUR', 87_699],
      [5, 3, 'usdc_in_transit', 'USDC', -received],
      [5, 4, 'liquidity', 'USDC', spent],
      [5, 5, 'fx_spread', 'USDC', 7_438],
      [5, 6, 'fx_gain_loss', 'USDC', difference - 7_438],
      [5, 7, 'customer_funds', 'USD', -4_725],
      [5, 8, 'platform_fees', 'USD', 2_100],
      [5, 9, 'provider_fees', 'USD', 1_050],
      [5, 10, 'provider_fees', 'USD', 1_575],
    ]
    expect(ledger).toEqual({
      payment_id: id,
      status: 'COMPLETED',
      entries: lines.map(([sequence, line, account, currency, amount]) => ({
        ...{ sequence, line, currency, amount },
        account: account as 'payer',
        timestamp: times.get(sequence) ?? '',
      })),
      balances: [
        { account: 'payer', currency: 'USD', balance: -100_000 },
        { account: 'liquidity', currency: 'USD', balance: 95_275 },
        { account: 'liquidity', currency: 'USDC', balance: -difference },
        { account: 'liquidity', currency: 'EUR', balance: -87_699 },
        { account: 'payee', currency: 'EUR', balance: 87_699 },
        { account: 'platform_fees', currency: 'USD', balance: 2_100 },
        { account: 'provider_fees', currency: 'USD', balance: 2_625 },
        { account: 'fx_spread', currency: 'USDC', balance: 7_438 },
        { account: 'fx_gain_loss', currency: 'USDC', balance: difference - 7_438 },
      ],
      realised: { fx_spread: 7_438, fx_gain_loss: difference - 7_438, currency: 'USDC' },
    })
  })

  test('of a payment on its way: what it has moved so far, and no result yet', async () => {
    const id = await pay(harness)
    await turn(harness)
    const { ledger } = await shown(id)
    expect(ledger).toMatchObject({ status: 'ONRAMP_PENDING', realised: null })
    expect(ledger.entries).toHaveLength(4)
    expect(ledger.balances).toEqual([
      { account: 'payer', currency: 'USD', balance: -100_000 },
      { account: 'customer_funds', currency: 'USD', balance: 4_725 },
      { account: 'onramp_clearing', currency: 'USD', balance: 95_275 },
    ])
    await drive(harness, [id])
  })

  test('of a refunded payment: all of its entries, and no balance left', async () => {
    const id = await pay(harness, 'refuse_offramp')
    await drive(harness, [id])
    const { ledger } = await shown(id)
    expect(ledger).toMatchObject({ status: 'REFUNDED', balances: [], realised: null })
    expect(ledger.entries.slice(-4)).toMatchObject([
      { account: 'refunds', currency: 'USD', amount: -95_275 },
      { account: 'payer', currency: 'USD', amount: 95_275 },
      { account: 'customer_funds', currency: 'USD', amount: -4_725 },
      { account: 'payer', currency: 'USD', amount: 4_725 },
    ])
  })
})

import { describe, expect, test } from 'bun:test'
import { absorb, fits } from '../../src/dashboard/page/pages/payments/rows.ts'
import type { PaymentSummary } from '../../src/payments/model.ts'

const payment = (change: Partial<PaymentSummary>) =>
  ({
    payment_id: '0198c3a2-7f1e-7d4b-9a55-1f2e3d4c5b6a',
    quote_id: 'quote_0198c3a2-7f1e-7d4b-9a55-000000000000',
    status: 'PENDING',
    sequence: 1,
    source_account: 'Ada’s Shop',
    destination_account: 'merchant456',
    ...change,
  }) as PaymentSummary

const always = () => true

describe('the live list', () => {
  test('an older state never replaces a newer one, whichever way it came', () => {
    const known = new Map<string, PaymentSummary>()
    expect(absorb(known, [payment({ sequence: 3, status: 'ONRAMP_COMPLETE' })], always)).toBe(true)
    expect(absorb(known, [payment({ sequence: 2, status: 'ONRAMP_PENDING' })], always)).toBe(false)
    expect(absorb(known, [payment({ sequence: 3, status: 'FAILED' })], always)).toBe(false)
    expect([...known.values()].map(({ status }) => status)).toEqual(['ONRAMP_COMPLETE'])
  })

  test('a payment that fits the filter no longer goes, and one that never did changes nothing', () => {
    const known = new Map<string, PaymentSummary>()
    const pending = (each: PaymentSummary) => fits(each, { status: 'PENDING', search: '' })
    absorb(known, [payment({})], pending)
    expect(absorb(known, [payment({ sequence: 2, status: 'ONRAMP_PENDING' })], pending)).toBe(true)
    expect(known.size).toBe(0)
    expect(absorb(known, [payment({ sequence: 3, status: 'ONRAMP_COMPLETE' })], pending)).toBe(false)
  })

  test.each([
    ['0198c3a2-7f1e-7d4b-9a55-1f2e3d4c5b6a', true],
    ['0198C3A2-7F1E-7D4B-9A55-1F2E3D4C5B6A', true],
    ['quote_0198c3a2-7f1e-7d4b-9a55-000000000000', true],
    ['0198c3a2-7f1e-7d4b-9a55-000000000000', true],
    ['0198c3a2', false],
    ['ada’s', true],
    ['ANT45', true],
    ['  merchant  ', true],
    ['nobody', false],
  ])('it judges a search as the API does: %p %p', (search, found) => {
    expect(fits(payment({}), { status: '', search })).toBe(found)
  })
})

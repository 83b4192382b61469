import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Operation, Outcome } from '../../src/providers/port.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { fakeProvider } from './fake-provider.ts'
import { drive, pay, quoted, turn } from './support.ts'

describe('what a provider is told of an operation', () => {
  let harness: Harness
  let waiting = true
  const bank = fakeProvider('bank', ({ kind, operation }, books): Outcome => {
    const outcome = books()
    if (operation.sourceAccount !== 'waits' || operation.leg !== 'onramp' || !waiting) return outcome
    const reference = `ref_${operation.key}`
    const instructions = kind === 'initiate' ? { deposit_message: 'BVI7depWm' } : {}
    return { kind: 'accepted', reference, checkAfterMs: 0, instructions }
  })
  beforeAll(async () => {
    harness = await startHarness({ providers: [bank.provider] })
  })
  afterAll(() => harness.stop())

  const toldOf = (paymentId: string): Operation[] =>
    bank.calls.map(({ operation }) => operation).filter((operation) => operation.paymentId === paymentId)

  test('grows with what is known: the reference, whether it was sent before, and how long ago', async () => {
    const id = await pay(harness)
    await turn(harness)
    await harness.database.sql`
      update provider_operations set submitted_at = submitted_at - interval '1 hour' where payment_id = ${id}`
    await drive(harness, [id])
    const [first, later] = toldOf(id)
    expect(first).toMatchObject({ accountId: 'demo', reference: null, sentBefore: false, ageMs: 0 })
    expect(later).toMatchObject({ key: first?.key ?? '', reference: `ref_${first?.key}`, sentBefore: true })
    expect(later?.ageMs).toBeGreaterThanOrEqual(3_600_000)
  })

  test('is fast where the recommendation was express, and else standard', async () => {
    const wish = { amount: 100_000, from_currency: 'USD', to_currency: 'EUR' }
    const speedFor = async (priority: string): Promise<string | undefined> => {
      const { body } = await harness.call('POST', '/fees/calculate', { ...wish, priority })
      const quote = await harness.call('POST', '/quotes', {
        ...wish,
        recommendation_id: body.recommendation_id,
      })
      const request = { ...(await quoted(harness)), quote_id: quote.body.quote_id }
      const paid = await harness.call('POST', '/payments', request)
      await drive(harness, [paid.body.payment_id])
      return toldOf(paid.body.payment_id)[0]?.speed
    }
    expect([await speedFor('express'), await speedFor('standard'), await speedFor('economy')]).toEqual([
      'fast',
      'standard',
      'standard',
    ])
  })

  test('comes back to the payer: where to send the money, for as long as the provider waits for it', async () => {
    const id = await pay(harness, 'waits')
    const shown = async () => (await harness.call('GET', `/payments/${id}`)).body.legs[0].instructions
    await turn(harness)
    expect(await shown()).toEqual({ deposit_message: 'BVI7depWm' })
    await turn(harness)
    expect(await shown()).toEqual({ deposit_message: 'BVI7depWm' })
    waiting = false
    await drive(harness, [id])
    expect(await shown()).toBeNull()
  })
})

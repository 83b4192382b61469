import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Provider } from '../../src/providers/port.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { fakeProvider } from './fake-provider.ts'
import { drive, ended, expectSound, pay, snapshot, turn, until } from './support.ts'

const KEY = { account_id: 'demo' }

/** A bank that sends back the payouts of the payments named in `back`, and says so in its records too. */
const forgetfulBank = (back: ReadonlySet<string>): Provider => {
  const fake = fakeProvider('bank', ({ operation }, books) =>
    operation.leg === 'offramp' && back.has(operation.paymentId)
      ? { kind: 'refused', reason: 'route', message: 'the account is closed' }
      : books(),
  )
  const isBack = (key: string) => {
    const call = fake.calls.find(({ operation }) => operation.key === key)
    return call?.operation.leg === 'offramp' && back.has(call.operation.paymentId)
  }
  return {
    ...fake.provider,
    records: async function* (window, signal) {
      for await (const page of fake.provider.records(window, signal))
        yield page.map((record) =>
          isBack(record.key) ? { ...record, state: 'refused' as const, settledAmount: null } : record,
        )
    },
  }
}

describe('a payout that comes back after the payment was completed', () => {
  let harness: Harness
  let id: string
  let completedAt: string
  const back = new Set<string>()
  beforeAll(async () => {
    harness = await startHarness({ providers: [forgetfulBank(back)] })
    id = await pay(harness)
    await drive(harness, [id])
    completedAt = (await shown()).completed_at
  })
  afterAll(() => harness.stop())

  const shown = async () => (await harness.call('GET', `/payments/${id}`)).body
  const eventTypes = async () => {
    const rows = await harness.database.sql<{ type: string }[]>`
      select type from webhook_events where payment_id = ${id} order by sequence`
    return rows.map(({ type }) => type)
  }

  test('is asked about for no reason only in vain: nothing changes while it stands', async () => {
    const before = await snapshot(harness.database.sql)
    await harness.services.payments.takeUp([{ ...KEY, payment_id: id }])
    expect(await turn(harness)).toBe(false)
    const jobless = (text: string) => ({ ...JSON.parse(text), jobs: null })
    expect(jobless(await snapshot(harness.database.sql))).toEqual(jobless(before))
  })

  test('is found by the reconciliation, which looks again at the payment', async () => {
    back.add(id)
    const { findings } = await harness.services.reconcile.run(2)
    expect(findings).toMatchObject([{ kind: 'payout_returned', payment_id: id }])
    await harness.services.payments.takeUp([{ ...KEY, payment_id: id }])
    await turn(harness)
    expect(await shown()).toMatchObject({
      status: 'COMPLETED',
      completed_at: completedAt,
      exception: 'needs_review',
      paid_out: null,
      returned_at: expect.any(String),
      failure_reason: 'The payout came back from bank: the account is closed',
    })
  })

  test('is told to receivers by an event of its own, with what was paid out taken back', async () => {
    expect((await eventTypes()).at(-1)).toBe('payment.returned')
    const [event] = await harness.database.sql<{ body: string }[]>`
      select body from webhook_events where payment_id = ${id} and type = 'payment.returned'`
    expect(JSON.parse(event?.body ?? '').data).toMatchObject({ status: 'COMPLETED', paid_out: null })
  })

  test('is in the ledger: the payee has nothing, and we hold what came back', async () => {
    const { body } = await harness.call('GET', `/payments/${id}/ledger`)
    const balance = (account: string) =>
      body.balances.find((each: { account: string }) => each.account === account)?.balance
    const payment = await shown()
    expect(balance('payee')).toBeUndefined()
    expect(balance('returned_payouts')).toBe(payment.guaranteed_payout)
  })

  test('counts as a result of the day on which it was paid, and not again when it came back', async () => {
    const { sql } = harness.database
    // The ledger is append-only, so time is moved behind its back.
    await sql.begin(async (tx) => {
      await tx`set local session_replication_role = replica`
      await tx`update ledger_entries set at = at - interval '1 day'
        where payment_id = ${id} and version < (select version from payments where id = ${id})`
    })
    const { realised } = (await harness.call('GET', '/treasury/exposure?days=7')).body
    expect(realised).toMatchObject([{ payments: 1 }])
  })

  test('leaves books that agree, keeps its end, and is told once however often it is looked at', async () => {
    const before = await shown()
    for (let n = 0; n < 3; n++) {
      await harness.services.payments.takeUp([{ ...KEY, payment_id: id }])
      await turn(harness)
    }
    expect(await shown()).toEqual(before)
    expect((await harness.services.reconcile.run(2)).findings).toEqual([])
    await expectSound(harness, id)
  })

  const review = (body: object, of = id) => harness.call('POST', `/payments/${of}/review`, body)

  test('keeps its mark until a person says what was decided, which the audit trail and receivers are told', async () => {
    for (const body of [{}, { note: '' }, { note: 'a\u0000b' }, { note: 'x'.repeat(201) }]) {
      const { status, body: answer } = await review(body)
      expect([status, answer.details?.[0]?.path]).toEqual([400, '/note'])
    }
    const before = await shown()
    expect(before.exception).toBe('needs_review')
    const { status, body } = await review({ note: 'Paid by hand' })
    expect(status).toBe(200)
    const { exception, sequence, updated_at, ...rest } = before
    expect(body).toMatchObject({ ...rest, exception: 'none', sequence: sequence + 1 })
    const { entries } = (await harness.call('GET', `/payments/${id}/audit`)).body
    expect(entries.at(-1)).toMatchObject({
      message: 'Reviewed: Paid by hand',
      actor: 'api',
      exception: 'none',
    })
    expect((await eventTypes()).at(-1)).toBe('payment.updated')
    await expectSound(harness, id)
  })

  test('is not marked again by the next look, and there is nothing more to review', async () => {
    await harness.services.payments.takeUp([{ ...KEY, payment_id: id }])
    await turn(harness)
    expect((await shown()).exception).toBe('none')
    expect((await harness.services.reconcile.run(2)).findings).toEqual([])
    expect((await review({ note: 'again' })).body.error).toBe('INVALID_STATE')
    const live = await pay(harness)
    expect((await review({ note: 'early' }, live)).body.error).toBe('INVALID_STATE')
  })
})

test('a mark whose trouble goes on cannot be taken off: the next step would set it again', async () => {
  const harness = await startHarness()
  const id = await pay(harness)
  const { sql } = harness.database
  await sql`update payments set exception = 'needs_review' where id = ${id}`
  const { status, body } = await harness.call('POST', `/payments/${id}/review`, { note: 'looked' })
  expect([status, body.error]).toEqual([409, 'INVALID_STATE'])
  expect(body.message).toContain('it is PENDING')
  await harness.stop()
})

test('the hourly comparison of the books is enough for the program to notice by itself', async () => {
  const back = new Set<string>()
  const harness = await startHarness({ providers: [forgetfulBank(back)], workers: true })
  const id = await pay(harness)
  await until(ended(harness, [id]))
  back.add(id)
  await harness.boss.send('books', null)
  await until(async () => (await harness.call('GET', `/payments/${id}`)).body.returned_at !== null)
  await harness.stop()
})

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomIds } from '../../src/core/ids.ts'
import { changeOf } from '../../src/payments/changes.ts'
import { decide, settle } from '../../src/payments/lifecycle.ts'
import { type Change, commitChanges } from '../../src/payments/sql/commit.ts'
import type { Checkpoint } from '../../src/payments/worker.ts'
import { AB, OUTCOMES, TIMING } from '../payments/lifecycle-fixtures.ts'
import { type Aftermath, claim, drive, ended, pay, statusOf, turn } from '../payments/support.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { balancesOf } from './books.ts'
import { entriesOf, expectBooked, termsOf } from './support.ts'

let harness: Harness
let reach: (point: Checkpoint) => Promise<void> | void = () => {}
beforeAll(async () => {
  harness = await startHarness({ checkpoint: (point) => reach(point) })
})
afterAll(() => harness.stop())

/** Runs batches until the payment has ended, and looks at its ledger after each. */
const driveBooked = async (id: string): Promise<void> => {
  const over = ended(harness, [id])
  for (let turns = 0; !(await over()); turns++) {
    if (turns > 40) throw new Error('the payment does not end')
    await turn(harness)
    await expectBooked(harness, id)
  }
}

const setsOf = async (id: string) =>
  [...Map.groupBy(await entriesOf(harness, id), ({ version }) => version)].map(
    ([version, lines]) => [version, lines.length] as const,
  )

describe('after each step of its life the ledger is what the state says, for a payment', () => {
  const LIVES: Record<string, [source: string, destination: string, end: string, sets: number]> = {
    'that goes well': ['payer', 'payee', 'COMPLETED', 4],
    'that every on-ramp refuses': ['refuse_onramp', 'payee', 'FAILED', 0],
    'whose second on-ramp accepts': ['refuse_onramp_once', 'payee', 'COMPLETED', 4],
    'whose on-ramp fails at settlement': ['fail_onramp', 'payee', 'FAILED', 2],
    'whose off-ramp fails over': ['fail_offramp_once', 'payee', 'COMPLETED', 6],
    'whose off-ramps all fail': ['fail_offramp', 'payee', 'REFUNDED', 9],
    'whose off-ramps all refuse': ['refuse_offramp', 'payee', 'REFUNDED', 4],
    'whose refund is refused at first': ['refuse_offramp', 'refuse_refund_once', 'REFUNDED', 4],
    'whose on-ramp request is lost': ['timeout_onramp', 'payee', 'COMPLETED', 4],
    'whose on-ramp answer is lost': ['drop_onramp', 'payee', 'COMPLETED', 4],
    'whose off-ramp answer is lost': ['drop_offramp', 'payee', 'COMPLETED', 4],
    'whose refund answer is lost': ['refuse_offramp', 'drop_refund', 'REFUNDED', 4],
  }
  test.each(Object.entries(LIVES))('%s', async (_name, [source, destination, end, sets]) => {
    const id = await pay(harness, source, destination)
    await expectBooked(harness, id)
    await driveBooked(id)
    expect([await statusOf(harness, id), (await setsOf(id)).length]).toEqual([end as 'COMPLETED', sets])
  })

  test('that is cancelled: it has none', async () => {
    const id = await pay(harness)
    expect((await harness.call('POST', `/payments/${id}/cancel`)).status).toBe(200)
    await turn(harness)
    await expectBooked(harness, id)
    expect(await setsOf(id)).toEqual([])
  })
})

test('a completed payment shows fees as quoted, both executed amounts and what the lock made of them', async () => {
  const id = await pay(harness)
  await drive(harness, [id])
  const { executed } = await termsOf(harness, id)
  const { received = 0n, spent = 0n } = executed as { received: bigint; spent: bigint }
  // The payout costs 952,742,562 at the quoted 0.92049; the quote was for 952,750,000.
  expect(balancesOf(await entriesOf(harness, id))).toEqual({
    'payer USD': -100_000n,
    'payee EUR': 87_699n,
    'liquidity USD': 95_275n,
    'liquidity USDC': spent - received,
    'liquidity EUR': -87_699n,
    'platform_fees USD': 2_100n,
    'provider_fees USD': 2_625n,
    'fx_spread USDC': 7_438n,
    'fx_gain_loss USDC': received - spent - 7_438n,
  })
})

/** The change that a provider's acceptance makes of a pending payment, with the payer's money in it. */
const accepted = async (id: string): Promise<Change> => {
  const { payment } = await termsOf(harness, id)
  const effect = settle(payment, decide(payment, AB), OUTCOMES.accepted, AB, TIMING)
  const cause = { actor: 'worker' as const, jobId: null, requestId: null, attempt: payment.attempt }
  return changeOf(payment, effect, cause, randomIds)
}
const commit = (...changes: Change[]) => harness.database.sql.begin((tx) => commitChanges(tx, changes))

describe('entries are written exactly once', () => {
  for (const stale of [
    { from_status: 'ONRAMP_PENDING' },
    { version: 2 },
    { attempt: 1 },
    { account_id: 'somebody_else' },
  ])
    test(`and not at all by a writer that has another ${Object.keys(stale)}`, async () => {
      const id = await pay(harness)
      const change = await accepted(id)
      expect(change.entries).toHaveLength(4)
      expect((await commit({ ...change, ...stale })).moved).toEqual(new Set())
      expect(await setsOf(id)).toEqual([])
    })

  test('when ten writers make the same change at once, and again afterwards', async () => {
    const id = await pay(harness)
    const change = await accepted(id)
    const again = () => commit({ ...change, event_id: randomIds.uuid() })
    const results = await Promise.all(Array.from({ length: 10 }, again))
    expect(results.filter(({ moved }) => moved.has(id))).toHaveLength(1)
    expect((await again()).moved).toEqual(new Set())
    expect(await setsOf(id)).toEqual([[2, 4]])
    await expectBooked(harness, id)
  })

  test('for the payments of a batch that moved, and not for one that did not', async () => {
    const [first, second] = [await pay(harness), await pay(harness)]
    await commit(await accepted(first), { ...(await accepted(second)), version: 7 })
    expect([await setsOf(first), await setsOf(second)]).toEqual([[[2, 4]], []])
  })

  for (const point of ['loaded', 'journalled', 'called', 'committed'] as Checkpoint[])
    for (const aftermath of ['failed', 'killed'] as Aftermath[])
      test(`when every other batch dies at '${point}' (its jobs are ${aftermath})`, async () => {
        const ids = await Promise.all(
          ['payer', 'fail_offramp_once', 'fail_onramp', 'fail_offramp'].map((source) => pay(harness, source)),
        )
        let visits = 0
        reach = (reached) => {
          if (reached === point && visits++ % 2 === 0) throw new Error(`died at ${point}`)
        }
        await drive(harness, ids, aftermath)
        reach = () => {}
        expect(visits).toBeGreaterThan(4)
        for (const id of ids) await expectBooked(harness, id)
      })

  test('together with their change: when they cannot be written, nothing is', async () => {
    const id = await pay(harness)
    const jobs = await claim(harness)
    await harness.database.sql`alter table ledger_entries add constraint forced check (false) not valid`
    try {
      await expect(harness.services.runSteps(jobs)).rejects.toThrow('forced')
    } finally {
      await harness.database.sql`alter table ledger_entries drop constraint forced`
    }
    expect([await statusOf(harness, id), await setsOf(id)]).toEqual(['PENDING', []])
    await harness.boss.fail('payment', jobs)
    await driveBooked(id)
  })

  test('and what the database refuses at commit takes its own change with it, and no other of the batch', async () => {
    const [good, bad] = [await pay(harness), await pay(harness)]
    const { sql } = harness.database
    await sql.unsafe(`
      create function spoil() returns trigger language plpgsql as $$
        begin new.amount := new.amount + 1; return new; end $$;
      create trigger spoilt before insert on ledger_entries for each row
        when (new.payment_id = '${bad}' and new.line = 1) execute function spoil()`)
    const jobs = await claim(harness)
    try {
      await expect(harness.services.runSteps(jobs)).rejects.toThrow(
        `the ledger entries of payment ${bad}, version 2, do not sum to zero: USD is 1 off`,
      )
    } finally {
      await sql`drop function spoil cascade`
    }
    expect([await statusOf(harness, good), await statusOf(harness, bad)]).toEqual([
      'ONRAMP_PENDING',
      'PENDING',
    ])
    expect([await setsOf(good), await setsOf(bad)]).toEqual([[[2, 4]], []])
    await harness.boss.fail('payment', jobs)
    await driveBooked(bad)
    await driveBooked(good)
  })
})

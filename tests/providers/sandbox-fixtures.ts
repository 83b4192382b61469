import type { Fiat } from '../../src/core/currency.ts'
import { parseRate, RATE_UNITS, type Rate } from '../../src/core/rate.ts'
import type { Sql } from '../../src/db/client.ts'
import type { Operation, Provider } from '../../src/providers/port.ts'
import { parseFaults } from '../../src/providers/sandbox/faults.ts'
import { createSandbox, type SandboxOptions } from '../../src/providers/sandbox/provider.ts'
import { testDatabase } from '../support/database.ts'
import type { Harness, Trouble } from './conformance.ts'

export const never = new AbortController().signal

/** Mids in fiat per USD; a currency that is not listed stands at 1. */
const MIDS: Partial<Record<Fiat, string>> = { EUR: '0.92049', GBP: '0.7891', JPY: '155.2' }
export const mid = (currency: Fiat): Rate => parseRate(MIDS[currency] ?? '1')

/** A time that moves only when a test says so, in epoch milliseconds. */
export const testClock = () => {
  const clock = { nowMs: 1_800_000_000_000, now: () => clock.nowMs }
  return clock
}

/** An operation with a key of its own that meets no fault. */
export const operationWith = (change: Partial<Operation> = {}): Operation => ({
  accountId: 'demo',
  key: Bun.randomUUIDv7(),
  paymentId: Bun.randomUUIDv7(),
  leg: 'onramp',
  attempt: 1,
  amount: 95_275n,
  currency: 'EUR',
  chain: 'base',
  speed: 'standard',
  mostUsdc: 10n ** 12n,
  sourceAccount: 'user_alice',
  destinationAccount: 'merchant_bob',
  undoes: change.leg === 'refund' ? 'sbx_onramp_000000000000' : null,
  reference: null,
  sentBefore: false,
  ageMs: 0,
  ...change,
})

/** A sandbox without spread and faults whose clock and books are the caller's. */
export const sandboxWith = (needed: Pick<SandboxOptions, 'sql' | 'clock'> & Partial<SandboxOptions>) =>
  createSandbox({
    name: 'sandbox_a',
    spreadBps: 0n,
    seed: 'ratelock',
    timeScale: 1,
    faults: parseFaults(''),
    mid,
    ...needed,
  })

const FAULT_OF = { refuse: 'refuse', fail: 'fail', lose_request: 'timeout', lose_reply: 'drop' } as const

const entries = (sql: Sql, { key }: Operation) =>
  sql<{ calls: number; ending: string }[]>`select calls, ending from sandbox.operations where key = ${key}`

/** The sandbox for the conformance suite, in a market that never stands still; or what is put over it. */
export const sandboxHarness = async (
  over = (provider: Provider, _on: Pick<SandboxOptions, 'sql' | 'clock'>): Provider => provider,
  change: Partial<Operation> = {},
): Promise<Harness> => {
  const database = await testDatabase()
  const clock = testClock()
  let ticks = 0n
  const moving = () => (RATE_UNITS - ticks++ * 1_000_000n) as Rate
  const provider = over(sandboxWith({ sql: database.sql, clock, mid: moving }), { sql: database.sql, clock })
  const settle = async () => {
    clock.nowMs += 120_000
  }
  return {
    provider,
    operation: async (leg) => {
      if (leg !== 'refund') return operationWith({ ...change, leg })
      const undone = await provider.initiate(operationWith(change), never)
      return operationWith({
        ...change,
        leg,
        undoes: 'reference' in undone ? (undone.reference ?? null) : null,
      })
    },
    arm: async (trouble: Trouble, operation) => {
      const sourceAccount = `${FAULT_OF[trouble]}_${operation.leg}:${operation.key}`
      return { ...operation, sourceAccount }
    },
    lost: async (operation) => {
      while ((await entries(database.sql, operation)).length === 0);
    },
    settle,
    acts: async (operation) => {
      const found = await entries(database.sql, operation)
      return found.filter(({ calls, ending }) => calls > 0 && ending !== 'refused').length
    },
    close: database.drop,
  }
}

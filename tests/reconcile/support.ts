import { expect } from 'bun:test'
import { systemClock } from '../../src/core/clock.ts'
import { parseRate } from '../../src/core/rate.ts'
import type { Sql, Tx } from '../../src/db/client.ts'
import type { Provider } from '../../src/providers/port.ts'
import { parseFaults } from '../../src/providers/sandbox/faults.ts'
import { createSandboxFleet } from '../../src/providers/sandbox/fleet.ts'
import { checkBooksIn } from '../../src/reconcile/books.ts'
import { createFindings, type Finding, type Findings } from '../../src/reconcile/findings.ts'
import { checkProviders } from '../../src/reconcile/providers.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { asSuperuser } from '../audit/support.ts'
import { ACCOUNT, drive, pay, turn } from '../payments/support.ts'
import type { Harness } from '../support/harness.ts'

/** A provider that is late on a busy machine is asked again, which would change what a test counts on. */
export const PATIENT = { PROVIDER_DEADLINE_MS: '12000' }

const DAYS = 2
const UNDO = new Error('undo')
const log = createLogger({ level: 'silent', pretty: false })

/** The sandboxes as the program has them, over another connection. */
export const sandboxes = (sql: Sql | Tx): Provider[] =>
  createSandboxFleet({
    sql: sql as Sql,
    clock: systemClock,
    seed: 'ratelock',
    timeScale: 0,
    faults: parseFaults(''),
    mid: () => parseRate('1'),
  })

/** Compares the journal with the sandboxes' own tables. */
export const checkSandboxes = (sql: Sql | Tx, days: number, findings: Findings, providers = sandboxes(sql)) =>
  checkProviders({ sql, clock: systemClock, log, deadlineMs: 12_000 }, providers, days, findings)

/** What the reconciliation finds after the damage, which is then undone. */
export const foundAfter = async (
  { database }: Harness,
  damage: (tx: Tx) => PromiseLike<unknown>,
  providers: (tx: Tx) => Provider[] = sandboxes,
): Promise<readonly Finding[]> => {
  const findings = createFindings(100)
  const undone = database.sql.begin(async (tx) => {
    await asSuperuser(tx)
    await damage(tx)
    await checkBooksIn(tx, DAYS, findings)
    await checkSandboxes(tx, DAYS, findings, providers(tx))
    throw UNDO
  })
  await undone.catch((error: unknown) => {
    if (error !== UNDO) throw error
  })
  return findings.listed
}

/** The same, where the program itself reads what has been committed. */
export const foundNow = async ({ services }: Harness): Promise<readonly Finding[]> =>
  (await services.reconcile.run(DAYS)).findings

export const kindsOf = (findings: readonly Finding[]): string[] =>
  [...new Set(findings.map(({ kind }) => kind))].sort()

/** Lives that reach every end, and some that are still under way. */
export const LIVES = {
  completed: ['payer', 'payee'],
  failedOver: ['refuse_offramp_once', 'payee'],
  failedLate: ['fail_offramp_once', 'payee'],
  refused: ['refuse_onramp', 'payee'],
  failed: ['fail_onramp', 'payee'],
  refunded: ['refuse_offramp', 'payee'],
  refundedLate: ['fail_offramp', 'fail_refund_once'],
} as const

export type Life = keyof typeof LIVES | 'cancelled'

/** Runs each life to its end; answers the payments' ids by life. */
export const live = async (harness: Harness): Promise<Record<Life, string>> => {
  const lives = Object.entries(LIVES)
  const ids = await Promise.all(lives.map(([, [source, destination]]) => pay(harness, source, destination)))
  const cancelled = await pay(harness)
  await harness.services.payments.cancel({ accountId: ACCOUNT, requestId: null }, cancelled)
  await drive(harness, ids)
  const named = Object.fromEntries(lives.map(([life], index) => [life, ids[index]]))
  return { ...named, cancelled } as Record<Life, string>
}

/** A payment that has come as far as this state. */
export const payUntil = async (harness: Harness, status: string, source?: string): Promise<string> => {
  const id = await pay(harness, source)
  for (let turns = 0; turns < 20; turns++) {
    const [row] = await harness.database.sql`select status from payments where id = ${id}`
    if (row?.status === status) return id
    await turn(harness)
  }
  throw new Error(`the payment does not become ${status}`)
}

/** The finding of this kind about the payment, whose detail has all of the words. */
export const expectFound = (
  findings: readonly Finding[],
  kind: string,
  paymentId: string | null,
  ...words: string[]
): void => {
  const fitting = findings.filter((finding) => finding.kind === kind && finding.payment_id === paymentId)
  expect([kind, fitting.map(({ detail }) => detail)]).toEqual([
    kind,
    expect.arrayContaining([expect.any(String)]),
  ])
  for (const word of words) expect(fitting.map(({ detail }) => detail).join('\n')).toContain(word)
}

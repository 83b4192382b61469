import type { Database } from '../../../src/db/client.ts'
import { providerAccounts } from '../../../src/db/schema/providers.ts'
import { createCircle } from '../../../src/providers/circle/adapter.ts'
import type { CircleSettings } from '../../../src/providers/circle/settings.ts'
import { createLinks } from '../../../src/providers/links.ts'
import type { Chain, Leg, Operation } from '../../../src/providers/port.ts'
import { createSteps } from '../../../src/providers/steps.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { testDatabase } from '../../support/database.ts'
import { operationWith, testClock } from '../sandbox-fixtures.ts'
import type { WireHarness } from '../wire-conformance.ts'
import type { Received } from '../wire-server.ts'
import { API_KEY, type Shown, startCircleServer } from './server.ts'

const EVM_WALLET = '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913'
const WALLETS = {
  base: EVM_WALLET,
  polygon: EVM_WALLET,
  arbitrum: EVM_WALLET,
  solana: 'EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v',
} as const satisfies Partial<Record<Chain, string>>

/** 952.75 in every operation: with equal amounts nothing but the bank tells deposits apart. */
export const AMOUNT = 95_275n
export const DOLLARS = '952.75'
/** What 952.75 EURC cost at the server's rate, in cents and up. */
export const COST = '1089.98'

/** Gives a payer or payee a bank account at Circle. */
export const link = ({ db }: Database, name: string, reference: string, accountId = 'demo') =>
  db.insert(providerAccounts).values({ accountId, provider: 'circle', name, reference })

/** The adapter on a local server that has our wallets' addresses. */
export const setup = async (change: Partial<CircleSettings> = {}) => {
  const database = await testDatabase()
  const clock = testClock()
  const server = await startCircleServer(clock)
  const recipients = {
    // The API writes addresses in its own case.
    base: server.recipient('BASE', EVM_WALLET.toLowerCase()),
    polygon: server.recipient('POLY', EVM_WALLET),
    arbitrum: server.recipient('ARB', EVM_WALLET),
    solana: server.recipient('SOL', WALLETS.solana, 'pending_verification'),
  }
  const settings: CircleSettings = {
    apiKey: API_KEY,
    baseUrl: server.url,
    statusUrl: `${server.url}/status/summary.json`,
    sandbox: true,
    exchange: true,
    charges: { onramp: { bps: 0n, flatUsdCents: 0n }, offramp: { bps: 0n, flatUsdCents: 0n } },
    mostUsdCents: 100_000_000n,
    ...change,
  }
  /** Another process beside the first has nothing of it but the database. */
  const another = () =>
    createCircle(
      {
        sql: database.sql,
        clock,
        log: createLogger({ level: 'silent', pretty: false }),
        links: createLinks(database),
        wallets: WALLETS,
      },
      settings,
    )
  /** An operation whose payer and payee have banks of their own at Circle, and no money there yet. */
  const linked = async (leg: Leg, fields: Partial<Operation> = {}) => {
    const operation = operationWith({ leg, currency: 'USD', amount: AMOUNT, ...fields })
    const [payer, payee] = [server.bank(), server.bank()]
    const [sourceAccount, destinationAccount] = [`payer ${payer}`, `payee ${payee}`]
    await link(database, sourceAccount, payer)
    await link(database, destinationAccount, payee)
    return { operation: { ...operation, sourceAccount, destinationAccount }, payer, payee }
  }
  const close = async () => {
    await server.stop()
    await database.drop()
  }
  return {
    database,
    clock,
    server,
    recipients,
    provider: another(),
    another,
    linked,
    steps: createSteps(database.sql, 'circle'),
    close,
  }
}

export type Setup = Awaited<ReturnType<typeof setup>>

/** As the journal has an operation once the provider has accepted it. */
export const known = (operation: Operation, reference: string): Operation => ({
  ...operation,
  reference,
  sentBefore: true,
  ageMs: 1_000,
})

export const posts = (path: string) => (request: Received) =>
  request.method === 'POST' && request.path.endsWith(path)

/** The harness of the suites; the payee gets the currency, and each operation finds just the money that it needs. */
export const circleHarness = async (currency: 'USD' | 'EUR', returns: boolean): Promise<WireHarness> => {
  const { server, recipients, provider, linked, steps, close } = await setup()
  server.play.refusing.set(recipients.polygon, { status: 400, code: 2007 })
  server.play.failing.set('ARB', 'blockchain_error')
  const lost = new Map<string, Promise<void>>()
  const banks = new Map<string, string>()
  const transfersBefore = new Map<string, number>()

  const paths = (leg: Leg): string => {
    if (leg === 'onramp') return '/transfers'
    return leg === 'offramp' && currency === 'EUR' ? '/trades' : '/payouts'
  }
  const bankOf = ({ key }: Operation): string => banks.get(key) ?? ''
  const payoutsTo = (bank: string): Shown[] =>
    server.payouts.filter(({ destination }) => (destination as { id: string }).id === bank)
  /** Its own, and those that nobody knows of since it was made: nothing in a transfer names its operation. */
  const transfersOf = async ({ key }: Operation): Promise<Shown[]> => {
    const since = server.transfers.slice(transfersBefore.get(key))
    const owners = await steps.owners(since.map(({ id }) => id))
    return since.filter(({ id }) => (owners.get(id)?.key ?? key) === key)
  }
  const thingsOf = (operation: Operation): Promise<Shown[]> | Shown[] =>
    operation.leg === 'onramp' ? transfersOf(operation) : payoutsTo(bankOf(operation))

  return {
    provider,
    server,
    operation: async (leg) => {
      const { operation, payer, payee } = await linked(leg, leg === 'offramp' ? { currency } : {})
      transfersBefore.set(operation.key, server.transfers.length)
      banks.set(operation.key, leg === 'offramp' ? payee : payer)
      if (leg === 'onramp') server.wire(payer, DOLLARS)
      else server.fund('USD', operation.currency === 'EUR' ? COST : DOLLARS)
      return operation
    },
    arm: async (trouble, operation) => {
      const { key, leg } = operation
      if (trouble === 'lose_request') lost.set(key, server.arm('hang', posts(paths(leg))))
      if (trouble === 'lose_reply') lost.set(key, server.arm('hang_after', posts(paths(leg))))
      if (leg === 'onramp' && trouble === 'refuse') return { ...operation, chain: 'polygon' }
      if (leg === 'onramp' && trouble === 'fail') return { ...operation, chain: 'arbitrum' }
      if (trouble === 'refuse') server.play.refusing.set(bankOf(operation), { status: 400, code: 5003 })
      if (trouble === 'fail') server.play.failing.set(bankOf(operation), 'bank_transaction_error')
      return operation
    },
    lost: async ({ key }) => lost.get(key),
    settle: async () => server.settle(),
    acts: async (operation) => (await thingsOf(operation)).length,
    acts_on: (request, leg) => posts(paths(leg))(request),
    unknownState: async (operation) => {
      for (const { id } of await thingsOf(operation))
        server.play.changes.set(id, (shown) => ({ ...shown, status: 'reversed' }))
    },
    rescale: async (operation, zeros, exact) => {
      const more = `${'0'.repeat(zeros - 1)}${exact ? '0' : '1'}`
      for (const { id } of await thingsOf(operation))
        server.play.changes.set(id, (shown) => ({
          ...shown,
          amount: { currency: '', ...shown.amount, amount: `${shown.amount?.amount}${more}` },
        }))
    },
    giveBack: returns
      ? async (operation) => {
          for (const thing of await thingsOf(operation))
            server.change(thing, {
              errorCode: 'transaction_returned',
              return: { id: thing.id, payoutId: thing.id, reason: 'payout_returned', status: 'pending' },
            })
        }
      : null,
    keyLifeMs: 86_400_000,
    close,
  }
}

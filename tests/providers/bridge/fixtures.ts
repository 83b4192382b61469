import type { Fiat } from '../../../src/core/currency.ts'
import { createBridge, KEY_LIFE_MS } from '../../../src/providers/bridge/adapter.ts'
import type { BridgeSettings } from '../../../src/providers/bridge/settings.ts'
import { createLinks } from '../../../src/providers/links.ts'
import type { Leg, Operation } from '../../../src/providers/port.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { testDatabase } from '../../support/database.ts'
import type { Trouble } from '../conformance.ts'
import { operationWith, testClock } from '../sandbox-fixtures.ts'
import type { WireHarness } from '../wire-conformance.ts'
import type { Received } from '../wire-server.ts'
import { API_KEY, DEPOSIT_ADDRESS, startBridgeServer, WALLET_ID } from './server.ts'

export const settingsFor = (url: string, change: Partial<BridgeSettings> = {}): BridgeSettings => ({
  apiKey: API_KEY,
  baseUrl: url,
  statusUrl: null,
  sandbox: true,
  usdDepositRail: 'wire',
  payouts: { walletId: WALLET_ID, usdRail: 'ach' },
  charge: { bps: 0n, flatUsdCents: 0n },
  leastUsdCents: 100n,
  mostUsdCents: 100_000_000n,
  ...change,
})

/** Bridge on a server and a database of its own, with a customer for both sides of every operation. */
export const bridgeWorld = async () => {
  const database = await testDatabase()
  const clock = testClock()
  const server = await startBridgeServer(clock.now)
  const deps = {
    sql: database.sql,
    clock,
    log: createLogger({ level: 'silent', pretty: false }),
    links: createLinks(database),
    wallets: { base: DEPOSIT_ADDRESS, solana: 'So1anaWa11et' },
  }
  const bridge = (change: Partial<BridgeSettings> = {}) => createBridge(settingsFor(server.url, change), deps)

  const link = async (name: string, reference: string) => {
    await database.sql`insert into provider_accounts (account_id, provider, name, reference)
      values ('demo', 'bridge', ${name}, ${reference})`
  }

  /** A customer with an external account in the currency, under an account's name of its own; answers the name. */
  const enrol = async (
    currency: Fiat,
    as: { refusal?: { status: number; body: unknown }; fails?: boolean } = {},
  ) => {
    const [customer, account] = [crypto.randomUUID(), crypto.randomUUID()]
    server.customers.set(customer, { accounts: { [account]: currency.toLowerCase() }, ...as })
    const name = `account-${customer}`
    await link(name, `${customer}/${account}`)
    return name
  }

  /** An operation whose payer and payee are that account. */
  const operation = (leg: Leg, currency: Fiat, account: string, change: Partial<Operation> = {}) =>
    operationWith({ leg, currency, sourceAccount: account, destinationAccount: account, ...change })

  return {
    database,
    clock,
    server,
    deps,
    bridge,
    link,
    enrol,
    operation,
    close: async () => {
      await server.wire.stop()
      await database.drop()
    },
  }
}

export type BridgeWorld = Awaited<ReturnType<typeof bridgeWorld>>

const isRequestFor =
  (key: string) =>
  ({ method, body }: Received): boolean =>
    method === 'POST' && (body as { client_reference_id?: string }).client_reference_id === key

/** Bridge for the suites; all operations are in that currency. */
export const bridgeHarness = async (currency: Fiat, payouts: boolean): Promise<WireHarness> => {
  const world = await bridgeWorld()
  const { server, enrol } = world
  const met = new Map<string, Promise<void>>()
  const account = await enrol(currency)
  const names = {
    refuse: await enrol(currency, { refusal: { status: 400, body: { code: 'frozen', message: 'Frozen' } } }),
    fail: await enrol(currency, { fails: true }),
  }
  return {
    provider: world.bridge(),
    server: server.wire,
    operation: async (leg) => world.operation(leg, currency, account),
    arm: async (trouble: Trouble, operation) => {
      if (trouble === 'refuse' || trouble === 'fail')
        return { ...operation, sourceAccount: names[trouble], destinationAccount: names[trouble] }
      const how = trouble === 'lose_request' ? 'hang' : 'hang_after'
      met.set(operation.key, server.wire.arm(how, isRequestFor(operation.key)))
      return operation
    },
    lost: async ({ key }) => met.get(key),
    settle: async () => server.settle(),
    acts: async ({ key }) =>
      server.transfers.filter(({ client_reference_id }) => client_reference_id === key).length,
    acts_on: ({ method, path }) => method === 'POST' && path === '/v0/transfers',
    unknownState: async ({ key }) => server.change(key, { state: 'teleported' }),
    rescale: async ({ key }, zeros, exact) => {
      server.rescaled.set(server.of(key).id, { zeros, exact })
    },
    // A deposit that has become USDC in our wallet cannot come back from there.
    giveBack: payouts ? async ({ key }) => server.change(key, { state: 'returned' }) : null,
    keyLifeMs: KEY_LIFE_MS,
    close: world.close,
  }
}

import { generateKeyPairSync } from 'node:crypto'
import { importSPKI } from 'jose'
import type { Database } from '../../../src/db/client.ts'
import { providerAccounts } from '../../../src/db/schema/providers.ts'
import type { AdapterDeps } from '../../../src/providers/adapter.ts'
import { createCoinbase } from '../../../src/providers/coinbase/adapter.ts'
import type { CoinbaseSettings } from '../../../src/providers/coinbase/settings.ts'
import { createLinks } from '../../../src/providers/links.ts'
import type { Leg, Operation, Outcome } from '../../../src/providers/port.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { testDatabase } from '../../support/database.ts'
import { operationWith, testClock } from '../sandbox-fixtures.ts'
import type { WireHarness } from '../wire-conformance.ts'
import { startCoinbaseServer } from './server.ts'

export const OUR_ACCOUNT = 'account_11111111-1111-4111-8111-111111111111'
export const ALICE_ACCOUNT = 'account_22222222-2222-4222-8222-222222222222'
export const ALICE_BANK = 'paymentMethod_33333333-3333-4333-8333-333333333333'
export const BOB_BANK = 'paymentMethod_44444444-4444-4444-8444-444444444444'
export const WALLET = '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913'

const KEY_ID = 'organizations/8f1c/apiKeys/77aa'

/** A pair of keys as the platform hands them out: the secret in base64, seed and public key. */
export const ed25519 = () => {
  const pair = generateKeyPairSync('ed25519')
  const { d = '', x = '' } = pair.privateKey.export({ format: 'jwk' })
  const secret = Buffer.concat([Buffer.from(d, 'base64url'), Buffer.from(x, 'base64url')])
  return {
    alg: 'EdDSA',
    secret: secret.toString('base64'),
    spki: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** The older kind: P-256, as an "EC PRIVATE KEY" in PEM. */
export const p256 = () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    alg: 'ES256',
    secret: pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    spki: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

/** Gives a payer or payee of the demo account a name at Coinbase; banks alone are payees, and may have several. */
export const link = ({ db }: Database, name: string, reference: string) =>
  db
    .insert(providerAccounts)
    .values({
      ...{ accountId: 'demo', provider: 'coinbase', name, reference },
      shared: reference.startsWith('paymentMethod_'),
    })
    .onConflictDoUpdate({
      target: [providerAccounts.accountId, providerAccounts.provider, providerAccounts.name],
      set: { reference },
    })

/** The adapter on a local server, with Alice as payer and Bob as payee. */
export const setup = async (
  change: Partial<CoinbaseSettings> = {},
  key = ed25519(),
  wallets: AdapterDeps['wallets'] = { base: WALLET },
) => {
  const database = await testDatabase()
  await link(database, 'user_alice', `${ALICE_ACCOUNT}+${ALICE_BANK}`)
  await link(database, 'merchant_bob', BOB_BANK)
  const clock = testClock()
  const publicKey = await importSPKI(key.spki, key.alg)
  const server = await startCoinbaseServer({ clock, publicKey, alg: key.alg, keyId: KEY_ID })
  const provider = createCoinbase(
    {
      sql: database.sql,
      clock,
      log: createLogger({ level: 'silent', pretty: false }),
      links: createLinks(database),
      wallets,
    },
    {
      apiKeyId: KEY_ID,
      apiKeySecret: key.secret,
      accountId: OUR_ACCOUNT,
      baseUrl: `${server.url}/platform`,
      statusUrl: `${server.url}/status.json`,
      charge: { bps: 0n, flatUsdCents: 0n },
      sandbox: false,
      ...change,
    },
  )
  const close = async () => {
    await server.stop()
    await database.drop()
  }
  return { database, clock, server, provider, close }
}

/** An operation of a leg that Coinbase serves. */
export const operationOf = (leg: Leg, change: Partial<Operation> = {}): Operation =>
  operationWith({ leg, currency: 'USD', amount: 95_275n, ...change })

export const isExecution = ({ method, path }: { method: string; path: string }) =>
  method === 'POST' && path.endsWith('/execute')

export const coinbaseHarness = async (): Promise<WireHarness> => {
  const { server, provider, close } = await setup()
  const lost = new Map<string, Promise<void>>()
  return {
    provider,
    server,
    operation: async (leg) => operationOf(leg),
    arm: async (trouble, operation) => {
      const { key } = operation
      const quoted = ({ body }: { body: unknown }) =>
        (body as { metadata?: Record<string, string> } | undefined)?.metadata?.ratelock_operation === key
      if (trouble === 'refuse') server.refusedQuotes.set(key, 'insufficient_balance')
      if (trouble === 'fail') server.failing.set(key, { failureReason: 'Unable to send to this recipient.' })
      if (trouble === 'lose_request') lost.set(key, server.arm('hang', quoted))
      if (trouble === 'lose_reply')
        lost.set(
          key,
          server.arm(
            'hang_after',
            (request) => isExecution(request) && server.operationIn(request.path) === key,
          ),
        )
      return operation
    },
    lost: async ({ key }) => lost.get(key),
    settle: async () => server.settle(),
    acts: async ({ key }) => server.executed(key),
    acts_on: isExecution,
    unknownState: async ({ key }) => {
      server.changes.set(key, (shown) => ({ ...shown, status: 'reversed' }))
    },
    rescale: async ({ key }, zeros, exact) => {
      const more = (amount = '') => amount + '0'.repeat(zeros - 1) + (exact ? '0' : '1')
      server.changes.set(key, (shown) => ({
        ...shown,
        sourceAmount: more(shown.sourceAmount),
        targetAmount: more(shown.targetAmount),
      }))
    },
    // No state is documented for a payout that comes back.
    giveBack: null,
    keyLifeMs: 24 * 3_600_000,
    close,
  }
}

/** How operations are asked for in tests, of the rig that there is by then. */
export const callsOn = (rig: () => Pick<Awaited<ReturnType<typeof setup>>, 'provider'>) => {
  const never = new AbortController().signal
  /** An error is what the guard makes an unknown outcome of. */
  const outcomeOf = (call: Promise<Outcome>): Promise<Outcome> =>
    call.catch((error: Error) => ({ kind: 'unknown', message: error.message }))
  const initiate = (operation: Operation) => outcomeOf(rig().provider.initiate(operation, never))
  const status = (operation: Operation) =>
    outcomeOf(rig().provider.status({ ...operation, sentBefore: true }, never))
  return {
    initiate,
    again: (operation: Operation) => initiate({ ...operation, sentBefore: true, ageMs: 1_000 }),
    status,
    /** The reference under which the operation was accepted. */
    accepted: async (call: Promise<Outcome>): Promise<string> => {
      const outcome = await call
      if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
      return outcome.reference
    },
  }
}

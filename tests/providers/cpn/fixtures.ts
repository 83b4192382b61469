import pino from 'pino'
import { privateKeyToAccount } from 'viem/accounts'
import { createCpn } from '../../../src/providers/cpn/adapter.ts'
import type { Book } from '../../../src/providers/cpn/book.ts'
import { readCertificate } from '../../../src/providers/cpn/certificate.ts'
import { NETWORKS } from '../../../src/providers/cpn/networks.ts'
import type { CpnSettings } from '../../../src/providers/cpn/settings.ts'
import { createLinks } from '../../../src/providers/links.ts'
import type { Operation } from '../../../src/providers/port.ts'
import { testDatabase } from '../../support/database.ts'
import { operationWith, testClock } from '../sandbox-fixtures.ts'
import type { WireHarness } from '../wire-conformance.ts'
import { AUTHORITY_PEM } from './certificates.ts'
import { API_KEY, startCpnServer } from './server.ts'

export const WALLET_KEY = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'

const address = (city: string, country: string) => ({
  street: '1 Main Street',
  city,
  postalCode: '10001',
  country,
})

const originator = (name: string) => ({
  country: 'US',
  type: 'INDIVIDUAL' as const,
  travelRule: {
    ORIGINATOR_NAME: name,
    ORIGINATOR_ACCOUNT_NUMBER: '9876543210',
    ORIGINATOR_ADDRESS: address('New York', 'US'),
    ORIGINATOR_NATIONALITY: 'US',
  },
})

/** Payers named as the magic values that CPN documents, and a payee in each of two currencies. */
export const BOOK: Book = {
  institution: {
    ORIGINATOR_FINANCIAL_INSTITUTION_NAME: 'Ratelock Ltd',
    ORIGINATOR_FINANCIAL_INSTITUTION_ADDRESS: address('Chicago', 'US'),
  },
  originators: Object.fromEntries(
    [
      'Alice Johnson',
      'Failed',
      'AsyncSuccess',
      'AsyncFailed',
      'CreateRfi',
      'FailThenRefundWithCompleted',
      'FailThenRefundCreatedThenCompleted',
    ].map((name) => [name.replace(' ', '-'), originator(name)]),
  ),
  beneficiaries: {
    bob: {
      country: 'DE',
      type: 'BUSINESS',
      currency: 'EUR',
      paymentMethodType: 'SEPA',
      reasonForPayment: 'PMT001',
      travelRule: { BENEFICIARY_NAME: 'Bob GmbH', BENEFICIARY_ADDRESS: address('Berlin', 'DE') },
      account: { IBAN: 'DE89370400440532013000', CLABE: '032180000118359719' },
    },
    carla: {
      country: 'MX',
      type: 'INDIVIDUAL',
      currency: 'MXN',
      paymentMethodType: 'SPEI',
      reasonForPayment: 'PMT022',
      travelRule: { BENEFICIARY_NAME: 'Carla', BENEFICIARY_ADDRESS: address('Puebla', 'MX') },
      account: { IBAN: 'none', CLABE: '032180000118359719' },
    },
  },
}

/** A CPN of one's own with the adapter before it, on a clock that stands still. */
export const cpnWorld = async (change: Partial<CpnSettings> = {}) => {
  const database = await testDatabase()
  const clock = testClock()
  const server = await startCpnServer(clock)
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'trace', base: null }, { write: (line) => void lines.push(JSON.parse(line)) })
  const provider = createCpn(
    { sql: database.sql, clock, log, links: createLinks(database) },
    {
      baseUrl: server.url,
      apiKey: API_KEY,
      sandbox: true,
      networks: NETWORKS.test,
      wallet: privateKeyToAccount(WALLET_KEY),
      book: BOOK,
      authorities: [readCertificate(AUTHORITY_PEM)],
      charge: { bps: 0n, flatUsdCents: 0n },
      mostUsdCents: 10n ** 9n,
      ...change,
    },
  )
  const link = (name: string, reference: string) =>
    database.sql`insert into provider_accounts (account_id, provider, name, reference, shared)
      values ('demo', 'cpn', ${name}, ${reference}, true)`
  await link('merchant_bob', 'bob')
  await link('merchant_carla', 'carla')
  await link('user_alice', 'Alice-Johnson')
  for (const magic of Object.keys(BOOK.originators)) await link(`payer_${magic}`, magic)
  return {
    database,
    clock,
    server,
    lines,
    provider,
    link,
    close: async () => {
      await server.stop().catch(() => {})
      await database.drop()
    },
  }
}

export type CpnWorld = Awaited<ReturnType<typeof cpnWorld>>

/** A payout that CPN would carry out. */
export const payoutWith = (change: Partial<Operation> = {}): Operation =>
  operationWith({ leg: 'offramp', chain: 'ethereum', ...change })

const FAULT_PAYERS = { fail: 'payer_FailThenRefundWithCompleted' } as const

/** The adapter for both suites. */
export const cpnHarness = async (): Promise<WireHarness> => {
  const { server, provider, close } = await cpnWorld()
  const gone = new Map<string, Promise<void>>()
  const acts_on: WireHarness['acts_on'] = ({ method, path }) =>
    method === 'POST' && path === '/v1/cpn/payments'
  const rescaled = (amount: string, zeros: number, exact: boolean) =>
    `${amount}${'0'.repeat(exact ? zeros : zeros - 1)}${exact ? '' : '1'}`
  return {
    provider,
    server,
    acts_on,
    operation: async () => payoutWith(),
    arm: async (trouble, operation) => {
      if (trouble === 'fail') return { ...operation, sourceAccount: FAULT_PAYERS.fail }
      // More than the limit of the corridor.
      if (trouble === 'refuse') return { ...operation, amount: 10_000_000n }
      const wanted = trouble === 'lose_request' ? 'reset' : 'reset_after'
      const met = server.arm(
        wanted,
        (request) =>
          acts_on(request, 'offramp') &&
          (request.body as { customerRefId?: string }).customerRefId === operation.key,
      )
      gone.set(operation.key, met)
      return operation
    },
    lost: async ({ key }) => gone.get(key),
    settle: async () => server.settle(),
    acts: async ({ key }) => server.of(key).length,
    unknownState: async ({ key }) => {
      for (const payment of server.of(key)) payment.status = 'ON_HOLD'
    },
    rescale: async ({ key }, zeros, exact) => {
      for (const payment of server.of(key))
        for (const money of ['sourceAmount', 'destinationAmount'] as const)
          payment[money] = { ...payment[money], amount: rescaled(payment[money].amount, zeros, exact) }
    },
    // A refund belongs to a payment that failed; of one that was completed no return is documented.
    giveBack: null,
    keyLifeMs: 86_400_000,
    close,
  }
}

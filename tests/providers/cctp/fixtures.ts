import { pino } from 'pino'
import { type Address, parseAbi } from 'viem'
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import type { Clock } from '../../../src/core/clock.ts'
import type { Sql } from '../../../src/db/client.ts'
import { overCctp } from '../../../src/providers/cctp/adapter.ts'
import { DEPLOYMENTS, type RailChain } from '../../../src/providers/cctp/chains.ts'
import { createRail } from '../../../src/providers/cctp/rail.ts'
import type { Operation, Outcome, Provider } from '../../../src/providers/port.ts'
import { never, operationWith, sandboxWith, testClock } from '../sandbox-fixtures.ts'
import { startChain } from './anvil.ts'
import { attester, startIris } from './iris-server.ts'

export const { tokenMessenger, messageTransmitter } = DEPLOYMENTS.testnet

const EVENTS = parseAbi([
  'event DepositForBurn(address indexed burnToken, uint256 amount, address indexed depositor, bytes32 mintRecipient, uint32 destinationDomain, bytes32 destinationTokenMessenger, bytes32 destinationCaller, uint256 maxFee, uint32 indexed minFinalityThreshold, bytes hookData)',
  'event MintAndWithdraw(address indexed mintRecipient, uint256 amount, address indexed mintToken, uint256 feeCollected)',
])

/** Two real chains and Iris between them, on a clock that only tests move. */
export const startWorld = async () => {
  const clock = testClock()
  const [base, polygon] = await Promise.all([
    startChain('base', attester.address),
    startChain('polygon', attester.address),
  ])
  const iris = await startIris([base, polygon], clock)
  return {
    clock,
    base,
    polygon,
    iris,
    stop: async (): Promise<void> => {
      await Promise.all([iris.stop(), base.stop(), polygon.stop()])
    },
  }
}

export type World = Awaited<ReturnType<typeof startWorld>>

export interface RideOptions {
  sql: Sql
  home?: RailChain
  account?: PrivateKeyAccount
  clock?: Clock
  /** Where the outside is reached, when not directly. */
  via?: (url: string) => string
}

/** More than any test burns. */
const PLENTY = 10n ** 15n

/** A wallet of its own on both chains, so that no test meets the nonces of another. */
export const newWallet = async ({ base, polygon }: World): Promise<PrivateKeyAccount> => {
  const account = privateKeyToAccount(generatePrivateKey())
  for (const chain of [base, polygon]) {
    await chain.fuel(account.address)
    await chain.fund(account.address, PLENTY)
  }
  return account
}

const deliversOn = (provider: Provider, home: RailChain): Provider => {
  const { onramp } = provider.capabilities
  if (!onramp) throw new Error('the sandbox serves every leg')
  return { ...provider, capabilities: { ...provider.capabilities, onramp: { ...onramp, chains: [home] } } }
}

/** A process’s rail, and a played provider over it that itself delivers on the home chain alone. */
export const railOver = (
  { base, polygon, iris, clock }: World,
  account: PrivateKeyAccount,
  { sql, home = 'base', via = (url) => url, ...change }: RideOptions,
  inner: Provider = sandboxWith({ sql, clock }),
) => {
  const { address } = account
  const rail = createRail(
    {
      sql,
      clock: change.clock ?? clock,
      log: pino({ level: 'silent' }),
      wallets: { base: address, polygon: address },
    },
    {
      network: 'testnet',
      account,
      irisUrl: via(iris.url),
      rpcUrls: { base: via(base.url), polygon: via(polygon.url) },
    },
  )
  return { rail, provider: overCctp(deliversOn(inner, home), rail, { home }) }
}

/** An on-ramp of 952.75 USD whose USDC is wanted on Polygon. */
export const crossing = (change: Partial<Operation> = {}): Operation =>
  operationWith({ currency: 'USD', chain: 'polygon', ...change })

/** USDC minor units that the sandbox delivers for it. */
export const DELIVERED = 952_750_000n

/** Sends the on-ramp and lets the provider deliver; the rail has not begun then. */
export const delivered = async ({ clock }: World, provider: Provider, operation: Operation) => {
  const outcome = await provider.initiate(operation, never)
  if (outcome.kind !== 'accepted') throw new Error(`expected accepted, got ${outcome.kind}`)
  clock.nowMs += 120_000
  return { ...operation, reference: outcome.reference, sentBefore: true, ageMs: 120_000 }
}

/** Asks again and again, as the queue does, until the on-ramp is done; what is thrown or unknown is asked again. */
export const untilDone = async (
  { clock }: World,
  provider: Provider,
  operation: Operation,
  most = 200,
): Promise<Outcome & { kind: 'done' }> => {
  let last: Outcome = { kind: 'not_found' }
  for (let asked = 0; asked < most; asked++) {
    last = await provider.status(operation, never)
    if (last.kind === 'done') return last
    // Little, because a node may take many asks to show a receipt, and time must not run away meanwhile.
    clock.nowMs += 200
  }
  throw new Error(`not done after ${most} times: ${JSON.stringify(last)}`)
}

/** What the chains themselves have of a wallet: the amounts that it burnt, and that were minted to it. */
export const moved = async (
  { base, polygon }: World,
  wallet: Address,
  [from, to] = [base, polygon],
): Promise<{ burnt: bigint[]; minted: bigint[] }> => {
  const [burnEvent, mintEvent] = EVENTS
  const common = { address: tokenMessenger, fromBlock: 0n } as const
  const burns = await from.client.getLogs({ ...common, event: burnEvent, args: { depositor: wallet } })
  const mints = await to.client.getLogs({ ...common, event: mintEvent, args: { mintRecipient: wallet } })
  return {
    burnt: burns.map(({ args }) => args.amount ?? 0n),
    minted: mints.map(({ args }) => args.amount ?? 0n),
  }
}

/** A key that was never used, for what is written by its own hand. */
export const stranger = async ({ base, polygon }: World) => {
  const account = privateKeyToAccount(generatePrivateKey())
  await Promise.all([base.fuel(account.address), polygon.fuel(account.address)])
  return account
}

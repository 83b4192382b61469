import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  createTestClient,
  encodeFunctionData,
  getAddress,
  type Hex,
  http,
  parseAbi,
  publicActions,
  walletActions,
} from 'viem'
import { DEPLOYMENTS, DOMAINS, type RailChain } from '../../../src/providers/cctp/chains.ts'
import { contractCode } from './contracts.ts'

const SETUP = parseAbi([
  'function setUp(address usdc, address transmitter, address feeRecipient)',
  'function setUp(uint32 domain, address messenger, address attester)',
  'function mint(address to, uint256 value)',
  'function balanceOf(address owner) view returns (uint256)',
])

const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

const executable = (): string | null => {
  const name = `@foundry-rs/anvil-${process.platform}-${ARCHITECTURES[process.arch]}`
  try {
    const folder = dirname(Bun.resolveSync(`${name}/package.json`, import.meta.dir))
    const path = join(folder, 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil')
    return existsSync(path) ? path : null
  } catch {
    return null
  }
}

/** The program of a real EVM node; null where none is built for this machine, and then CI must not be quiet about it. */
export const ANVIL = executable()
if (!ANVIL && process.env.CI) throw new Error('CI must run the tests that need a real EVM node')

const listening = async (output: ReadableStream<Uint8Array>): Promise<string> => {
  let text = ''
  for await (const chunk of output) {
    text += new TextDecoder().decode(chunk)
    const [, address] = /Listening on (\S+)/.exec(text) ?? []
    if (address) return `http://${address}`
  }
  throw new Error(`the EVM node did not start: ${text}`)
}

const { tokenMessenger, messageTransmitter, chains } = DEPLOYMENTS.testnet
/** Where the fees of fast transfers go. */
export const FEE_RECIPIENT = getAddress('0x00000000000000000000000000000000000fee00')
const FUNDER = getAddress('0x00000000000000000000000000000000000f00d0')
/** PUSH1 0, PUSH1 0, REVERT. */
const ALWAYS_REVERTS = '0x60006000fd'
const ETHER = 10n ** 18n

/** A real EVM node that stands for a chain, with the contracts where CCTP's testnet has them. End it with `stop`. */
export const startChain = async (chain: RailChain, attester: Hex) => {
  const { chainId, usdc } = chains[chain]
  const node = Bun.spawn([ANVIL ?? '', '--port', '0', '--chain-id', String(chainId), '--accounts', '1'], {
    stdout: 'pipe',
    stderr: 'ignore',
  })
  const url = await listening(node.stdout)
  const client = createTestClient({ mode: 'anvil', transport: http(url), cacheTime: 0 })
    .extend(publicActions)
    .extend(walletActions)

  /** A call by an account whose key nobody needs. */
  const act = async (to: Hex, data: Hex): Promise<void> => {
    const hash = await client.sendUnsignedTransaction({ from: FUNDER, to, data })
    const { status } = await client.waitForTransactionReceipt({ hash, pollingInterval: 5 })
    if (status !== 'success') throw new Error('a call that sets a chain up failed')
  }

  const code = await contractCode()
  await client.setBalance({ address: FUNDER, value: 1_000n * ETHER })
  await client.impersonateAccount({ address: FUNDER })
  await client.setCode({ address: usdc, bytecode: code.Usdc })
  await client.setCode({ address: tokenMessenger, bytecode: code.Messenger })
  await client.setCode({ address: messageTransmitter, bytecode: code.Transmitter })
  const abi = SETUP
  await act(
    tokenMessenger,
    encodeFunctionData({ abi, functionName: 'setUp', args: [usdc, messageTransmitter, FEE_RECIPIENT] }),
  )
  await act(
    messageTransmitter,
    encodeFunctionData({ abi, functionName: 'setUp', args: [DOMAINS[chain], tokenMessenger, attester] }),
  )

  return {
    chain,
    url,
    client,
    /** Gives a wallet coins for gas, wei; ten whole ones unless told otherwise. */
    fuel: (address: Hex, value = 10n * ETHER) => client.setBalance({ address, value }),
    /** Gives a wallet USDC, minor units. */
    fund: (owner: Hex, value: bigint) =>
      act(usdc, encodeFunctionData({ abi, functionName: 'mint', args: [owner, value] })),
    /** Lets every burn fail, or none; it takes no block. */
    breakBurns: (on: boolean) =>
      client.setCode({ address: tokenMessenger, bytecode: on ? ALWAYS_REVERTS : code.Messenger }),
    /** The same for whatever is asked of the coin. */
    breakCoin: (on: boolean) => client.setCode({ address: usdc, bytecode: on ? ALWAYS_REVERTS : code.Usdc }),
    /** USDC minor units that a wallet has. */
    balance: (owner: Hex): Promise<bigint> =>
      client.readContract({ address: usdc, abi, functionName: 'balanceOf', args: [owner] }),
    act,
    stop: async (): Promise<void> => {
      node.kill()
      await node.exited
    },
  }
}

export type TestChain = Awaited<ReturnType<typeof startChain>>

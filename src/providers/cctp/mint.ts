import { encodeFunctionData, type Hex, parseEventLogs, type TransactionReceipt } from 'viem'
import { getBlockNumber, getContractEvents, readContract } from 'viem/actions'
import { EXPIRED, MESSENGER_ABI, TRANSMITTER_ABI } from './abi.ts'
import { type Attested, renew } from './attest.ts'
import { PACES } from './chains.ts'
import { ChainError } from './node.ts'
import { carryOn, type Halt, type Trip } from './trip.ts'

/** Blocks in one question for logs, which many nodes limit. */
const LOG_BLOCKS = 2_000n

/**
 * USDC minor units that a transaction minted to us for the message with that nonce; null when it did not receive that
 * message. Throws ChainError when that was not what was burnt less the fee.
 */
const mintedIn = ({ to, delivered }: Trip, nonce: Hex, receipt: TransactionReceipt): bigint | null => {
  const from = (address: string) => receipt.logs.filter((log) => log.address.toLowerCase() === address)
  const received = parseEventLogs({
    abi: TRANSMITTER_ABI,
    eventName: 'MessageReceived',
    logs: from(to.messageTransmitter.toLowerCase()),
  }).find(({ args }) => args.nonce === nonce)
  if (!received) return null
  // The messenger mints while the transmitter receives: what it did last before that belongs to the message.
  const mint = parseEventLogs({
    abi: MESSENGER_ABI,
    eventName: 'MintAndWithdraw',
    logs: from(to.tokenMessenger.toLowerCase()),
  }).findLast(({ logIndex }) => logIndex < received.logIndex)
  const whole = mint && mint.args.amount + mint.args.feeCollected === delivered.amount
  const ours = mint?.args.mintRecipient.toLowerCase() === to.owner.toLowerCase()
  if (!whole || !ours) throw new ChainError('away', to.chain, 'a mint that is not of what was burnt')
  return mint.args.amount
}

const nonceUsed = ({ to }: Trip, nonce: Hex, signal: AbortSignal): Promise<boolean> =>
  to.node.ask(
    signal,
    async (client) =>
      (await readContract(client, {
        address: to.messageTransmitter,
        abi: TRANSMITTER_ABI,
        functionName: 'usedNonces',
        args: [nonce],
      })) !== 0n,
  )

const height = ({ to }: Trip, signal: AbortSignal): Promise<bigint> =>
  to.node.ask(signal, (client) => getBlockNumber(client, { cacheTime: 0 }))

/** The receipt of whatever transaction received the message, ours or somebody else's. */
const receiptOf = async (trip: Trip, nonce: Hex, signal: AbortSignal): Promise<TransactionReceipt> => {
  const { to, passage } = trip
  const latest = await height(trip, signal)
  for (let from = BigInt(passage.detail.to_height ?? 0); from <= latest; from += LOG_BLOCKS) {
    const [log] = await to.node.ask(signal, (client) =>
      getContractEvents(client, {
        address: to.messageTransmitter,
        abi: TRANSMITTER_ABI,
        eventName: 'MessageReceived',
        args: { nonce },
        fromBlock: from,
        toBlock: from + LOG_BLOCKS - 1n < latest ? from + LOG_BLOCKS - 1n : latest,
      }),
    )
    const receipt = log && (await to.node.receipt(log.transactionHash, signal))
    if (receipt) return receipt
  }
  throw new ChainError('away', to.chain, 'a message was received in no block that can be found')
}

const counted = async (
  trip: Trip,
  nonce: Hex,
  receipt: TransactionReceipt,
  signal: AbortSignal,
): Promise<bigint | Halt> => {
  const { chain } = trip.to
  const minted = mintedIn(trip, nonce, receipt)
  if (minted === null) throw new ChainError('away', chain, 'a mint without its events')
  const { blockMs, confirmations } = PACES[chain]
  const missing = confirmations - ((await height(trip, signal)) - receipt.blockNumber + 1n)
  return missing > 0n ? { state: 'mint_confirming', checkAfterMs: Number(missing) * blockMs } : minted
}

/** Mints what was attested, or finds that somebody has. Answers the USDC minor units that arrived. */
export const mint = async (trip: Trip, attested: Attested, signal: AbortSignal): Promise<bigint | Halt> => {
  const { to } = trip
  const { message, attestation, read } = attested
  const data = encodeFunctionData({
    abi: TRANSMITTER_ABI,
    functionName: 'receiveMessage',
    args: [message, attestation],
  })
  const found = async () => counted(trip, read.nonce, await receiptOf(trip, read.nonce, signal), signal)
  try {
    // A nonce is received once, so that another try can do no harm, whatever becomes of the last.
    const fate = await carryOn(
      trip,
      to.wallet,
      'mint',
      ['failing', 'void'],
      async () => ({ to: to.messageTransmitter, data }),
      signal,
    )
    if (fate?.stage === 'confirmed') return counted(trip, read.nonce, fate.receipt, signal)
    // Somebody else may have minted it to us meanwhile.
    if (await nonceUsed(trip, read.nonce, signal)) return found()
    if (!fate) return { state: 'mint_reverted', message: 'every mint failed on chain' }
    if (fate.stage === 'signed') return { state: 'mint_signed', message: 'no node takes the mint' }
    return { state: 'mint_sent', checkAfterMs: PACES[to.chain].blockMs }
  } catch (error) {
    if (!(error instanceof ChainError) || error.fault !== 'reverted') throw error
    if (await nonceUsed(trip, read.nonce, signal)) return found()
    if (error.reason.includes(EXPIRED)) return renew(trip, attested, signal)
    // Perhaps for what Iris gave: it is asked again next time.
    await trip.passages.note(trip.operation, 'mint_reverted', { attestation: '' })
    return { state: 'mint_reverted', message: error.message }
  }
}

import { encodeFunctionData, type Hex, maxUint256, pad, zeroHash } from 'viem'
import { readContract } from 'viem/actions'
import { MESSENGER_ABI, USDC_ABI } from './abi.ts'
import { PACES, THRESHOLDS } from './chains.ts'
import { maxFeeOf } from './fees.ts'
import { carryOn, type Halt, purposeOf, type Trip, unlessReverted } from './trip.ts'
import type { Call } from './wallet.ts'

/** Lets the messenger take the USDC that is to be burnt; null once it may. */
const approve = async (trip: Trip, signal: AbortSignal): Promise<Halt | null> => {
  const { from, delivered } = trip
  const { blockMs } = PACES[from.chain]
  const { usdc, tokenMessenger, wallet } = from
  const allowed = () =>
    from.node.ask(signal, (client) =>
      readContract(client, {
        address: usdc,
        abi: USDC_ABI,
        functionName: 'allowance',
        args: [wallet.address, tokenMessenger],
      }),
    )
  if ((await allowed()) >= delivered.amount) return null
  // Once for all: an approval of each amount would overwrite that of a burn at the same time.
  const data = encodeFunctionData({
    abi: USDC_ABI,
    functionName: 'approve',
    args: [tokenMessenger, maxUint256],
  })
  const fate = await carryOn(
    trip,
    wallet,
    'approve',
    ['failing', 'void'],
    async () => ({ to: usdc, data }),
    signal,
  )
  if (!fate) return { state: 'approve_reverted', message: 'every approval failed' }
  if (fate.stage === 'signed') return { state: 'approve_signed', message: 'no node takes the approval' }
  if (fate.stage === 'confirmed' && (await allowed()) >= delivered.amount) return null
  return { state: 'approve_sent', checkAfterMs: blockMs }
}

/** The burn at the speed that the operation wants, where that can be had. */
const burnCall = async (trip: Trip, signal: AbortSignal): Promise<Call> => {
  const { operation, delivered, from, to, iris, passages } = trip
  const { amount } = delivered
  const fees = await iris.fees(from.domain, to.domain, signal)
  const fast =
    operation.speed === 'fast' &&
    PACES[from.chain].fast !== null &&
    fees.fast !== null &&
    (await iris.allowance(signal)) >= amount
      ? fees.fast
      : null
  const speed = fast === null ? 'standard' : 'fast'
  await passages.note(operation, trip.passage.state, { speed })
  return {
    to: from.tokenMessenger,
    data: encodeFunctionData({
      abi: MESSENGER_ABI,
      functionName: 'depositForBurn',
      args: [
        amount,
        to.domain,
        pad(to.owner),
        from.usdc,
        // Anybody may mint: it can only ever be minted to us.
        zeroHash,
        maxFeeOf(amount, fast ?? fees.standard),
        THRESHOLDS[speed],
      ],
    }),
  }
}

/** Burns what was delivered, once. Answers the hash of the burn when it is in a block. */
export const burn = (trip: Trip, signal: AbortSignal): Promise<Hex | Halt> =>
  unlessReverted('burn_reverted', async () => {
    const { from } = trip
    if (!(await from.wallet.signed(purposeOf(trip, 'burn')))) {
      const halt = await unlessReverted('approve_reverted', () => approve(trip, signal))
      if (halt) return halt
    }
    // Only a burn that can never take effect any more is followed by another.
    const fate = await carryOn(trip, from.wallet, 'burn', ['void'], () => burnCall(trip, signal), signal)
    if (!fate) return { state: 'burn_reverted', message: 'every burn failed on chain' }
    if (fate.stage === 'confirmed') return fate.receipt.transactionHash
    if (fate.stage === 'signed') return { state: 'burn_signed', message: 'no node takes the burn' }
    const state = fate.stage === 'failing' ? 'burn_failing' : 'burn_sent'
    return { state, checkAfterMs: PACES[from.chain].blockMs }
  })

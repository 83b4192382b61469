import { Value } from '@sinclair/typebox/value'
import { type Address, type Hex, hashTypedData, isAddressEqual, zeroAddress } from 'viem'
import type { CpnTransaction } from './model.ts'
import { PaymentIntent } from './model.ts'
import { type Network, PERMIT2 } from './networks.ts'

const MESSAGE_TYPE = 'PAYMENT_SETTLEMENT_CONTRACT_V1_0_PAYMENT_INTENT'
const PRIMARY_TYPE = 'PermitWitnessTransferFrom'

/** CPN's permits outlive the payment by some minutes; one that could be used much later is not what was agreed. */
const MOST_OVERTIME_MS = 30 * 60_000

/** A review may postpone a payment's end by a business day; a permit for longer would bind our USDC for too long. */
const MOST_LIFE_MS = 86_400_000

/** The types that CPN documents. Only these are ever signed, whatever an answer names. */
const TYPES = {
  EIP712Domain: [
    { name: 'name', type: 'string' },
    { name: 'chainId', type: 'uint256' },
    { name: 'verifyingContract', type: 'address' },
  ],
  PermitWitnessTransferFrom: [
    { name: 'permitted', type: 'TokenPermissions' },
    { name: 'spender', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
    { name: 'witness', type: 'PaymentIntent' },
  ],
  TokenPermissions: [
    { name: 'token', type: 'address' },
    { name: 'amount', type: 'uint256' },
  ],
  PaymentIntent: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
    { name: 'beneficiary', type: 'address' },
    { name: 'maxFee', type: 'uint256' },
    { name: 'requirePayeeSign', type: 'bool' },
    { name: 'attester', type: 'address' },
  ],
} as const

/** What was agreed with the quote and the payment. */
export interface Agreed {
  paymentId: string
  network: Network
  /** Our wallet, which the USDC is taken from. */
  payer: Address
  /** Most USDC that may be taken, fees included, minor units. */
  most: bigint
  /** Most of it that may be fees, minor units. */
  mostFee: bigint
  /** Until when the USDC has to be there, epoch milliseconds. */
  settleByMs: number
}

const same = (a: string, b: string): boolean => isAddressEqual(a as Address, b as Address)

const typedData = (intent: PaymentIntent) => {
  const { permitted, spender, nonce, deadline, witness } = intent.message
  return {
    domain: { name: 'Permit2', chainId: BigInt(intent.domain.chainId), verifyingContract: PERMIT2 },
    types: TYPES,
    primaryType: PRIMARY_TYPE,
    message: {
      permitted: { token: permitted.token as Address, amount: BigInt(permitted.amount) },
      spender: spender as Address,
      nonce: BigInt(nonce),
      deadline: BigInt(deadline),
      witness: {
        from: witness.from as Address,
        to: witness.to as Address,
        value: BigInt(witness.value),
        validAfter: BigInt(witness.validAfter),
        validBefore: BigInt(witness.validBefore),
        nonce: witness.nonce as Hex,
        beneficiary: witness.beneficiary as Address,
        maxFee: BigInt(witness.maxFee),
        requirePayeeSign: witness.requirePayeeSign,
        attester: witness.attester as Address,
      },
    },
  } as const
}

/** The typed data that a signature is asked for, as it is signed. */
export type TypedData = ReturnType<typeof typedData>

/** A permit that says what was agreed. */
export interface Permit {
  typedData: TypedData
  /** EIP-712 hash: one for each permit, so that a second one is never signed in the first one's place. */
  digest: Hex
  /** USDC that may be taken, minor units. */
  amount: bigint
  /** From then on nobody can use it, epoch milliseconds. */
  deadlineMs: number
}

const secondsOf = (ms: number): bigint => BigInt(Math.floor(ms / 1_000))

const faultOf = (
  intent: PaymentIntent,
  transaction: CpnTransaction,
  agreed: Agreed,
  nowMs: number,
): string | null => {
  const { network, payer, most, mostFee, settleByMs } = agreed
  const { domain, message } = typedData(intent)
  const { permitted, spender, deadline, witness } = message
  const latest = secondsOf(Math.min(settleByMs + MOST_OVERTIME_MS, nowMs + MOST_LIFE_MS))
  const checks: readonly [string, boolean][] = [
    ['payment', transaction.paymentId === agreed.paymentId],
    ['blockchain', transaction.blockchain === network.blockchain],
    ['sender', same(transaction.senderAddress, payer)],
    ['message type', transaction.messageType === MESSAGE_TYPE],
    ['types', intent.primaryType === PRIMARY_TYPE && Bun.deepEquals(intent.types, TYPES, true)],
    ['domain', intent.domain.name === domain.name && same(intent.domain.verifyingContract, PERMIT2)],
    ['chain', domain.chainId === network.chainId],
    ['token', same(permitted.token, network.usdc)],
    ['spender', same(spender, network.settlement)],
    ['amount', permitted.amount > 0n && permitted.amount <= most],
    ['parts', witness.value > 0n && witness.value + witness.maxFee === permitted.amount],
    ['fee', witness.maxFee <= mostFee],
    ['payer', same(witness.from, payer)],
    ['recipient', same(witness.to, transaction.destinationAddress)],
    ['recipient', !same(witness.to, zeroAddress) && !same(witness.to, payer)],
    ['deadline', deadline > secondsOf(nowMs) && deadline <= latest],
    ['validity', witness.validBefore > secondsOf(nowMs) && witness.validBefore <= deadline],
  ]
  return checks.find(([, holds]) => !holds)?.[0] ?? null
}

/**
 * The permit that a transaction asks us to sign, or the name of what in it is not as it was agreed. Nothing else may ever
 * be signed: the signature moves our USDC.
 */
export const permitOf = (transaction: CpnTransaction, agreed: Agreed, nowMs: number): Permit | string => {
  const intent = transaction.messageToBeSigned
  if (!Value.Check(PaymentIntent, intent)) return 'form'
  const fault = faultOf(intent, transaction, agreed, nowMs)
  if (fault) return fault
  const data = typedData(intent)
  const { permitted, deadline } = data.message
  return {
    typedData: data,
    digest: hashTypedData(data),
    amount: permitted.amount,
    deadlineMs: Number(deadline) * 1_000,
  }
}

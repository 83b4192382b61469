import { type Address, type Hex, keccak256, parseTransaction, type TransactionReceipt } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import {
  estimateGas,
  getBlock,
  getBlockNumber,
  getTransaction,
  getTransactionCount,
  sendRawTransaction,
} from 'viem/actions'
import type { Clock } from '../../core/clock.ts'
import { takerOf } from './displaced.ts'
import { gasPriceNow, raisedPrice } from './gas.ts'
import { ChainError, type Node } from './node.ts'
import type { Signed, Transactions } from './transactions.ts'

/** A call of a contract. */
export interface Call {
  to: Address
  data: Hex
}

/** What is known of a transaction that was signed. */
export type Fate =
  /** Written down, but no node has it. */
  | { stage: 'signed' }
  | { stage: 'sent' }
  | { stage: 'confirmed'; receipt: TransactionReceipt }
  /** It failed in its block, or another transaction used its nonce; another block may still take that block’s place. */
  | { stage: 'failing' }
  /** The same, finally: it never takes effect. */
  | { stage: 'void' }

/** Our wallet on one chain. */
export interface Wallet {
  address: Address
  /**
   * Carries the one transaction for a purpose (UUID) on: signs the call when nothing was signed for it yet, sends it,
   * again and for more gas when need be, and looks what became of it. However often and wherever it runs, no second
   * transaction is signed. Throws ChainError, and the signal's reason.
   */
  carry(purpose: string, call: () => Promise<Call>, signal: AbortSignal): Promise<Fate>
  /** Whether something was signed for a purpose. */
  signed(purpose: string): Promise<boolean>
}

/** Longer than every chain here takes for several blocks: what is not in one by then offers too little. */
const STALE_MS = 60_000
/** An estimate may fall short of what a later block needs. */
const GAS_MARGIN = { by: 5n, of: 4n }
/** Others may take the nonce at the same moment; each time one of them has made progress. */
const MOST_TRIES = 200

export interface WalletDeps {
  node: Node
  chainId: number
  account: PrivateKeyAccount
  transactions: Transactions
  clock: Clock
}

/** The wallet of a key on the chain of a node. */
export const createWallet = ({ node, chainId, account, transactions, clock }: WalletDeps): Wallet => {
  const { address } = account
  const { chain } = node

  const count = (blockTag: 'latest' | 'pending', signal: AbortSignal) =>
    node.ask(signal, (client) => getTransactionCount(client, { address, blockTag }))

  const sign = async (id: string, { to, data }: Call, signal: AbortSignal): Promise<Signed> => {
    const height = await node.ask(signal, (client) => getBlockNumber(client, { cacheTime: 0 }))
    // The estimate also plays the call, so that one which would fail is never signed.
    const estimate = await node.ask(signal, (client) => estimateGas(client, { account: address, to, data }))
    const price = await gasPriceNow(node, signal)
    // Not what is pending: if that never lands, a nonce after it never could.
    const next = await count('latest', signal)
    const gas = (estimate * GAS_MARGIN.by) / GAS_MARGIN.of
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const given = await transactions.highestNonce(chain, address)
      const nonce = given === null ? next : Math.max(next, given + 1)
      const raw = await account.signTransaction({ type: 'eip1559', chainId, nonce, gas, to, data, ...price })
      const hashes = [keccak256(raw)]
      const signedMs = clock.now()
      const mine: Signed = { id, chain, from: address, nonce, hashes, raw, signedMs, height, status: 'begun' }
      const stands = await transactions.add(mine)
      if (stands) return stands
    }
    throw new Error(`no nonce on ${chain} was free in ${MOST_TRIES} tries`)
  }

  /** The same call with the same nonce for more gas: whichever of them lands, it lands once. */
  const raise = async (old: Signed, signal: AbortSignal): Promise<Signed> => {
    const { to, data, gas, nonce, maxFeePerGas, maxPriorityFeePerGas } = parseTransaction(old.raw)
    if (!to || !data || !gas || !maxFeePerGas || !maxPriorityFeePerGas)
      throw new Error('a transaction was written down that is none of the wallet’s')
    const price = raisedPrice(node, { maxFeePerGas, maxPriorityFeePerGas }, await gasPriceNow(node, signal))
    if (!price) return old
    const call = { to, data, gas, nonce: nonce ?? 0 }
    const raw = await account.signTransaction({ type: 'eip1559', chainId, ...call, ...price })
    return transactions.replace(old, { hash: keccak256(raw), raw, signedMs: clock.now() })
  }

  /** A node says no to what it has already, or had: only asking it for the transaction tells. */
  const send = async ({ raw, hashes }: Signed, signal: AbortSignal): Promise<boolean> => {
    try {
      await node.ask(signal, (client) => sendRawTransaction(client, { serializedTransaction: raw }))
      return true
    } catch (error) {
      if (!(error instanceof ChainError) || error.fault === 'away') throw error
    }
    for (const hash of hashes)
      if (await node.ask(signal, (client) => getTransaction(client, { hash }).then(Boolean, () => false)))
        return true
    return false
  }

  /** What the chain says; null when the nonce is still unused. */
  const look = async (signed: Signed, signal: AbortSignal): Promise<Fate | null> => {
    // Before the receipts: what lands in between is then seen by its receipt.
    const used = (await count('latest', signal)) > signed.nonce
    for (const hash of signed.hashes.toReversed()) {
      const receipt = await node.receipt(hash, signal)
      if (receipt?.status === 'success') return { stage: 'confirmed', receipt }
      if (!receipt) continue
      const { number } = await node.ask(signal, (client) => getBlock(client, { blockTag: 'finalized' }))
      return { stage: receipt.blockNumber <= number ? 'void' : 'failing' }
    }
    if (!used) return null
    const taker = await takerOf(node, signed, signal)
    if (!taker) return { stage: 'failing' }
    // Read again: a replacement was written down before it was sent, perhaps after this worker had last looked.
    const { hashes } = (await transactions.find(signed.id)) ?? signed
    return { stage: hashes.includes(taker) ? 'sent' : 'void' }
  }

  /** Sends what was signed, after everything before it: a nonce that is left out holds up all later ones. */
  const push = async ({ nonce }: Signed, signal: AbortSignal): Promise<boolean> => {
    const next = await count('latest', signal)
    const [first] = await transactions.between(chain, address, next, next)
    const stale = first !== undefined && clock.now() - first.signedMs >= STALE_MS
    if (stale) await send(await raise(first, signal), signal)
    const missing = await count('pending', signal)
    let sent = missing > nonce
    for (const each of await transactions.between(chain, address, missing, nonce))
      sent = await send(each, signal)
    return sent
  }

  const resend = async (signed: Signed, signal: AbortSignal): Promise<Fate> => {
    const sent = await push(signed, signal)
    const stands = (await transactions.find(signed.id)) ?? signed
    return (await look(stands, signal)) ?? { stage: sent ? 'sent' : 'signed' }
  }

  return {
    address,
    signed: async (purpose) => (await transactions.find(purpose)) !== null,
    carry: async (purpose, call, signal) => {
      const signed = (await transactions.find(purpose)) ?? (await sign(purpose, await call(), signal))
      if (signed.status === 'refused') return { stage: 'void' }
      const fate = (await look(signed, signal)) ?? (await resend(signed, signal))
      if (fate.stage === 'void') await transactions.close(purpose, 'refused')
      return fate
    },
  }
}

import {
  BaseError,
  type Client,
  createClient,
  ExecutionRevertedError,
  type Hex,
  http,
  RpcRequestError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem'
import { getTransactionReceipt } from 'viem/actions'
import type { RailChain } from './chains.ts'

/** Above what the deadline of a call leaves, so that the signal ends a request and not this. */
const LONGEST_MS = 15_000
const MOST_TEXT = 200

/**
 * What went wrong with a node. `away`: it gave no usable answer. `reverted`: the contract would refuse, for the reason.
 * `rejected`: the node says no. The message is for the log; it holds no URL, which may have a key in it.
 */
export class ChainError extends Error {
  override readonly name = 'ChainError'

  constructor(
    readonly fault: 'away' | 'reverted' | 'rejected',
    readonly chain: RailChain,
    readonly reason: string,
  ) {
    super(`${chain}: ${fault}${reason && `: ${reason}`}`)
  }
}

/** A node of one chain. */
export interface Node {
  chain: RailChain
  /** Asks it through viem. Throws ChainError, and the signal's reason when that is set. */
  ask<T>(signal: AbortSignal, question: (client: Client) => Promise<T>): Promise<T>
  /** The receipt of a transaction that is in a block, null of any other. */
  receipt(hash: Hex, signal: AbortSignal): Promise<TransactionReceipt | null>
}

const causeOf = <T extends Error>(error: BaseError, kind: new (...given: never[]) => T): T | null => {
  const found = error.walk((cause) => cause instanceof kind)
  return found instanceof kind ? found : null
}

/** The words of a node or contract, without what viem adds: its message names the URL and the whole request. */
const wordsOf = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, MOST_TEXT)

const chainError = (error: unknown, chain: RailChain): ChainError => {
  if (!(error instanceof BaseError)) return new ChainError('away', chain, 'an answer that cannot be read')
  const reverted = causeOf(error, ExecutionRevertedError)
  if (reverted) return new ChainError('reverted', chain, wordsOf(reverted.shortMessage))
  const refused = causeOf(error, RpcRequestError)
  if (refused) return new ChainError('rejected', chain, wordsOf(`${refused.code} ${refused.details}`))
  return new ChainError('away', chain, error.name)
}

/** The node behind a URL. Nothing is asked twice: whoever called asks again. */
export const createNode = (chain: RailChain, url: string): Node => {
  const ask: Node['ask'] = async (signal, question) => {
    signal.throwIfAborted()
    const fetchOptions = { signal, redirect: 'error' as const }
    const transport = http(url, { retryCount: 0, timeout: LONGEST_MS, fetchOptions })
    try {
      return await question(createClient({ transport }))
    } catch (error) {
      signal.throwIfAborted()
      throw chainError(error, chain)
    }
  }
  return {
    chain,
    ask,
    receipt: (hash, signal) =>
      ask(signal, (client) =>
        getTransactionReceipt(client, { hash }).catch((error: unknown) => {
          if (error instanceof TransactionReceiptNotFoundError) return null
          throw error
        }),
      ),
  }
}

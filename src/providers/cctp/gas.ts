import { estimateMaxPriorityFeePerGas, getBlock } from 'viem/actions'
import { PACES } from './chains.ts'
import { ChainError, type Node } from './node.ts'

/** What a transaction offers for gas, wei. */
export interface GasPrice {
  maxFeePerGas: bigint
  maxPriorityFeePerGas: bigint
}

/** Nodes take a replacement for a tenth more; an eighth clears that after rounding. */
const RAISED = { by: 9n, of: 8n }

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b)
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** What gets into a block soon: twice the base fee, so that it may rise for six blocks, never above the chain's ceiling. */
export const gasPriceNow = async (node: Node, signal: AbortSignal): Promise<GasPrice> => {
  const ceiling = PACES[node.chain].mostFeePerGas
  const { baseFeePerGas } = await node.ask(signal, (client) => getBlock(client))
  if (baseFeePerGas === null) throw new ChainError('away', node.chain, 'a block without a base fee')
  const tip = least(await node.ask(signal, (client) => estimateMaxPriorityFeePerGas(client)), ceiling)
  return { maxFeePerGas: least(2n * baseFeePerGas + tip, ceiling), maxPriorityFeePerGas: tip }
}

/** What replaces a transaction at the old price; null when the chain's ceiling leaves no room for it. */
export const raisedPrice = (node: Node, old: GasPrice, now: GasPrice): GasPrice | null => {
  const raised = (price: bigint) => (price * RAISED.by) / RAISED.of + 1n
  const price = {
    maxFeePerGas: most(now.maxFeePerGas, raised(old.maxFeePerGas)),
    maxPriorityFeePerGas: most(now.maxPriorityFeePerGas, raised(old.maxPriorityFeePerGas)),
  }
  return price.maxFeePerGas > PACES[node.chain].mostFeePerGas ? null : price
}

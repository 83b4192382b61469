import type { Hex } from 'viem'
import { getBlock, getTransactionCount } from 'viem/actions'
import { ChainError, type Node } from './node.ts'
import type { Signed } from './transactions.ts'

/**
 * The transaction that used a nonce of ours, read from the very block that it is in, so that it is known and not
 * concluded from a receipt that a node may only lack. Null while no final block has used the nonce. Throws ChainError
 * when the node does not keep states that are old enough to find it.
 */
export const takerOf = async (
  node: Node,
  { from, nonce, height }: Pick<Signed, 'from' | 'nonce' | 'height'>,
  signal: AbortSignal,
): Promise<Hex | null> => {
  const usedBy = (blockNumber: bigint) =>
    node.ask(
      signal,
      async (client) => (await getTransactionCount(client, { address: from, blockNumber })) > nonce,
    )
  const { number: final } = await node.ask(signal, (client) => getBlock(client, { blockTag: 'finalized' }))
  if (final <= height || !(await usedBy(final))) return null
  // It was unused at `height` and is used at `final`: halve what lies between until one block is left.
  let unused = height
  let used = final
  while (used - unused > 1n) {
    const middle = (unused + used) / 2n
    if (await usedBy(middle)) used = middle
    else unused = middle
  }
  const block = await node.ask(signal, (client) =>
    getBlock(client, { blockNumber: used, includeTransactions: true }),
  )
  const taker = block.transactions.find(
    (each) => each.from.toLowerCase() === from.toLowerCase() && each.nonce === nonce,
  )
  if (!taker) throw new ChainError('away', node.chain, 'the block that used a nonce does not show by what')
  return taker.hash
}

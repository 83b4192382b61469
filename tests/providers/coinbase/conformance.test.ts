import { describeConformance } from '../conformance.ts'
import { describeWireConformance } from '../wire-conformance.ts'
import type { Received } from '../wire-server.ts'
import { coinbaseHarness } from './harness.ts'

const LEGS = ['onramp', 'offramp', 'refund'] as const

describeConformance('coinbase', coinbaseHarness)
describeWireConformance('coinbase', LEGS, coinbaseHarness)

// What goes wrong with the quote must not move money twice either, although a quote moves none.
const isQuote = ({ method, path }: Received) => method === 'POST' && path.endsWith('/transfers')
describeWireConformance('coinbase, while it quotes,', LEGS, async () => ({
  ...(await coinbaseHarness()),
  acts_on: isQuote,
}))

import { describeConformance } from '../conformance.ts'
import { describeWireConformance } from '../wire-conformance.ts'
import { coinbaseHarness } from './harness.ts'

describeConformance('coinbase', coinbaseHarness)
describeWireConformance('coinbase', ['onramp', 'offramp', 'refund'], coinbaseHarness)

import { describeConformance } from '../conformance.ts'
import { describeWireConformance } from '../wire-conformance.ts'
import { bridgeHarness } from './fixtures.ts'

describeConformance('bridge in EUR', () => bridgeHarness('EUR', true))
describeWireConformance('bridge in EUR', ['onramp'], () => bridgeHarness('EUR', false))
describeWireConformance('bridge in EUR', ['offramp', 'refund'], () => bridgeHarness('EUR', true))

// Dollars are paid out without fixed outputs, so by another request.
describeConformance('bridge in USD', () => bridgeHarness('USD', true))

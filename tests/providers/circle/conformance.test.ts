import { describeConformance } from '../conformance.ts'
import { describeWireConformance } from '../wire-conformance.ts'
import { circleHarness } from './harness.ts'

describeConformance('circle', () => circleHarness('USD', true))
describeConformance('circle, paying out euros', () => circleHarness('EUR', true))

describeWireConformance('circle', ['onramp'], () => circleHarness('USD', false))
describeWireConformance('circle', ['offramp', 'refund'], () => circleHarness('USD', true))
describeWireConformance('circle, paying out euros', ['offramp'], () => circleHarness('EUR', true))

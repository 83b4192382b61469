import { describeConformance } from '../conformance.ts'
import { describeWireConformance } from '../wire-conformance.ts'
import { cpnHarness } from './fixtures.ts'

describeConformance('cpn', cpnHarness, ['offramp'])
describeWireConformance('cpn', ['offramp'], cpnHarness)

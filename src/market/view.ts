import { formatUsd, gasUsd } from '../fees/gas.ts'
import { CHAINS } from '../providers/port.ts'
import type { MarketFacts } from './facts.ts'
import type { MarketView } from './model.ts'
import type { SourceReport } from './service.ts'
import { SOURCE_NAMES } from './source.ts'

/** What a source counts as that is not asked. */
const NOT_ASKED = { status: 'fallback', ageSeconds: null, failures: 0, failure: null, value: null } as const

/** The market as a reader of the API sees it at `nowMs`. `reports` are of the sources that are asked. */
export const marketView = (
  nowMs: number,
  facts: MarketFacts,
  reports: readonly SourceReport[],
): MarketView => ({
  at: new Date(nowMs).toISOString(),
  sources: SOURCE_NAMES.map((name) => {
    const { status, ageSeconds, failures, failure, value } =
      reports.find((report) => report.name === name) ?? NOT_ASKED
    return { name, status, age_seconds: ageSeconds, failures, failure, value }
  }),
  fx: facts.fx,
  gas: CHAINS.map((chain) => ({
    chain,
    ...facts.gas[chain],
    unit: chain === 'solana' ? 'micro_lamports' : 'wei',
    transfer_usd: formatUsd(gasUsd(facts, chain)),
  })),
  usd: facts.usd,
  circle: facts.circle,
})

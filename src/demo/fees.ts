/** `bun run fees:scenarios`: asks a Ratelock of its own for seed.md's five recommendations and checks each. */
import { startProcess } from '../process.ts'
import { createClient } from './client.ts'
import { failures, requestOf, SCENARIOS } from './scenarios.ts'
import { demoConfig } from './settings.ts'
import { table } from './table.ts'

/** Five answers, each within the model's deadline, and the start. */
const LIMIT_MS = 60_000

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`
const money = (cents: number) => (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2 })

const ask = async (client: ReturnType<typeof createClient>) => {
  const answers = []
  for (const scenario of SCENARIOS) {
    const began = performance.now()
    const answer = await client.fees(requestOf(scenario))
    answers.push({ scenario, answer, ms: performance.now() - began, wrong: failures(scenario, answer) })
  }
  return answers
}

const report = (answers: Awaited<ReturnType<typeof ask>>, model: string): string => {
  const rows = answers.map(({ scenario, answer, ms, wrong }) => [
    scenario.name,
    `${money(scenario.dollars * 100)} USD ${scenario.priority}/${scenario.tier}`,
    answer.recommended_provider.chain,
    `${money(answer.total_fee)} (${percent(answer.total_fee, scenario.dollars * 100)})`,
    answer.estimated_settlement_time,
    answer.confidence_score.toFixed(2),
    answer.source,
    `${ms.toFixed(1)} ms`,
    wrong.length === 0 ? 'ok' : 'FAILED',
  ])
  const head = ['scenario', 'amount', 'chain', 'fee', 'settlement', 'confidence', 'source', 'latency', '']
  const sources = answers[0]?.answer.market ?? []
  const known = sources.filter(({ status }) => status !== 'fallback').length
  const rest = known < sources.length ? '; the others are sample values' : ''
  return [
    model,
    `Market: ${known} of ${sources.length} sources have answered${rest}.`,
    '',
    table(head, rows),
    '',
    ...answers.map(({ scenario, answer }) => `${scenario.name}: ${answer.recommended_provider.reasoning}`),
    ...answers.flatMap(({ scenario, wrong }) => wrong.map((what) => `FAILED ${scenario.name}: ${what}`)),
  ].join('\n')
}

const main = async (): Promise<number> => {
  const config = demoConfig(process.env, 'scenarios')
  const running = await startProcess(config)
  try {
    const answers = await ask(createClient(running.url ?? '', AbortSignal.timeout(LIMIT_MS)))
    const model = config.ANTHROPIC_API_KEY
      ? `Advised by ${config.ANTHROPIC_MODEL}.`
      : 'Decided by the rules alone: ANTHROPIC_API_KEY is not set.'
    console.log(report(answers, model))
    return answers.every(({ wrong }) => wrong.length === 0) ? 0 : 1
  } finally {
    await running.stop()
  }
}

try {
  process.exit(await main())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

import pino from 'pino'
import { randomIds } from '../../src/core/ids.ts'
import {
  type AdviserDeps,
  createAdviser,
  type FallbackReason,
  type Question,
} from '../../src/fees/advice/adviser.ts'
import { createClaude } from '../../src/fees/advice/claude.ts'
import type { AdviceRecord } from '../../src/fees/advice/store.ts'
import { bandOf } from '../../src/fees/band.ts'
import { candidatesFor } from '../../src/fees/candidates.ts'
import type { MarketFacts } from '../../src/market/facts.ts'
import { type ClaudeServer, startClaudeServer } from '../support/claude-server.ts'
import { offersExcept, sampleFacts } from './facts.ts'

/** A medium amount, for which every chain is eligible unless changed. */
export const questionWith = (
  changes: Partial<Question> = {},
  { dollars = 5_000n, facts = sampleFacts() }: { dollars?: bigint; facts?: MarketFacts } = {},
): Question => {
  const { words, amount } = bandOf(dollars * 100n, 'USD', facts)
  const asked = { from: 'USD', to: 'EUR', amount, priority: 'standard' } as const
  return {
    ...asked,
    band: words,
    tier: 'business',
    country: 'Germany',
    facts,
    candidates: candidatesFor(asked, facts, offersExcept()),
    ...changes,
  }
}

/** Longer than a test lasts: whoever waits for it fails. */
const NEVER_MS = 600_000

/** An adviser on a played model, with time that passes only when told, except for the deadline. */
export const startAdvised = (changes: Partial<AdviserDeps> & { baseUrl?: string; model?: string } = {}) => {
  const clock = { nowMs: 1_795_418_400_000, now: () => clock.nowMs }
  const server: ClaudeServer = startClaudeServer({ now: clock.now })
  const records: AdviceRecord[] = []
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'trace', base: null }, { write: (line) => void lines.push(JSON.parse(line)) })
  const { baseUrl = server.url, model = 'claude-haiku-5-5', ...deps } = changes
  const adviser = createAdviser({
    claude: createClaude({ apiKey: server.key, baseUrl, model, clock }),
    store: { insert: async (record) => void records.push(record) },
    clock,
    ids: randomIds,
    log,
    deadlineMs: NEVER_MS,
    budgetPerMinute: 1_000,
    ...deps,
  })
  let asked = 0
  return {
    adviser,
    server,
    clock,
    /** What was given to the store. */
    records,
    lines,
    tick: (ms: number): void => {
      clock.nowMs += ms
    },
    ask: (key = 'key', question = questionWith(), account = 'acc') => adviser.ask(key, question, account),
    /** Asks something that nobody asked before, as an account that never asked, and answers why there was no choice. */
    fresh: async (): Promise<FallbackReason | 'choice'> => {
      const advice = await adviser.ask(`fresh ${asked++}`, questionWith(), `account ${asked}`)
      return advice.kind === 'choice' ? 'choice' : advice.reason
    },
  }
}

export type Advised = ReturnType<typeof startAdvised>

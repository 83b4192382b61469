/**
 * `bun run bench:fees`: how fast the fee engine answers, and how often it asks the model. Starts a database, a played
 * market and a played model of its own on this machine; nothing outside is asked.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import countries from 'i18n-iso-countries/index.js'
import { loadConfig } from '../src/config.ts'
import { systemClock } from '../src/core/clock.ts'
import { FIAT_CURRENCIES } from '../src/core/currency.ts'
import { randomIds } from '../src/core/ids.ts'
import { openDatabase } from '../src/db/client.ts'
import { startEmbedded } from '../src/db/embedded/server.ts'
import { migrateDatabase } from '../src/db/migrate.ts'
import { requestOf, SCENARIOS } from '../src/demo/scenarios.ts'
import { table } from '../src/demo/table.ts'
import type { FeeRequest } from '../src/fees/model.ts'
import { readFleet } from '../src/fleet.ts'
import { drawInteger } from '../src/providers/sandbox/draw.ts'
import { createBoss } from '../src/queue/boss.ts'
import { createServices } from '../src/services.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { onClaude, onMarket } from '../tests/fees/program.ts'
import { startClaudeServer } from '../tests/support/claude-server.ts'
import { startMarketServer } from '../tests/support/market-server.ts'
import { percentile } from './figures.ts'

const WARM = 5_000
const COLD = 150
const MIXED = 1_000

const dataDir = await mkdtemp(join(tmpdir(), 'ratelock-bench-'))
const postgres = await startEmbedded({ dataDir })
await migrateDatabase(postgres.url)
const database = openDatabase({ url: postgres.url, max: 10 })
const market = startMarketServer()
const claude = startClaudeServer()
const log = createLogger({ level: 'silent', pretty: false })
const boss = createBoss({ url: postgres.url, supervise: false, onError: () => {} })

/** A program that remembers nothing, on the same database. */
const program = async (env: Record<string, string> = {}) => {
  const config = loadConfig({ ...onMarket(market), ...onClaude(claude), ...env })
  const fleet = await readFleet(config)
  return createServices({ config, database, boss, fleet, log, clock: systemClock, ids: randomIds })
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return performance.now() - began
}

// XK is in the list, and no country of ISO 3166.
const codes = Object.keys(countries.getAlpha2Codes()).filter((code) => code !== 'XK')

const WISH: FeeRequest = {
  amount: 500_000,
  from_currency: 'USD',
  to_currency: 'EUR',
  destination_country: 'DE',
  priority: 'standard',
  customer_tier: 'business',
}

const question = (wish: FeeRequest, country: string) => ({
  from: 'USD' as const,
  to: 'EUR' as const,
  amount: BigInt(wish.amount),
  priority: 'standard' as const,
  tier: 'business' as const,
  country,
})

const warm = async () => {
  const { engine, fees, market: mids } = await program()
  await mids.refreshDue()
  await fees.calculate('bench', WISH)
  const inEngine: number[] = []
  for (let i = 0; i < WARM; i++)
    inEngine.push(
      await timed(() => engine.decide(question({ ...WISH, amount: 400_000 + i }, 'Germany'), 'bench')),
    )
  const stored: number[] = []
  for (let i = 0; i < WARM / 5; i++)
    stored.push(await timed(() => fees.calculate('bench', { ...WISH, amount: 400_000 + i })))
  return { inEngine, stored }
}

/** Each question is a new one, and the played model answers at once: what is left is ours and the loopback's. */
const cold = async () => {
  const { engine, market: mids } = await program()
  await mids.refreshDue()
  const overheads: number[] = []
  for (let i = 0; i < COLD; i++)
    overheads.push(await timed(() => engine.decide(question(WISH, `Country ${i}`), 'bench')))
  return overheads
}

const pick = <T>(list: readonly T[], draw: number): T => {
  const found = list[Math.floor(draw * list.length)]
  if (found === undefined) throw new Error('nothing to pick from')
  return found
}

/** seed.md's five scenarios, their amounts spread by up to a fifth. */
const seedMix = (draw: () => number): FeeRequest => {
  const wish = requestOf(pick(SCENARIOS, draw()))
  return { ...wish, amount: Math.round(wish.amount * (0.8 + 0.4 * draw())) }
}

/** Anything from anywhere: what no cache can help with. */
const wideMix = (draw: () => number): FeeRequest => ({
  amount: Math.round(10 ** (3 + 5 * draw())),
  from_currency: pick(FIAT_CURRENCIES.slice(0, 5), draw()),
  to_currency: pick(FIAT_CURRENCIES.slice(5), draw()),
  destination_country: pick(codes, draw()),
  priority: pick(['standard', 'express', 'economy'], draw()),
  customer_tier: pick(['standard', 'business', 'premium', 'enterprise'], draw()),
})

const mixed = async (mix: (draw: () => number) => FeeRequest, env: Record<string, string>) => {
  const { fees, adviser, market: mids } = await program(env)
  await mids.refreshDue()
  let drawn = 0
  const draw = () => drawInteger('bench', `${drawn++}`, 'fees', 0, 999_999) / 1_000_000
  const sources: Record<string, number> = { claude: 0, cache: 0, rules: 0 }
  for (let i = 0; i < MIXED; i++) {
    const { source } = await fees.calculate('bench', mix(draw))
    sources[source] = (sources[source] ?? 0) + 1
  }
  return [`${adviser.stats().calls}`, `${sources.claude}`, `${sources.cache}`, `${sources.rules}`]
}

try {
  const { inEngine, stored } = await warm()
  const overhead = await cold()
  const ms = (values: number[]) => [percentile(values, 50).toFixed(3), percentile(values, 99).toFixed(3)]
  console.log(
    table(
      ['answer', 'p50 ms', 'p99 ms', 'answers'],
      [
        ['warm, in the engine', ...ms(inEngine), `${inEngine.length}`],
        ['warm, with the row that it stores', ...ms(stored), `${stored.length}`],
        ['cold, of a model that answers at once', ...ms(overhead), `${overhead.length}`],
      ],
    ),
  )
  console.log(`\nCalls of the model for ${MIXED} requests within one minute`)
  console.log(
    table(
      ['mix', 'calls', 'by the model', 'from its last answers', 'by the rules'],
      [
        ['the five scenarios, amounts spread', ...(await mixed(seedMix, {}))],
        [
          'anything from anywhere, budget as by default',
          ...(await mixed(wideMix, { ANTHROPIC_CALLS_PER_MINUTE: '' })),
        ],
      ],
    ),
  )
} finally {
  await claude.stop()
  await market.stop()
  await database.close()
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}

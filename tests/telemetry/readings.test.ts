import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { TestClock } from 'pg-boss'
import { Gauge, Histogram, Registry } from 'prom-client'
import { createLogger } from '../../src/telemetry/logger.ts'
import { watchEventLoop } from '../../src/telemetry/process.ts'
import { createReadings } from '../../src/telemetry/readings.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { parse, scrape } from './support.ts'

const log = createLogger({ level: 'silent', pretty: false })

/** A registry with one gauge over one reading, whose answer a test gives. */
const start = (read: () => Promise<number>, patienceMs?: number) => {
  const registry = new Registry()
  const clock = { nowMs: 0, now: () => clock.nowMs }
  const reading = createReadings(registry, {
    clock,
    log,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  })
  const value = reading('sample', 10_000, read)
  for (const name of ['first', 'second'])
    new Gauge({
      name,
      help: name,
      registers: [registry],
      async collect() {
        const found = await value()
        this.remove()
        if (found !== null) this.set(found)
      },
    })
  return { clock, shown: async () => parse(await registry.metrics()) }
}
const FAILED = 'ratelock_database_reading_failed{reading="sample"}'

describe('a reading of the database', () => {
  test('is made once for all metrics and scrapes of its time', async () => {
    let reads = 0
    const { clock, shown } = start(async () => ++reads)
    await Promise.all([shown(), shown()])
    clock.nowMs = 9_999
    const found = await shown()
    expect([found.get('first'), found.get('second'), found.get(FAILED)]).toEqual([1, 1, 0])
    clock.nowMs = 10_000
    expect((await shown()).get('second')).toBe(2)
    expect(reads).toBe(2)
  })

  test('that fails takes its own metrics with it and says so, until the next one is made', async () => {
    let away = true
    const { shown } = start(async () => {
      if (away) throw new Error('away')
      return 7
    })
    const found = await shown()
    expect([found.has('first'), found.get(FAILED)]).toEqual([false, 1])
    expect(found.has('ratelock_database_reading_seconds{reading="sample"}')).toBe(true)
    away = false
    const back = await shown()
    expect([back.get('first'), back.get(FAILED)]).toEqual([7, 0])
  })

  test('that hangs is not waited for, and begun no second time', async () => {
    const hanging = Promise.withResolvers<number>()
    let reads = 0
    const { shown } = start(() => {
      reads++
      return hanging.promise
    }, 1)
    for (let nth = 0; nth < 2; nth++) expect((await shown()).get(FAILED)).toBe(1)
    expect(reads).toBe(1)
    hanging.resolve(3)
    await hanging.promise
    expect((await shown()).get('first')).toBe(3)
  })
})

describe('without its database', () => {
  const clock = new TestClock()
  let harness: Harness
  beforeAll(async () => {
    harness = await startHarness({ clock })
  })
  afterAll(() => harness.stop())

  test('the process still tells of itself, and that it cannot tell of the rest', async () => {
    expect((await scrape(harness)).get('ratelock_database_reading_failed{reading="live"}')).toBe(0)
    await harness.database.close()
    await clock.tick(60_000)
    const found = await scrape(harness)
    for (const reading of ['queues', 'live', 'exposure', 'reconcile'])
      expect(found.get(`ratelock_database_reading_failed{reading="${reading}"}`)).toBe(1)
    const names = [...found.keys()]
    expect(names.some((name) => name.startsWith('ratelock_queue_jobs'))).toBe(false)
    expect(found.has('ratelock_quotes_open')).toBe(false)
    expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(0)
    expect(found.get('ratelock_claude_calls_total{outcome="choice"}')).toBe(0)
  })
})

test('the lag of the event loop is what holds its timers up', async () => {
  const lag = new Histogram({ name: 'lag', help: 'lag', buckets: [0.1, 0.25], registers: [] })
  const end = watchEventLoop(lag)
  const count = async () =>
    (await lag.get()).values.find(({ metricName }) => metricName === 'lag_count')?.value
  const sum = async () =>
    (await lag.get()).values.find(({ metricName }) => metricName === 'lag_sum')?.value ?? 0
  try {
    const busyUntil = performance.now() + 500
    while (performance.now() < busyUntil);
    while (((await count()) ?? 0) < 1) await new Promise((resolve) => setImmediate(resolve))
    expect(await sum()).toBeGreaterThan(0.25)
  } finally {
    end()
  }
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbedded } from '../../src/db/embedded/server.ts'
import { createTemplate } from './database.ts'
import { startHarness } from './harness.ts'

const REPETITIONS = 20

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** The program on a PostgreSQL of its own that is thrown away, for scripts that measure what something costs. */
export const startMeasuring = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ratelock-cost-'))
  const postgres = await startEmbedded({ dataDir })
  await createTemplate(postgres.url)
  const harness = await startHarness({ server: postgres.url })
  return {
    harness,
    /** Prints the median of twenty runs, the first and the longest, milliseconds. */
    timed: async (what: string, work: () => Promise<unknown>): Promise<void> => {
      const times: number[] = []
      for (let nth = 0; nth < REPETITIONS; nth++) {
        const start = performance.now()
        await work()
        times.push(performance.now() - start)
      }
      const [first = Number.NaN] = times
      const shown = [median(times), first, Math.max(...times)].map((ms) => `${ms.toFixed(1)} ms`)
      console.log(`${what}: ${shown[0]}, at first ${shown[1]}, at most ${shown[2]}`)
    },
    stop: async (): Promise<void> => {
      await harness.stop()
      await postgres.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

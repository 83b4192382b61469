/** `bun run dashboard:seed`: fills the embedded database with days as if the service had been running. */
import { systemClock } from '../../core/clock.ts'
import { startEmbedded } from '../../db/embedded/server.ts'
import { seconds } from '../format.ts'
import { table } from '../table.ts'
import { DAYS } from './orders.ts'
import { AlreadySeeded, seedDatabase } from './seed.ts'
import { dataDirOf, readArguments } from './settings.ts'

const EXIT_INTERRUPTED = 130

const { stdout } = process
const ending = new AbortController()
const { signal } = ending
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => ending.abort(new Error('interrupted; the database is as it was')))

/** Replaces the line that a terminal is on. */
const draw = (text: string) => void (stdout.isTTY && stdout.write(`\r\x1b[K${text}`))

const NEXT = [
  '',
  'The receivers of the sample have ended. The endpoint of the order system is disabled and points to port 4000, where',
  'docs/examples/receiver.ts listens; accounting goes on failing, as it did before, where nobody listens.',
  '',
  'Next: `bun run start`, then open http://localhost:3000/. What is still under way settles within minutes.',
]

const again = (dataDir: string) =>
  `There is a sample in ${dataDir} already. For a new one, remove ${dataDir}, or give DATA_DIR another folder, here and at \`bun run start\`.`

const main = async (): Promise<number> => {
  const wanted = readArguments(process.argv.slice(2))
  const dataDir = dataDirOf(process.env)
  const begun = systemClock.now()
  const embedded = await startEmbedded({ dataDir })
  try {
    console.log(`Living ${DAYS} days with ${wanted.payments} payments in ${dataDir}. No real money moves.`)
    const lines = await seedDatabase({
      ...wanted,
      url: embedded.url,
      end: begun,
      signal,
      progress: (accepted) => draw(`  ${accepted} of ${wanted.payments} payments`),
    })
    draw('')
    console.log(table(['what', 'count', 'of these'], lines))
    console.log(`\nTook ${seconds(systemClock.now() - begun)}.`)
    for (const line of NEXT) console.log(line)
    return 0
  } catch (error) {
    if (!(error instanceof AlreadySeeded)) throw error
    console.log(again(dataDir))
    return 0
  } finally {
    await embedded.stop()
  }
}

try {
  process.exit(await main())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(signal.aborted ? EXIT_INTERRUPTED : 1)
}

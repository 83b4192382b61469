/** `bun run demo`: starts a Ratelock of its own, pays a quote over HTTP and shows what happens. */
import { systemClock } from '../core/clock.ts'
import { randomIds } from '../core/ids.ts'
import { startProcess } from '../process.ts'
import { createClient } from './client.ts'
import { DemoFailure, Interrupted } from './failure.ts'
import { createLiveReporter } from './live.ts'
import { COLOURS, NO_COLOURS } from './paint.ts'
import { createPlainReporter } from './plain.ts'
import { deadlineMs, demoConfig } from './settings.ts'
import { tellStory } from './story.ts'

const EXIT_INTERRUPTED = 130
/** Ctrl-C under `bun run` arrives twice: from the terminal, and passed on by `bun run`. */
const SAME_SIGNAL_MS = 500

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const config = (() => {
  try {
    return demoConfig(process.env)
  } catch (error) {
    console.error(describe(error))
    return process.exit(1)
  }
})()

const { env, stdout } = process
const scale = config.SANDBOX_TIME_SCALE
const ending = new AbortController()
const { signal } = ending
// A terminal that was closed, or a pipe whose reader has seen enough: nobody watches any more.
stdout.on('error', () => ending.abort(new Interrupted('nobody reads the output')))
const write = (text: string) => void (stdout.destroyed || stdout.write(text))
// Below that size what is drawn in place would wrap or scroll away.
const fits = stdout.isTTY && env.TERM !== 'dumb' && stdout.columns >= 80 && stdout.rows >= 20
const report = fits
  ? createLiveReporter({ write, clock: systemClock, scale, paint: env.NO_COLOR ? NO_COLOURS : COLOURS })
  : createPlainReporter(write, scale)

const limit = deadlineMs(scale)
const timer = setTimeout(
  () => ending.abort(new DemoFailure(`it did not end within ${Math.round(limit / 1000)} s`)),
  limit,
)
let stoppingSince: number | undefined
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    stoppingSince ??= performance.now()
    ending.abort(new Interrupted('interrupted'))
    // Whoever asks again does not want to wait; the next demo takes over the PostgreSQL that is left.
    if (performance.now() - stoppingSince > SAME_SIGNAL_MS) {
      report.close()
      process.exit(EXIT_INTERRUPTED)
    }
  })
}
const aborted = new Promise<never>((_, reject) =>
  signal.addEventListener('abort', () => reject(signal.reason)),
)

report.starting(config.DATA_DIR)
const starting = startProcess(config)

const play = async (): Promise<number> => {
  try {
    const { url } = await Promise.race([starting, aborted])
    if (!url) throw new DemoFailure('Ratelock has no address')
    report.started(url)
    const story = tellStory({
      client: createClient(url, signal),
      report,
      idempotencyKey: randomIds.uuid(),
      signal,
    })
    report.outcome(await Promise.race([story, aborted]))
    return 0
  } catch (error) {
    const cause: unknown = signal.aborted ? signal.reason : error
    if (cause instanceof Interrupted) return EXIT_INTERRUPTED
    report.failed(describe(cause))
    return 1
  } finally {
    clearTimeout(timer)
  }
}

const stopAll = async (): Promise<boolean> => {
  report.stopping()
  // What the story still waits for must not keep the server from stopping.
  ending.abort(new Interrupted('over'))
  try {
    const running = await starting.catch(() => null)
    await running?.stop()
    return true
  } catch (error) {
    report.failed(describe(error))
    return false
  }
}

const code = await play()
const clean = await stopAll()
if (clean) report.stopped(code === 0)
report.close()
process.exit(clean ? code : 1)

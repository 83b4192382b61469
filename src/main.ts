import { loadConfig } from './config.ts'
import { type Running, startProcess } from './process.ts'
import { welcome } from './welcome.ts'

const fail = (error: unknown): never => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}

const config = (() => {
  try {
    return loadConfig(process.env)
  } catch (error) {
    return fail(error)
  }
})()

// One Ctrl-C arrives several times within milliseconds: from the terminal, and from each wrapper that passes it on.
const SAME_SIGNAL_MS = 500

const wanted = new AbortController()
const starting = startProcess(config, wanted.signal)
let running: Running | undefined

/** Ends what runs, or breaks off the start, which then ends what it had started. */
const stop = (): Promise<void> => {
  wanted.abort()
  return starting.then(
    (started) => started.stop(),
    () => {},
  )
}

let stoppingSince: number | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now()
      running?.log.info({ signal }, 'stopping')
      stop().then(() => process.exit(0), fail)
      return
    }
    // Whoever asks twice does not want to wait for the grace period.
    if (performance.now() - stoppingSince <= SAME_SIGNAL_MS) return
    running?.log.warn({ signal }, 'told again to stop, so nothing is waited for any more')
    process.exit(1)
  })
}

// Nothing is lost by ending here: whatever was accepted is in the database, and the next start goes on with it.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    if (running) running.log.fatal({ err: error }, event)
    else console.error(error instanceof Error ? error.stack : error)
    const end = () => process.exit(1)
    stop().then(end, end)
  })
}

running = await starting.catch((error: unknown) => (wanted.signal.aborted ? undefined : fail(error)))

if (running && (process.stdout.isTTY || config.NODE_ENV === 'development'))
  console.log(welcome(running, config))

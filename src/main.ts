import { loadConfig } from './config.ts'
import { startProcess } from './process.ts'
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

let stoppingSince: number | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stoppingSince === undefined) {
      stoppingSince = performance.now()
      wanted.abort()
      const end = () => process.exit(0)
      // A start that is broken off has ended what it had started.
      starting.then((running) => running.stop().then(end, fail), end)
      return
    }
    // Whoever asks twice does not want to wait for the grace period.
    if (performance.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1)
  })
}

const running = await starting.catch((error: unknown) => (wanted.signal.aborted ? undefined : fail(error)))

// Nothing is lost by ending here: whatever was accepted is in the database, and the next start goes on with it.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    running?.log.fatal({ err: error }, event)
    const end = () => process.exit(1)
    running?.stop().then(end, end)
  })
}

if (running && (process.stdout.isTTY || config.NODE_ENV === 'development'))
  console.log(welcome(running, config))

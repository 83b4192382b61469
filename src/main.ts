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

const running = await startProcess(config).catch(fail)
if (process.stdout.isTTY || config.NODE_ENV === 'development') console.log(welcome(running, config))

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // Whoever asks twice does not want to wait for the grace period.
    if (stopping) process.exit(1)
    stopping = true
    running.stop().then(() => process.exit(0), fail)
  })
}

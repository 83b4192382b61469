import { readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

const MOST_SHOWN = 5_000
const ROOT = join(import.meta.dir, '../..')

/** Polls a condition; bun test's own timeout is the guard. */
export const until = async (condition: () => unknown): Promise<void> => {
  while (!(await condition())) await Bun.sleep(10)
}

// Where nobody reaps orphans, as in some containers, an ended process stays in the table without a command.
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

// Below the ephemeral range: a client that retries a dead port of that range can be given it as its own.
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false))
      server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

/** The embedded server of a service's data directory, as it describes itself; null while there is none. */
export const postmasterOf = (dataDir: string): { pid: number; url: string } | null => {
  try {
    const lines = readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')
    const password = readFileSync(join(dataDir, 'postgres.password'), 'utf8').trim()
    const url = `postgres://ratelock:${password}@127.0.0.1:${lines[3]}/ratelock`
    return lines[7] ? { pid: Number(lines[0]), url } : null
  } catch {
    return null
  }
}

const environment = (settings: Record<string, string>): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: process.env.HOME ?? '/tmp',
  NODE_ENV: 'development',
  SANDBOX_TIME_SCALE: '0.003',
  MARKET_DATA: 'sample',
  ...settings,
})

/** Runs one of our programs to its end. */
export const runProgram = async (args: readonly string[], settings: Record<string, string>) => {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    env: environment(settings),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  return { code: await child.exited, out, err }
}

const started = new Set<Bun.Subprocess>()

/** Ends what a failed test left running; for afterAll. */
export const killServices = async (): Promise<void> => {
  for (const child of started) child.kill('SIGKILL')
  await Promise.all([...started].map((child) => child.exited))
}

/** The real service as a process of its own, with all that it writes. */
export const startService = (settings: Record<string, string>) => {
  const child = Bun.spawn([process.execPath, 'src/main.ts'], {
    cwd: ROOT,
    env: environment(settings),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  started.add(child)
  const written = { out: '', err: '' }
  const collect = async (stream: ReadableStream<Uint8Array>, name: 'out' | 'err') => {
    const decoder = new TextDecoder()
    for await (const chunk of stream) written[name] += decoder.decode(chunk, { stream: true })
  }
  const read = Promise.all([collect(child.stdout, 'out'), collect(child.stderr, 'err')])
  const ended = child.exited.then(async (code) => {
    await read
    started.delete(child)
    return code
  })
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid,
    written,
    isRunning,
    /** Polls a condition that only a running service can bring about. Throws what it wrote when it ends instead. */
    until: (condition: () => unknown): Promise<void> =>
      until(async () => {
        if (isRunning()) return condition()
        await ended
        throw new Error(`the service ended\n${written.out.slice(-MOST_SHOWN)}\n${written.err}`)
      }),
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** Its exit code, once all output is read. */
    ended,
  }
}

/** Waits until the service says where it answers. */
export const urlOf = async (service: Service): Promise<string> => {
  const find = () => /API\s+(http:\S+)/.exec(service.written.out)?.[1]
  await service.until(find)
  return find() ?? ''
}

export type Service = ReturnType<typeof startService>

/** Whether new connections to the port are refused. */
export const isClosed = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(true))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })

/** Sends half a request for a quote; `finish` sends the rest and resolves with the whole answer. */
export const startSlowRequest = async (port: number) => {
  const body = '{"from_currency":"USD","to_currency":"EUR","amount":100000}'
  const socket = connect(port, '127.0.0.1')
  const answer = Promise.withResolvers<string>()
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString()
    if (received.endsWith('}')) answer.resolve(received)
  })
  socket.on('close', () => answer.resolve(received))
  socket.on('error', () => undefined)
  const head = `POST /quotes HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
  await new Promise((resolve) => socket.write(`${head}\r\n\r\n${body.slice(0, 20)}`, resolve))
  return {
    finish: async (): Promise<string> => {
      socket.write(body.slice(20))
      const text = await answer.promise
      socket.destroy()
      return text
    },
  }
}

import { readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'

/** What it takes to run the Postgres programs on one cluster. All paths are absolute. */
export interface Cluster {
  path: string
  log: string
  binaries: Binaries
  account: Account
}

/** A server as its postmaster.pid describes it; `port` is NaN while the server has not written it yet. */
export interface Postmaster {
  pid: number
  port: number
}

const START_DEADLINE_MS = 60_000
const TRANSIENT =
  /could not bind|could not create any TCP|pre-existing shared memory block|lock file .* already exists/

/** Runs a program to its end with a bare environment; never throws, a program that cannot be run has code 127. */
export const run = async (command: readonly string[]): Promise<{ code: number; output: string }> => {
  try {
    const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
    const child = Bun.spawn([...command], { cwd: '/', env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
    const output = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    return { code: await child.exited, output: output.join('').trim() }
  } catch (error) {
    return { code: 127, output: error instanceof Error ? error.message : String(error) }
  }
}

/** Runs pg_ctl on the cluster as its account and reports like `run`. */
export const pgCtl = (cluster: Cluster, ...args: string[]): Promise<{ code: number; output: string }> =>
  run([...cluster.account.prefix, cluster.binaries.pg_ctl, '-D', cluster.path, '-w', '-t', '60', ...args])

/**
 * Starts Postgres on a free port of 127.0.0.1, in a session of its own so that Ctrl-C does not reach it.
 * Throws an error that ends with what Postgres logged.
 */
export const launch = async (cluster: Cluster, settings: Record<string, string>): Promise<void> => {
  const deadline = performance.now() + START_DEADLINE_MS
  for (;;) {
    const all = { listen_addresses: '127.0.0.1', port: String(await freePort()), ...settings }
    const options = Object.entries(all).map(([name, value]) => `-c ${quote(`${name}=${value}`)}`)
    const before = (await stat(cluster.log)).size
    const { code, output } = await pgCtl(cluster, '-l', cluster.log, '-o', options.join(' '), 'start')
    if (code === 0) return
    const logged = (await Bun.file(cluster.log).slice(before).text()).trim()
    if (!TRANSIENT.test(logged) || performance.now() > deadline) {
      throw new Error(`Postgres did not start\n${(logged || output).split('\n').slice(-12).join('\n')}`)
    }
    await Bun.sleep(50)
  }
}

/** Reads postmaster.pid: null when there is none. */
export const readPostmaster = async (cluster: string): Promise<Postmaster | null> => {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  return pid > 0 ? { pid, port: Number(lines[3] || Number.NaN) } : null
}

/**
 * The running server of the cluster, or null. A postmaster.pid whose number now belongs to some other process
 * is removed, since Postgres would refuse to start because of it.
 */
export const findRunning = async (cluster: string): Promise<Postmaster | null> => {
  const postmaster = await readPostmaster(cluster)
  if (!postmaster || !isAlive(postmaster.pid)) return null
  const command =
    process.platform === 'linux'
      ? await readFile(`/proc/${postmaster.pid}/cmdline`, 'utf8').catch(() => '')
      : (await run(['ps', '-o', 'command=', '-p', String(postmaster.pid)])).output.replaceAll(' -', '\0-')
  if (command.replaceAll('\0-D ', '\0-D\0').split('\0').includes(cluster)) return postmaster
  await rm(join(cluster, 'postmaster.pid'), { force: true })
  return null
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

// Below the ephemeral range: a client that reconnects to a port of that range while the server is down can be
// given the very same port as its own and end up connected to itself.
const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false))
      server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

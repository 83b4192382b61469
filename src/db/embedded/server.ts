import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { chooseAccount } from './account.ts'
import { findBinaries } from './binaries.ts'
import { NAME, prepareCluster } from './cluster.ts'
import { lockDirectory } from './lock.ts'
import { type Cluster, findRunning, launch, type Postmaster, pgCtl } from './process.ts'

/** A PostgreSQL server of our own. `pid` is the server's; `stop` and `restart` return when they are done. */
export interface EmbeddedPostgres {
  readonly url: string
  readonly dataDir: string
  readonly pid: number
  stop(): Promise<void>
  /** Restarts on the same port; `immediate` is a crash followed by recovery. */
  restart(mode: 'fast' | 'immediate'): Promise<void>
}

const SETTINGS = {
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
}
const ANSWER_DEADLINE_MS = 60_000

/**
 * Starts PostgreSQL on `dataDir` (created when missing), or takes over the server that a killed Ratelock left
 * running there. `settings` are Postgres settings such as `fsync`; a server taken over keeps its own.
 * Throws errors for people: one line, followed by the end of the log where Postgres itself failed.
 */
export const startEmbedded = async (options: {
  dataDir: string
  settings?: Record<string, string>
}): Promise<EmbeddedPostgres> => {
  const settings: Record<string, string> = { ...SETTINGS, ...options.settings }
  const binaries = await findBinaries()
  await mkdir(options.dataDir, { recursive: true })
  const dataDir = await realpath(options.dataDir)
  // pg_ctl puts these paths between double quotes of a shell command.
  if (/["$`\\\n]/.test(dataDir + binaries.postgres)) {
    throw new Error(`Postgres cannot run in a path with quotes, $, backslashes or line ends: ${dataDir}`)
  }
  const lock = lockDirectory(dataDir, options.dataDir)
  try {
    const path = join(dataDir, 'postgres')
    const account = await chooseAccount(dataDir, path, binaries.initdb)
    const cluster: Cluster = { path, log: join(dataDir, 'postgres.log'), binaries, account }
    await Promise.all(lock.files.map(account.give))
    const password = await prepareCluster(cluster, settings.fsync !== 'off')
    let server = await waitForAnswer(cluster, password)
    if (!server) {
      await launch(cluster, settings)
      server = await waitForAnswer(cluster, password)
    }
    if (!server) throw new Error(`Postgres stopped right after its start; see ${cluster.log}`)
    return control(cluster, server, { dataDir, url: urlOf(server, password, NAME), release: lock.release })
  } catch (error) {
    lock.release()
    throw error
  }
}

const control = (
  cluster: Cluster,
  server: Postmaster,
  owned: { dataDir: string; url: string; release: () => void },
): EmbeddedPostgres => {
  let { pid } = server
  let stopped: Promise<void> | undefined
  const stop = async () => {
    if (await findRunning(cluster.path)) await pgCtl(cluster, '-m', 'fast', 'stop')
    if (await findRunning(cluster.path)) await pgCtl(cluster, '-m', 'immediate', 'stop')
    const left = await findRunning(cluster.path)
    if (left) throw new Error(`Postgres (pid ${left.pid}) does not stop; see ${cluster.log}`)
    owned.release()
  }
  return {
    url: owned.url,
    dataDir: owned.dataDir,
    get pid() {
      return pid
    },
    stop: () => {
      stopped ??= stop()
      return stopped
    },
    restart: async (mode) => {
      const { code, output } = await pgCtl(cluster, '-l', cluster.log, '-m', mode, 'restart')
      if (code !== 0) throw new Error(`Postgres did not restart\n${output}`)
      pid = (await findRunning(cluster.path))?.pid ?? pid
    },
  }
}

const urlOf = ({ port }: Postmaster, password: string, database: string): string =>
  `postgres://${NAME}:${password}@127.0.0.1:${port}/${database}`

// Recovery after a crash, or a stop that is still under way, may keep a live server from answering for a while.
const waitForAnswer = async (cluster: Cluster, password: string): Promise<Postmaster | null> => {
  const deadline = performance.now() + ANSWER_DEADLINE_MS
  for (;;) {
    const server = await findRunning(cluster.path)
    if (!server) return null
    const answer = server.port ? await ask(urlOf(server, password, 'postgres'), cluster) : 'no port yet'
    if (answer === 'ready') return server
    if (performance.now() > deadline) {
      throw new Error(`Postgres (pid ${server.pid}) does not answer: ${answer}; see ${cluster.log}`)
    }
    await Bun.sleep(25)
  }
}

// Says 'ready' if this cluster answers there, our database included, or else why not.
const ask = async (url: string, cluster: Cluster): Promise<string> => {
  const sql = postgres(url, { max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => undefined })
  try {
    const [row] = await sql<{ directory: string; created: boolean }[]>`
      select current_setting('data_directory') as directory,
             exists (select from pg_database where datname = ${NAME}) as created`
    if (row?.directory !== cluster.path) return 'another server has its port'
    if (!row.created) await sql`create database ${sql(NAME)}`
    return 'ready'
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    if (code === '28P01') throw new Error(`postgres.password is not the password of ${cluster.path}`)
    return message
  } finally {
    await sql.end({ timeout: 1 })
  }
}

import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Cluster, run } from './process.ts'

/** The superuser of the cluster and the database it owns. */
export const NAME = 'ratelock'

const LOG_LIMIT_BYTES = 10_000_000
const UNFINISHED = 'postgres.new-'

/**
 * Creates the cluster's log, password file and, the first time, the cluster itself; returns the password.
 * `durable` waits until the new cluster is on disk.
 */
export const prepareCluster = async (cluster: Cluster, durable: boolean): Promise<string> => {
  const exists = await isThere(join(cluster.path, 'PG_VERSION'))
  const passwordFile = join(dirname(cluster.path), 'postgres.password')
  if (exists && !(await isThere(passwordFile))) throw new Error(`${passwordFile} is missing; put it back`)
  const password = await preparePassword(passwordFile)
  await cluster.account.give(passwordFile)
  await prepareLog(cluster)
  await removeLeftovers(dirname(cluster.path))
  if (!exists) await initialize(cluster, passwordFile, durable)
  return password
}

const preparePassword = async (file: string): Promise<string> => {
  if (!(await isThere(file))) {
    await writeFile(`${file}.new`, randomBytes(24).toString('hex'), { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
  return (await readFile(file, 'utf8')).trim()
}

const prepareLog = async (cluster: Cluster): Promise<void> => {
  await (await open(cluster.log, 'a', 0o600)).close()
  if ((await stat(cluster.log)).size > LOG_LIMIT_BYTES) await truncate(cluster.log)
  await cluster.account.give(cluster.log)
}

// An initdb that outlived its killed parent may still be writing there; then a later start removes the rest.
const removeLeftovers = async (parent: string): Promise<void> => {
  const leftovers = (await readdir(parent)).filter((name) => name.startsWith(UNFINISHED))
  const removed = leftovers.map((name) => rm(join(parent, name), { recursive: true, force: true }))
  await Promise.allSettled(removed)
}

// Under another name until it is complete, so that whatever has the final name is a whole cluster.
const initialize = async (cluster: Cluster, passwordFile: string, durable: boolean): Promise<void> => {
  const parent = dirname(cluster.path)
  const directory = join(parent, UNFINISHED + randomBytes(4).toString('hex'))
  await mkdir(directory, { mode: 0o700 })
  await cluster.account.give(directory)
  const { code, output } = await run([
    ...cluster.account.prefix,
    cluster.binaries.initdb,
    ...[`--pgdata=${directory}`, `--username=${NAME}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
    ...['--encoding=UTF8', '--locale-provider=builtin', '--locale=C', '--builtin-locale=C.UTF-8'],
    ...['--no-instructions', ...(durable ? [] : ['--no-sync'])],
  ])
  if (code !== 0)
    throw new Error(`initdb failed in ${directory}\n${output.split('\n').slice(-12).join('\n')}`)
  // Something that is no cluster may have the name, such as an empty directory made by hand.
  await rename(directory, cluster.path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot create ${cluster.path} (${error.code}); move what is there away`)
  })
}

const isThere = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw new Error(`cannot read ${path} (${error.code}); was it made by another user?`)
    },
  )

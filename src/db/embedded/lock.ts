import { Database } from 'bun:sqlite'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A data directory that belongs to this process until it is released or the process ends. */
export interface DirectoryLock {
  readonly files: readonly string[]
  release(): void
}

// A lock that is garbage collected is a lock that is released.
const held = new Set<Database>()

/**
 * Takes the data directory for this process. The lock is the operating system's lock on an (always empty)
 * SQLite file: it goes away by itself with a kill -9, and holds before and while Postgres is not running.
 * Throws a one-line error that names the process that has the directory; `name` is what it calls the directory.
 */
export const lockDirectory = (directory: string, name: string): DirectoryLock => {
  const lockFile = join(directory, 'ratelock.lock')
  const pidFile = join(directory, 'ratelock.pid')
  let database: Database | undefined
  try {
    database = new Database(lockFile, { create: true })
    database.run('pragma busy_timeout = 0')
    database.run('begin immediate')
    writeFileSync(pidFile, `${process.pid}\n`)
  } catch (error) {
    database?.close()
    const code = (error as { code?: string }).code
    if (code !== 'SQLITE_BUSY')
      throw new Error(`cannot write in ${name} (${code}); was it made by another user?`)
    throw new Error(`another Ratelock (pid ${readPid(pidFile)}) is using ${name}; stop it or set DATA_DIR`)
  }
  const taken = database
  held.add(taken)
  const release = () => {
    if (!held.delete(taken)) return
    rmSync(pidFile, { force: true })
    taken.close()
  }
  return { files: [lockFile, pidFile], release }
}

const readPid = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim() || 'unknown'
  } catch {
    return 'unknown'
  }
}

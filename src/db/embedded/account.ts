import { chown, readFile, stat } from 'node:fs/promises'
import { run } from './process.ts'

/** Whom the Postgres programs run as: the words before each command, and how files are handed over. */
export interface Account {
  prefix: readonly string[]
  give(path: string): Promise<void>
}

// Only a checkout below a 0700 directory such as /root needs one, weakest first. With no_setuid_fixup access(2),
// by which the Postgres programs look for each other, honours it too.
const CAPABILITIES = [null, 'dac_read_search', 'dac_override']

/**
 * Chooses the account for Postgres, which refuses to run as root: ourselves, or for root the owner of the data
 * directory, or else `nobody`. `cluster` may not exist yet; `initdb` must be runnable by the account.
 * Throws a one-line error if root cannot change to an account that reaches both.
 */
export const chooseAccount = async (dataDir: string, cluster: string, initdb: string): Promise<Account> => {
  if (process.geteuid?.() !== 0) return { prefix: [], give: async () => undefined }
  const setpriv = Bun.which('setpriv')
  if (!setpriv) {
    throw new Error(
      'Postgres refuses to run as root and setpriv (util-linux) is missing; run as a normal user or set DATABASE_URL',
    )
  }
  const owners = [await ownerOf(cluster), await ownerOf(dataDir), await nobody()].filter(
    (owner) => owner !== null,
  )
  for (const { uid, gid } of owners) {
    const change = [setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs']
    for (const capability of CAPABILITIES) {
      const keep = capability ? [`--inh-caps=+${capability}`, `--ambient-caps=+${capability}`] : []
      const prefix = [...change, ...keep, ...(capability ? ['--securebits=+no_setuid_fixup'] : [])]
      const probe = ['/bin/sh', '-c', 'cd "$1" && exec "$2" --show --pgdata="$1"', 'sh', dataDir, initdb]
      if ((await run([...prefix, ...probe])).code === 0)
        return { prefix, give: (path) => chown(path, uid, gid) }
    }
  }
  throw new Error(
    `root cannot run Postgres as a user that reaches ${dataDir} and ${initdb}; run as a normal user or set DATABASE_URL`,
  )
}

const ownerOf = async (path: string): Promise<{ uid: number; gid: number } | null> => {
  const owner = await stat(path).catch(() => null)
  return owner && owner.uid !== 0 ? owner : null
}

const nobody = async (): Promise<{ uid: number; gid: number }> => {
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(accounts) ?? []
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) }
}

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, isClosed, until } from '../chaos/service.ts'

/** Tests of it run where there is one; CI installs it. */
export const hasPgbouncer = Bun.which('pgbouncer') !== null

/** It refuses to be root. */
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

const MODE_ALL_READ = 0o644
const MODE_ALL_ENTER = 0o755

/** A PgBouncer in transaction mode before the database, with so many connections to it. */
export const startPgbouncer = async (databaseUrl: string, size: number) => {
  const target = new URL(databaseUrl)
  const name = target.pathname.slice(1)
  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'ratelock-pgbouncer-'))
  await chmod(directory, MODE_ALL_ENTER)
  const file = async (path: string, text: string): Promise<string> => {
    await writeFile(join(directory, path), text, { mode: MODE_ALL_READ })
    return join(directory, path)
  }
  const users = await file('users.txt', `"${target.username}" "${decodeURIComponent(target.password)}"\n`)
  const settings = await file(
    'pgbouncer.ini',
    [
      '[databases]',
      `${name} = host=${target.hostname} port=${target.port} dbname=${name}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      `default_pool_size = ${size}`,
      'max_client_conn = 500',
      '',
    ].join('\n'),
  )
  const asRoot = process.getuid?.() === 0
  const child = Bun.spawn([...(asRoot ? AS_NOBODY : []), 'pgbouncer', '-q', settings], {
    stdout: 'ignore',
    stderr: 'inherit',
  })
  await until(async () => {
    if (child.exitCode !== null) throw new Error('pgbouncer ended')
    return !(await isClosed(port))
  })
  target.hostname = '127.0.0.1'
  target.port = String(port)
  return {
    url: target.toString(),
    stop: async (): Promise<void> => {
      child.kill('SIGKILL')
      await child.exited
      await rm(directory, { recursive: true, force: true })
    },
  }
}
